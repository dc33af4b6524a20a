"""Amazon States Language as values: one frozen dataclass per state type with only the fields that JSONata machines may have there.

In: states that `compiler.emit` builds. Out: plain ASL JSON (`to_json`), its one text (`canonical`, `pretty`).
Never: judging. What a field may hold and what AWS refuses is `compiler.asl_rules`, which reads plain JSON and so can judge foreign machines too.

A state whose `next` is None ends its scope. Texts are never escaped here: `jsonata` marks an expression, everything else is a literal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

from chalicelib.compiler.placeholders import bind as bind
from chalicelib.spec.model import Json, JsonObject


class Absent(Enum):
    """No value given; null is a value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

INVOKE: Final = "arn:aws:states:::lambda:invoke"  # the result is wrapped: `$states.result.Payload`
SDK: Final = "arn:aws:states:::aws-sdk:"  # and the service, a colon, the action
PUT_OBJECT: Final = "arn:aws:states:::s3:putObject"  # of a ResultWriter
INVOKE_AND_WAIT: Final = f"{INVOKE}.waitForTaskToken"  # the result is what SendTaskSuccess sent


@dataclass(frozen=True, kw_only=True)
class Retrier:
    """`max_attempts` counts retries, not tries: 0 means never again. Durations in seconds."""

    error_equals: tuple[str, ...]
    interval_seconds: int | None = None
    max_attempts: int | None = None
    backoff_rate: float | int | None = None
    max_delay_seconds: int | None = None
    jitter: str | None = None  # FULL or NONE
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Producing:
    """What may assign variables and shape an output. `assign` and `output` see the variables as they were on entry."""

    assign: Mapping[str, Json] = field(default_factory=dict)
    output: Json | Absent = ABSENT
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Catcher(Producing):
    """Where an error leads. May read `$states.errorOutput`; the state's own `assign` is not evaluated then."""

    error_equals: tuple[str, ...]
    next: str


@dataclass(frozen=True, kw_only=True)
class ChoiceRule(Producing):
    """The first rule whose condition (an expression) holds is taken. The condition must come out boolean."""

    condition: str
    next: str


@dataclass(frozen=True, kw_only=True)
class Moving(Producing):
    """A state that another one follows, or that ends its scope (None)."""

    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Working(Moving):
    """A state that can fail and be caught."""

    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Task(Working):
    resource: str
    arguments: Json | Absent = ABSENT
    credentials: JsonObject | None = None
    timeout_seconds: int | str | None = None
    heartbeat_seconds: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class Choice(Producing):
    """Its own `assign` and `output` count only where `default` is taken; each rule has its own."""

    rules: tuple[ChoiceRule, ...]
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parallel(Working):
    branches: "tuple[States, ...]"
    arguments: Json | Absent = ABSENT


@dataclass(frozen=True, kw_only=True)
class Distributed:
    """Each item is an execution of its own, out of reach of outer variables and of this execution's context."""

    execution_type: str = "STANDARD"  # or EXPRESS
    label: str | None = None
    item_reader: JsonObject | None = None
    item_batcher: JsonObject | None = None
    result_writer: JsonObject | None = None
    tolerated_failure_percentage: float | int | str | None = None
    tolerated_failure_count: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class Map(Working):
    """Inline unless `distributed` is given. `items` is an array or an expression; absent means the state's input or the item reader."""

    processor: "States"
    items: Json | Absent = ABSENT
    item_selector: Json | Absent = ABSENT
    max_concurrency: int | str | None = None
    distributed: Distributed | None = None


@dataclass(frozen=True, kw_only=True)
class Pass(Moving):
    pass


@dataclass(frozen=True)
class Seconds:
    """A number from 0 to 99,999,999, or an expression."""

    value: int | str


@dataclass(frozen=True)
class Timestamp:
    """RFC 3339 with a zone, or an expression."""

    value: str


@dataclass(frozen=True, kw_only=True)
class Wait(Moving):
    delay: Seconds | Timestamp


@dataclass(frozen=True, kw_only=True)
class Succeed:
    output: Json | Absent = ABSENT
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fail:
    error: str | None = None
    cause: str | None = None
    comment: str | None = None


State = Task | Choice | Parallel | Map | Pass | Wait | Succeed | Fail


