"""Systems Manager's Run Command, and hosts that carry commands out: each is a shell of this host, with a role of its own.

API references SendCommand, GetCommandInvocation, ListCommands, CancelCommand, DescribeInstanceInformation; user guide,
"Understanding command statuses". moto keeps commands and runs none.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from .wire import errors
from .wire.request import Answer

DOCUMENT = "AWS-RunShellScript"
OVER = ("Success", "Failed", "TimedOut", "Cancelled")
MOST_SAID = 8000
FILTERS = {"tag:Name": "name", "PingStatus": "ping", "PlatformTypes": "platform", "InstanceIds": "id"}


class Wrong(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class Command:
    def __init__(self, input):
        self.id, self.input, self.began = str(uuid.uuid4()), input, time.time()
        self.host, self.comment = input["InstanceIds"][0], input.get("Comment", "")
        self.status = self.details = "Pending"
        self.code, self.said, self.process, self.looks, self.hidden = -1, "", None, 0, False

    def end(self, status, details=None, code=-1, said=""):
        if self.status not in OVER:
            self.status, self.details, self.code, self.said = status, details or status, code, said[:MOST_SAID]

    def shown(self):
        return {"CommandId": self.id, "DocumentName": DOCUMENT, "Comment": self.comment, "InstanceIds": [self.host],
                "RequestedDateTime": self.began, "Status": self.status, "StatusDetails": self.details}


class Hosts:
    """`environment` is what a host's shell has, beside a path. Thread-safe."""

    def __init__(self, environment):
        self.environment, self.lock = environment, threading.Lock()
        self.hosts, self.commands, self.seconds = [], [], []  # seconds: what came of those that ran twice
        self.manner = {}  # what tests say of the next commands (README.md)

    def answer(self, call):
        work = {"SendCommand": self._send, "GetCommandInvocation": self._invocation, "ListCommands": self._list,
                "CancelCommand": self._cancel, "DescribeInstanceInformation": self._describe}.get(call.name)
        if not work:
            call.violations.append(f"the bed has no {call.name} of Systems Manager")
            return errors.answer("ssm", "ValidationException", "no such operation")
        try:
            with self.lock:
                output = work(call.input)
        except Wrong as reason:
            return errors.answer("ssm", reason.code, reason.message)
        return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(output).encode())

    def _describe(self, input):
        found = self.hosts
        for each in input.get("Filters", []):
            if each["Key"] not in FILTERS:
                raise Wrong("InvalidInstanceInformationFilterValue", each["Key"])
            found = [h for h in found if h[FILTERS[each["Key"]]] in each["Values"]]
        return {"InstanceInformationList": [{"InstanceId": h["id"], "IPAddress": h["address"], "PingStatus": h["ping"],
                                             "PlatformType": h["platform"], "ResourceType": "EC2Instance"} for h in found]}

    def _send(self, input):
        if input["DocumentName"] != DOCUMENT:
            raise Wrong("InvalidDocument", input["DocumentName"])
        host = next((h for h in self.hosts if [h["id"]] == input.get("InstanceIds")), None)
        if host is None or host["ping"] != "Online":
            raise Wrong("InvalidInstanceId", "Instances not in a valid state for account")
        if unknown := set(input["Parameters"]) - {"commands", "executionTimeout", "workingDirectory"}:
            raise Wrong("InvalidParameters", str(unknown))
        command, manner = Command(input), dict(self.manner)
        if "times" in self.manner:
            self.manner["times"] -= 1
            if self.manner["times"] == 0:
                self.manner = {}
        command.hidden = bool(manner.get("hidden"))
        self.commands.append(command)
        threading.Thread(target=self._carry_out, args=(command, manner), daemon=True).start()
        return {"Command": command.shown()}

    def _carry_out(self, command, manner):
        if manner.get("hold"):
            return
        if "details" in manner:
            return command.end("Failed" if manner["details"] != "DeliveryTimedOut" else "TimedOut", manner["details"])
        if command.status not in OVER:
            command.status = command.details = "InProgress"
        code, said = self._run(command)
        if manner.get("twice"):
            second, said_then = self._run(command)
            self.seconds.append({"code": second, "said": said_then})
        command.end("Success" if code == 0 else "Failed", None, code, said)

    def _run(self, command):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "_script.sh")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(command.input["Parameters"]["commands"]) + "\n")
            tools = os.path.dirname(sys.executable)
            environment = {"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, **self.environment()}
            command.process = subprocess.Popen(["/bin/sh", path], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
            _, said = command.process.communicate()
            return command.process.returncode, said

    def release(self):
        """Carries out what was held: as late as it comes."""
        with self.lock:
            held = [c for c in self.commands if c.process is None and c.status == "Pending"]
        for each in held:
            self._carry_out(each, {})
        return {"ended": [{"code": c.code, "said": c.said, "status": c.status} for c in held]}

    def _must_find(self, id):
        found = next((c for c in self.commands if c.id == id), None)
        if found is None:
            raise Wrong("InvalidCommandId", id)
        return found

    def _invocation(self, input):
        command = self._must_find(input["CommandId"])
        command.looks += 1
        if command.looks == 1 or command.host != input["InstanceId"]:  # it shows a moment later
            raise Wrong("InvocationDoesNotExist", "")
        return {"CommandId": command.id, "InstanceId": command.host, "Comment": command.comment, "DocumentName": DOCUMENT,
                "ResponseCode": command.code, "Status": command.status, "StatusDetails": command.details,
                "StandardOutputContent": "", "StandardErrorContent": command.said}

    def _list(self, input):
        found = [c for c in self.commands if not c.hidden]
        for each in input.get("Filters", []):
            if each["key"] == "InvokedAfter":
                after = each["value"]
                found = [c for c in found if time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(c.began)) > after]
            elif each["key"] != "DocumentName":
                raise Wrong("InvalidFilterKey", each["key"])
        return {"Commands": [c.shown() for c in reversed(found)]}

    def _cancel(self, input):
        command = self._must_find(input["CommandId"])
        command.end("Cancelled", "Canceled")
        self._kill(command)
        return {}

    @staticmethod
    def _kill(command):
        if command.process and command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)

    def state(self):
        return [{**c.shown(), "code": c.code, "said": c.said} for c in self.commands]

    def close(self):
        for each in self.commands:
            each.end("Cancelled", "Canceled")
            self._kill(each)
