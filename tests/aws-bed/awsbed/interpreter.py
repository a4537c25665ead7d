"""moto's interpreter of Step Functions in the place of ministack's (--interpreter moto), and what it has wrong put right.

It runs in threads of the bed. What it calls are ministack's functions.
"""
import datetime
import json
import logging
import time
import types

from .wire.request import Answer

PAGE = 1000  # events (Step Functions API reference, GetExecutionHistory)


class _Utc(datetime.datetime):
    """moto compares the times of a document with those of this host's zone."""

    @classmethod
    def now(cls, tz=None):
        return super().now(datetime.timezone.utc).replace(tzinfo=None)


def use(functions, scale):
    """From now on moto executes what is started, with waits that last `scale` times as long."""
    from moto.core.config import default_user_config
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp, wait_function
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # an IsPresent that is false is an error to it
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    lambda_eval_utils.boto_client_for = lambda region, service, **_: functions.client(service, functions.account, region)
    retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * scale))
    # Its own counts whole seconds: what is shorter would never end.
    wait_function.WaitFunction._wait_interval = lambda self, env, wait_seconds: env.program_state_event.wait(max(0, wait_seconds) * scale)
    timestamp.datetime = types.SimpleNamespace(datetime=_Utc)


def mended(call, account, reply):
    """moto's answer, as Step Functions would give it."""
    if reply.status != 200:
        return reply
    if call.name == "StopExecution":
        _keep_reason(call, account)
    return _page(call, reply) if call.name == "GetExecutionHistory" else reply


def _keep_reason(call, account):
    """It takes no reason why an execution is stopped."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends
    stopped = stepfunctions_parser_backends[account][call.region].describe_execution(call.input["executionArn"])
    stopped.error, stopped.cause = call.input.get("error"), call.input.get("cause")


def _page(call, reply):
    """It knows neither pages nor the reverse order."""
    events = json.loads(reply.body)["events"]
    if call.input.get("reverseOrder"):
        events.reverse()
    begin = int(call.input.get("nextToken", 0))
    end = begin + (call.input.get("maxResults") or PAGE)
    more = {"nextToken": str(end)} if end < len(events) else {}
    return Answer(200, reply.headers, json.dumps({"events": events[begin:end], **more}).encode())
