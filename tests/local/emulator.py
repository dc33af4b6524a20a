"""Moto in this process, as it comes (with nothing but JSONata wired) or patched, for the reproducers.

Out: `Emulator`, with the clients and short ways to run a machine. Functions are Python functions by name.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
from jsonata import Jsonata
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from infra.local.patches import patched
from infra.local.patches.patch import Patch, Replacement, applied
from tests.factories.interpreter import is_over

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/machine"
Function = Callable[[Any], Any]
Machine = dict[str, Any]
DEADLINE = 60.0  # for what comes: on a busy machine it comes late


class Emulator:
    """`patience`: how long to wait for what comes on moto as it comes, and does not when patched."""

    def __init__(self, functions: dict[str, Function], patience: float = DEADLINE) -> None:
        self.functions = functions
        self.patience = patience
        self.sfn = boto3.client("stepfunctions", region_name=REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self._count = 0

    def start(self, machine: Machine, run_input: Any = None, name: str = "run") -> str:
        self._count += 1
        created = self.sfn.create_state_machine(
            name=f"machine-{self._count}", definition=json.dumps({"QueryLanguage": "JSONata", **machine}), roleArn=ROLE
        )
        started = self.sfn.start_execution(stateMachineArn=created["stateMachineArn"], name=name, input=json.dumps(run_input or {}))
        return str(started["executionArn"])

    def run(self, machine: Machine, run_input: Any = None) -> Any:
        """The output, or the error's name."""
        ended = self.ended(self.start(machine, run_input))
        if ended["status"] != "SUCCEEDED":
            return ended.get("error", ended["status"])
        try:
            return json.loads(ended["output"])
        except ValueError:
            return ended["output"]  # moto as it comes does not quote a text

    def ended(self, execution: str, seconds: float = DEADLINE) -> Any:
        is_over(execution, seconds)
        return self.sfn.describe_execution(executionArn=execution)

    def table(self, name: str = "table", **options: Any) -> None:
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}, {"AttributeName": "SK", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **options,
        )


def one(**state: Any) -> Machine:
    """A machine of one state."""
    end = {} if state["Type"] in {"Fail", "Succeed"} else {"End": True}
    return {"StartAt": "only", "States": {"only": {**state, **end}}}


def chain(**states: dict[str, Any]) -> Machine:
    """States one after the other, in the order given; a state that names its own Next or is a Fail or Choice keeps it."""
    names = list(states)
    linked = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = states[name]
        own = {"Next", "End"} & state.keys() or state["Type"] in {"Fail", "Choice", "Succeed"}
        linked[name] = state if own else {**state, **({"Next": following} if following else {"End": True})}
    return {"StartAt": names[0], "States": linked}


def task(function: str, payload: Any = None, *, token: bool = False, **state: Any) -> dict[str, Any]:
    wait = ".waitForTaskToken" if token else ""
    body = {"token": "{% $states.context.Task.Token %}"} if token else payload or {}
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::lambda:invoke{wait}",
        "Arguments": {"FunctionName": f"arn:aws:lambda:{REGION}:123456789012:function:{function}", "Payload": body},
        **state,
    }


def assign(**values: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Assign": values}


def _invoker(functions: dict[str, Function]) -> Callable[..., bytes]:
    def invoke(_self: Any, function_name: str, _qualifier: Any, body: Any, _headers: Any, response_headers: Any) -> bytes:
        try:
            return json.dumps(functions[function_name.rpartition(":")[2]](json.loads(body))).encode()
        except Exception as error:  # a function's error is its caller's answer
            response_headers["X-Amz-Function-Error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()

    return invoke


@contextmanager
def emulator(*, fixed: bool) -> Iterator[Emulator]:
    functions: dict[str, Function] = {"echo": lambda event: event}
    wired = Patch(
        "wired",
        "",
        (
            Replacement(moto_jsonata, "_eval_jsonata", lambda text: Jsonata(text).evaluate(None)),
            Replacement(LambdaSimpleBackend, "invoke", _invoker(functions)),
        ),
    )
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        stack.enter_context(applied([wired]))
        if fixed:
            stack.enter_context(patched())
        stack.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}))
        yield Emulator(functions, 0.2 if fixed else DEADLINE)