@dataclass(frozen=True, kw_only=True)
class States:
    """One scope of names: the machine's, a branch's or an item processor's."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, kw_only=True)
class StateMachine:
    scope: States
    comment: str | None = None
    timeout_seconds: int | None = None


def jsonata(text: str) -> str:
    """The text marked as an expression: `{% text %}`."""
    return f"{{% {text} %}}"


def to_json(machine: StateMachine) -> JsonObject:
    """Plain ASL, absent fields left out, fields in reading order, states in the order given."""
    head = _present({"Comment": machine.comment, "QueryLanguage": "JSONata", "TimeoutSeconds": machine.timeout_seconds})
    return head | _scope(machine.scope)


def canonical(machine_json: JsonObject) -> str:
    """The one compact text of a machine: what digests are taken of and what AWS is sent."""
    return json.dumps(machine_json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def pretty(machine_json: JsonObject) -> str:
    """The same for reading: two blanks of indent and a final newline."""
    return json.dumps(machine_json, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _present(fields: Mapping[str, Json | Absent]) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None and value is not ABSENT}


def _scope(scope: States) -> JsonObject:
    return {"StartAt": scope.start_at, "States": {name: _state(state) for name, state in scope.states.items()}}


def _state(state: State) -> JsonObject:
    head = _present({"Comment": state.comment, "Type": type(state).__name__})
    match state:
        case Task():
            return head | _task(state) | _results(state) | _handlers(state) | _transition(state)
        case Choice():
            return head | _choice(state) | _results(state)
        case Parallel():
            return head | _parallel(state) | _results(state) | _handlers(state) | _transition(state)
        case Map():
            return head | _map(state) | _results(state) | _handlers(state) | _transition(state)
        case Pass():
            return head | _results(state) | _transition(state)
        case Wait():
            return head | {type(state.delay).__name__: state.delay.value} | _results(state) | _transition(state)
        case Succeed():
            return head | _given("Output", state.output)
        case Fail():
            return head | _present({"Error": state.error, "Cause": state.cause})
        case _:
            assert_never(state)


def _transition(state: Moving) -> JsonObject:
    return {"End": True} if state.next is None else {"Next": state.next}


def _results(part: Producing) -> JsonObject:
    return _present({"Assign": dict(part.assign) or None}) | _given("Output", part.output)


def _given(name: str, value: Json | Absent) -> JsonObject:
    """Null is written: it is a value."""
    return {} if value is ABSENT else {name: value}


def _task(task: Task) -> JsonObject:
    rights = _present({"Credentials": task.credentials})
    limits = _present({"TimeoutSeconds": task.timeout_seconds, "HeartbeatSeconds": task.heartbeat_seconds})
    return {"Resource": task.resource} | _given("Arguments", task.arguments) | rights | limits


def _choice(choice: Choice) -> JsonObject:
    rules: list[Json] = [_rule(rule) for rule in choice.rules]
    return _present({"Choices": rules, "Default": choice.default})


def _rule(rule: ChoiceRule) -> JsonObject:
    head = _present({"Comment": rule.comment, "Condition": rule.condition})
    return head | _results(rule) | {"Next": rule.next}


def _parallel(parallel: Parallel) -> JsonObject:
    branches: list[Json] = [_scope(branch) for branch in parallel.branches]
    return _given("Arguments", parallel.arguments) | {"Branches": branches}


def _map(state: Map) -> JsonObject:
    inputs = _given("Items", state.items) | _given("ItemSelector", state.item_selector) | _present({"MaxConcurrency": state.max_concurrency})
    return inputs | (_inline(state.processor) if state.distributed is None else _distributed(state.distributed, state.processor))


def _inline(processor: States) -> JsonObject:
    config: JsonObject = {"ProcessorConfig": {"Mode": "INLINE"}}
    return {"ItemProcessor": config | _scope(processor)}


def _distributed(mode: Distributed, processor: States) -> JsonObject:
    config: JsonObject = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": mode.execution_type}}
    return _present(
        {
            "Label": mode.label,
            "ItemReader": mode.item_reader,
            "ItemBatcher": mode.item_batcher,
            "ItemProcessor": config | _scope(processor),
            "ResultWriter": mode.result_writer,
            "ToleratedFailurePercentage": mode.tolerated_failure_percentage,
            "ToleratedFailureCount": mode.tolerated_failure_count,
        }
    )


def _handlers(state: Working) -> JsonObject:
    retriers: list[Json] = [_retrier(retrier) for retrier in state.retry]
    catchers: list[Json] = [_catcher(catcher) for catcher in state.catch]
    return _present({"Retry": retriers or None, "Catch": catchers or None})


def _retrier(retrier: Retrier) -> JsonObject:
    return _present(
        {
            "Comment": retrier.comment,
            "ErrorEquals": list(retrier.error_equals),
            "IntervalSeconds": retrier.interval_seconds,
            "MaxAttempts": retrier.max_attempts,
            "BackoffRate": retrier.backoff_rate,
            "MaxDelaySeconds": retrier.max_delay_seconds,
            "JitterStrategy": retrier.jitter,
        }
    )


def _catcher(catcher: Catcher) -> JsonObject:
    head = _present({"Comment": catcher.comment, "ErrorEquals": list(catcher.error_equals)})
    return head | _results(catcher) | {"Next": catcher.next}
