"""Step Functions and Lambda beside the other services: what is made there runs, and calls the bed as its role."""
import io
import json
import os
import sys
import time
import unittest
import zipfile

from .harness import ACCOUNT, REGION, BedTest

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
# Answers each event with what the AWS CLI says of a table as the function's role, or fails with it.
BOOTSTRAP = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while headers=$(mktemp) && event=$(curl -sS -D $headers $api/next); do
  id=$(tr -d '\\r' < $headers | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
  if said=$(%s dynamodb scan --table-name ledger --select COUNT --query Count 2>&1); then
    curl -sS -o /dev/null -d "{\\"rows\\": $said, \\"event\\": $event}" $api/$id/response
  else
    said=$(echo "$said" | tr -d '\\n"')
    curl -sS -o /dev/null -d "{\\"errorType\\": \\"Told\\", \\"errorMessage\\": \\"$said\\"}" $api/$id/error
  fi
done
"""


def zipped(text):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, text)
    return data.getvalue()


def policy(action, resource="*"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


class Functions(BedTest):
    arguments = ("--with-functions", "--wait-scale", "0.01")
    world = {"tables": [{"name": "ledger", "key": "run"}], "buckets": [{"name": "code"}]}

    def setUp(self):
        super().setUp()
        self.functions, self.states = self.bed.client("lambda", read_timeout=60), self.bed.client("stepfunctions")

    def code(self):
        return zipped(BOOTSTRAP % os.path.join(os.path.dirname(sys.executable), "aws"))

    def function(self, role="teller", **code):
        made = self.functions.create_function(FunctionName="tell", Runtime="provided.al2023", Handler="bootstrap", Role=ROLE + role, Timeout=60,
                                              Code=code or {"ZipFile": self.code()})
        self.functions.get_waiter("function_active_v2").wait(FunctionName="tell", WaiterConfig={"Delay": 1})
        return made["FunctionArn"]

    def execution(self, definition, input=None):
        machine = self.states.create_state_machine(name="machine", roleArn=ROLE + "machine", definition=json.dumps(definition))["stateMachineArn"]
        execution = self.states.start_execution(stateMachineArn=machine, name="one", input=json.dumps(input or {}))["executionArn"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.1)
        self.fail("the execution does not end")

    def of_functions(self):
        return [(c["operation"], c["code"]) for c in self.bed.get("journal")["calls"] if c["service"] == "dynamodb"]

    def test_a_machine_waits_and_calls_a_function_which_calls_the_bed(self):
        states = {"W": {"Type": "Wait", "Seconds": 100, "Next": "T"},
                  "T": {"Type": "Task", "Resource": self.function(), "End": True}}
        found = self.execution({"StartAt": "W", "States": states}, {"run": "r"})
        self.assertEqual("SUCCEEDED", found["status"], found)
        self.assertEqual({"rows": 0, "event": {"run": "r"}}, json.loads(found["output"]))
        self.assertEqual([("Scan", "")], self.of_functions())

    def test_a_function_may_what_its_role_may(self):
        self.bed.post("key", {"id": "AKIATELLER", "secret": "x", "role": "teller", "policies": [policy("sns:Publish")]})
        said = self.told()
        self.assertIn("assumed-role/teller/ASIA", said)
        self.assertIn("is not authorized to perform: dynamodb:Scan on resource", said)
        self.assertEqual([("Scan", "AccessDeniedException")], self.of_functions())

    def told(self):
        self.function()
        found = self.functions.invoke(FunctionName="tell", Payload=b"{}")
        said = json.load(found["Payload"])
        return said["errorMessage"] if "FunctionError" in found else said

    def test_a_role_that_is_made_has_its_own_policies(self):
        iam = self.bed.client("iam")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"Service": "lambda.amazonaws.com"}}]}
        iam.create_role(RoleName="teller", AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName="teller", PolicyName="p", PolicyDocument=json.dumps(policy("dynamodb:GetItem")))
        self.assertIn("dynamodb:Scan", self.told())
        self.functions.delete_function(FunctionName="tell")
        scan = policy("dynamodb:Scan", "arn:aws:dynamodb:*:*:table/ledger")
        iam.put_role_policy(RoleName="teller", PolicyName="p", PolicyDocument=json.dumps(scan))
        self.assertEqual({"rows": 0, "event": {}}, self.told())

    def test_code_is_read_from_a_bucket(self):
        self.bed.client("s3").put_object(Bucket="code", Key="tell.zip", Body=self.code())
        self.function(S3Bucket="code", S3Key="tell.zip")
        self.assertEqual({"rows": 0, "event": {}}, json.load(self.functions.invoke(FunctionName="tell", Payload=b"{}")["Payload"]))

    def test_a_stack_makes_what_runs(self):
        self.bed.client("s3").put_object(Bucket="code", Key="tell.zip", Body=self.code())
        definition = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "${Tell}", "End": True}}}
        resources = {"Tell": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": ROLE + "teller", "Timeout": 60, "Code": {"S3Bucket": "code", "S3Key": "tell.zip"}}},
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "RoleArn": ROLE + "machine", "DefinitionString": json.dumps(definition),
                "DefinitionSubstitutions": {"Tell": {"Fn::GetAtt": ["Tell", "Arn"]}}}}}
        stacks = self.bed.client("cloudformation")
        stacks.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
        stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
        machine = self.states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        execution = self.states.start_execution(stateMachineArn=machine, name="one", input="{}")["executionArn"]
        deadline = time.monotonic() + 60
        while (found := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual("SUCCEEDED", found["status"], found)

    def test_requests_are_held_against_the_models_there_too(self):
        self.expect_violations = True
        self.refused("ValidationError", self.states.start_execution, stateMachineArn="a", name="")
        self.refused("ValidationError", self.functions.invoke, FunctionName="tell", Payload=b"{}", InvocationType="Never")
        self.assertEqual(2, len(self.bed.get("violations")["violations"]))

    def test_a_new_world_has_no_functions(self):
        self.function()
        self.bed.post("reset")
        self.assertEqual([], self.functions.list_functions()["Functions"])


class UnderMoto(Functions):
    """The same with the other interpreter."""
    arguments = (*Functions.arguments, "--interpreter", "moto")

    def test_a_history_comes_in_pages_and_backwards(self):
        self.execution({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": self.function(), "End": True}}})
        asked = {"executionArn": self.states.list_executions(stateMachineArn=self.states.list_state_machines()["stateMachines"][0]["stateMachineArn"])
                 ["executions"][0]["executionArn"], "maxResults": 4}
        first = self.states.get_execution_history(reverseOrder=True, **asked)
        self.assertEqual([7, 6, 5, 4], [event["id"] for event in first["events"]])
        second = self.states.get_execution_history(reverseOrder=True, nextToken=first["nextToken"], **asked)
        self.assertEqual([3, 2, 1], [event["id"] for event in second["events"]])
        self.assertNotIn("nextToken", second)
        self.assertEqual("ExecutionStarted", second["events"][2]["type"])
        self.assertIn("LambdaFunctionSucceeded", [event["type"] for event in first["events"]])

    def test_what_is_stopped_says_why(self):
        machine = self.states.create_state_machine(name="machine", roleArn=ROLE + "machine", definition=json.dumps(
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 99999, "End": True}}}))["stateMachineArn"]
        execution = self.states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
        self.states.stop_execution(executionArn=execution, error="Tired", cause="of waiting")
        deadline = time.monotonic() + 60
        while (found := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(("ABORTED", "Tired", "of waiting"), (found["status"], found["error"], found["cause"]))


if __name__ == "__main__":
    unittest.main()
