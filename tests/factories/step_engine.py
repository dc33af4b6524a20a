"""Step Functions one step at a time: as many executions as one likes, no thread, no clock, each call answered in the caller's own time.

In: the calls of the project's Step Functions client (`answer`), and the worker that Task states invoke. Out: executions that go on when `step` is
called, as far as they can; status changes to deliver (`told`). An execution is run again from its start each time, with what its tasks gave before.
The first answer to a token, its time-out or the execution's end closes it.
"""

import itertools
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.spec.model import Json, JsonObject
from tests.factories.engine import Failed, execute
from tests.factories.faults import Reply, response

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
_EPOCH: Final = 1_790_000_000
Worker = Callable[[JsonObject], Json]  # raises Failed


class _Parked(BaseException):
    """The execution waits for a token."""


@dataclass
class Execution:
    """`results`: what its tasks gave or failed with, in the order of their calls."""

    arn: str
    machine_arn: str
    name: str
    given: Json
    status: str = "RUNNING"
    output: Json = None
    error: str | None = None
    cause: str | None = None
    results: list[Json | Failed] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    token: str | None = None  # for which it waits


@dataclass
class StepEngine:
    """`answers`: what each token was answered with, by token; a second answer is refused."""

    worker: Worker
    machines: dict[str, JsonObject] = field(default_factory=dict)
    deleted: dict[str, JsonObject] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)
    told: deque[JsonObject] = field(default_factory=deque)
    tokens: dict[str, Execution] = field(default_factory=dict)
    answers: dict[str, Json | Failed] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)
    lock: Any = field(default_factory=threading.RLock, repr=False)  # each call is one step; a worker at work holds nothing

    # --- time -----------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Let every execution go on as far as it can. Whether any did."""
        able = [each for each in list(self.executions.values()) if each.status == "RUNNING" and (each.token is None or each.token in self.answers)]
        for execution in able:
            self._go_on(execution)
        return bool(able)

    def time_out(self, token: str) -> bool:
        """The time of the task is over; False when it was answered before."""
        with self.lock:
            if token in self.closed:
                return False
            self._close(token, Failed("States.Timeout"))
            return True

    def time_out_all(self) -> bool:
        """The time of everything that waits is over. Whether anything did."""
        waiting = [execution.token for execution in self.executions.values() if execution.token is not None]
        return any([self.time_out(token) for token in waiting])  # noqa: C419  (every one of them)

    def succeed(self, name: str) -> None:
        """The execution of that name comes to its end, whatever its machine would do."""
        with self.lock:
            execution = next(each for each in self.executions.values() if each.name == name)
            self._end(execution, "SUCCEEDED", {"output": None, "settled": {}}, None, None)

    def _go_on(self, execution: Execution) -> None:
        if execution.token is not None:
            execution.results.append(self.answers[execution.token])
            execution.token = None
        position = itertools.count()

        def task(state: str, payload: JsonObject) -> Json:
            number = next(position)
            if number < len(execution.results):
                return _given(execution.results[number])
            return self._invoke(execution, state, payload)

        try:
            ended = execute(self.machines.get(execution.machine_arn) or self.deleted[execution.machine_arn], execution.given, task)
        except _Parked:
            return
        with self.lock:
            if execution.status == "RUNNING":
                status = "FAILED" if ended.error else "SUCCEEDED"
                self._end(execution, status, ended.output, ended.error or None, ended.cause or None)

    def _invoke(self, execution: Execution, state: str, payload: JsonObject) -> Json:
        token = f"{execution.name}:{next(self.numbers)}" if "token" in payload else None
        if token is not None:
            self.tokens[token] = execution
            payload = {**payload, "token": token}
        execution.states.append(state)
        try:
            result: Json = json.loads(json.dumps(self.worker(json.loads(json.dumps(payload)))))
        except Failed as failure:
            if token is not None:
                self.closed.add(token)
            execution.results.append(failure)
            raise
        if execution.status != "RUNNING":
            raise _Parked
        if token is None:
            execution.results.append(result)
            return result
        with self.lock:
            if token in self.answers:  # while the worker was at it
                execution.results.append(self.answers[token])
                return _given(self.answers[token])
            execution.token = token
        raise _Parked

    def _close(self, token: str, result: Json | Failed) -> None:
        self.closed.add(token)
        self.answers[token] = result

    def _end(self, execution: Execution, status: str, output: Json, error: str | None, cause: str | None) -> None:
        execution.status, execution.output, execution.error, execution.cause = status, output, error, cause
        execution.token = None
        self.closed |= {token for token, owner in self.tokens.items() if owner is execution}
        self.told.append(_event(execution))

    # --- the API --------------------------------------------------------------------------------------------------

    def answer(self, operation: str, request: dict[str, Any]) -> Reply | None:
        service, _, name = operation.partition(":")
        if service != "stepfunctions":
            return None
        body: dict[str, Any] = json.loads(request["body"])
        answers: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "CreateStateMachine": self._create,
            "DeleteStateMachine": self._delete,
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "DescribeExecution": self._describe,
            "GetExecutionHistory": self._history,
            "SendTaskSuccess": lambda body: self._send(body["taskToken"], json.loads(body["output"])),
            "SendTaskFailure": lambda body: self._send(body["taskToken"], Failed(body["error"], body["cause"])),
        }
        with self.lock:
            return answers[name](body)

    def _create(self, body: dict[str, Any]) -> Reply:
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{body['name']}"
        self.machines[arn] = json.loads(body["definition"])
        return _done(stateMachineArn=arn)

    def _delete(self, body: dict[str, Any]) -> Reply:
        """Executions that run come to their end."""
        arn = body["stateMachineArn"]
        if arn in self.machines:
            self.deleted[arn] = self.machines.pop(arn)
        return _done()

    def _start(self, body: dict[str, Any]) -> Reply:
        machine_arn, name = body["stateMachineArn"], body["name"]
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        given = json.loads(body["input"])
        if machine_arn not in self.machines:
            return _refused("StateMachineDoesNotExist")
        known = self.executions.get(arn)
        if known is not None and (known.status != "RUNNING" or known.given != given):
            return _refused("ExecutionAlreadyExists")
        if known is None:
            self.executions[arn] = Execution(arn, machine_arn, name, given)
            self.started.append(name)
            self.told.append(_event(self.executions[arn]))
        return _done(executionArn=arn)

    def _stop(self, body: dict[str, Any]) -> Reply:
        execution = self.executions.get(body["executionArn"])
        if execution is None:
            return _refused("ExecutionDoesNotExist")
        if execution.status == "RUNNING":
            self._end(execution, "ABORTED", None, body.get("error"), body.get("cause"))
        return _done()

    def _describe(self, body: dict[str, Any]) -> Reply:
        execution = self.executions.get(body["executionArn"])
        if execution is None:
            return _refused("ExecutionDoesNotExist")
        shown = {"executionArn": execution.arn, "status": execution.status, "input": json.dumps(execution.given), "startDate": _moment()}
        if execution.status == "SUCCEEDED":
            shown["output"] = json.dumps(execution.output)
        if execution.error is not None:
            shown |= {"error": execution.error, "cause": execution.cause or ""}
        return _done(**shown)

    def _history(self, body: dict[str, Any]) -> Reply:
        execution = self.executions.get(body["executionArn"])
        if execution is None:
            return _refused("ExecutionDoesNotExist")
        events: list[JsonObject] = []
        for position, state in enumerate(execution.states):
            events.append({"id": len(events) + 1, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}})
            result = execution.results[position] if position < len(execution.results) else None
            if isinstance(result, Failed):
                details: JsonObject = {"error": result.error, "cause": result.cause}
                events.append({"id": len(events) + 1, "previousEventId": len(events), "type": "TaskFailed", "taskFailedEventDetails": details})
            elif position < len(execution.results):
                events.append({"id": len(events) + 1, "previousEventId": len(events), "type": "TaskStateExited"})
        return _done(events=events)

    def _send(self, token: str, result: Json | Failed) -> Reply:
        if token not in self.tokens:
            return _refused("TaskDoesNotExist")
        if token in self.closed:
            return _refused("TaskTimedOut")
        self._close(token, result)
        return _done()


def _given(result: Json | Failed) -> Json:
    if isinstance(result, Failed):
        raise Failed(result.error, result.cause)
    return result


def _event(execution: Execution) -> JsonObject:
    over = execution.status != "RUNNING"
    detail: JsonObject = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _EPOCH * 1000,
        "stopDate": (_EPOCH + 9) * 1000 if over else None,
        "input": json.dumps(execution.given),
        "output": json.dumps(execution.output) if execution.status == "SUCCEEDED" else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}


def _moment() -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(_EPOCH, UTC)


def _done(**fields: Any) -> Reply:
    return response(200), {**fields, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(code: str) -> Reply:
    return response(400), {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
