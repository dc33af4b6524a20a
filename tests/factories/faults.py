"""Faults at the n-th call to AWS, for every n: the process dies, the call is refused, its answer is lost.

In: a plan, `{call number: Fault}`. Out: `injected`, a context in which the project's clients (and whoever calls `at` for an effect of their own)
count their calls and meet the faults planned. A crash is a BaseException, so that no `except Exception` of the product survives it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Lock, local
from typing import Any, Final, TypeVar

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from chalicelib.store.clients import client

SERVICES: Final = ("dynamodb", "s3", "stepfunctions", "lambda", "sqs")
Reply = tuple[Any, dict[str, Any]]
Answering = Callable[[str, dict[str, Any]], Reply | None]


class Crash(BaseException):
    """The process dies here."""


class Fault(Enum):
    """`CRASH_BEFORE`: it dies before the call leaves. `CRASH_AFTER`: the effect happened, then it dies. The others are errors that the caller sees,
    SDK retries used up: `THROTTLED` and `FAILED` without an effect, `UNKNOWN` with one, `CONFLICT` as DynamoDB tells of colliding transactions.
    `TWICE`: the answer was lost on the way and the SDK sent the call again.
    """

    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    THROTTLED = auto()
    FAILED = auto()
    UNKNOWN = auto()
    CONFLICT = auto()
    TWICE = auto()


CRASHES: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
NOISE: Final = (Fault.THROTTLED, Fault.FAILED, Fault.UNKNOWN, Fault.CONFLICT, Fault.TWICE)
Plan = Mapping[int, Fault]
Chosen = TypeVar("Chosen")


@dataclass
class Faults:
    """`calls`: what was called, in order. `met`: the calls that met their fault, as `number operation fault`."""

    plan: Plan = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    is_paused: bool = False
    _counting: Lock = field(default_factory=Lock, repr=False)  # an agent's tools call from several threads

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What the test itself asks is neither counted nor hit."""
        before, self.is_paused = self.is_paused, True
        try:
            yield
        finally:
            self.is_paused = before

    def at(self, operation: str, effect: Callable[[], Any]) -> Any:
        """An effect that is no AWS call, as one of the calls."""
        fault = self.begin(operation)
        if fault is None or self.is_paused:
            return effect()
        if fault in {Fault.CRASH_BEFORE, Fault.THROTTLED, Fault.FAILED, Fault.CONFLICT}:
            raise Crash if fault is Fault.CRASH_BEFORE else ConnectionError(fault.name)
        effect()
        if fault is Fault.TWICE:
            return effect()
        raise Crash if fault is Fault.CRASH_AFTER else ConnectionError(fault.name)

    def begin(self, operation: str) -> Fault | None:
        """Count a call; the fault that it meets."""
        if self.is_paused:
            return None
        with self._counting:
            self.calls.append(operation)
            fault = self.plan.get(len(self.calls))
            if fault is not None:
                self.met.append(f"{len(self.calls)} {operation} {fault.name}")
            return fault


@dataclass
class _Hooks:
    """What the clients' events find: the faults of the day and who answers for Step Functions. `under_way`: the calling thread's `fault`."""

    faults: Faults | None = None
    answering: Answering | None = None
    under_way: local = field(default_factory=local)
    listening: list[Any] = field(default_factory=list)


_HOOKS: Final = _Hooks()


@contextmanager
def injected(faults: Faults, answering: Answering) -> Iterator[Faults]:
    """Calls meet `faults`; `answering(operation, request)` answers instead of the emulator where it gives a reply."""
    for service in map(client, SERVICES):
        if service not in _HOOKS.listening:
            _HOOKS.listening.append(service)
            service.meta.events.register_first("before-call", _before(service))
            service.meta.events.register_first("after-call", _after)
    _HOOKS.faults, _HOOKS.answering, _HOOKS.under_way = faults, answering, local()
    try:
        yield faults
    finally:
        _HOOKS.faults = _HOOKS.answering = None


def _before(service: Any) -> Callable[..., Reply | None]:
    def before_call(model: Any, params: dict[str, Any], request_signer: Any = None, context: Any = None, **_others: Any) -> Reply | None:
        faults, answering = _HOOKS.faults, _HOOKS.answering
        if faults is None or answering is None:
            return None
        operation = f"{model.service_model.service_name}:{model.name}"
        fault = faults.begin(operation)
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if (refusal := _refusal(operation, fault, params)) is not None:
            return refusal
        if fault is Fault.TWICE and answering(operation, params) is None:
            service._make_request(model, params, context)
        reply = answering(operation, params)
        _HOOKS.under_way.fault = fault if fault in {Fault.CRASH_AFTER, Fault.UNKNOWN} else None  # now: to answer may have taken calls of its own
        return reply

    return before_call


def _after(http_response: Any, parsed: dict[str, Any], **_others: Any) -> None:
    pending = getattr(_HOOKS.under_way, "fault", None)
    _HOOKS.under_way.fault = None
    if pending is Fault.CRASH_AFTER:
        raise Crash
    if pending is Fault.UNKNOWN:
        http_response.status_code = 500
        parsed.clear()
        parsed.update(_error(500, "InternalServerError")[1])


def _refusal(operation: str, fault: Fault | None, params: dict[str, Any]) -> Reply | None:
    match fault:
        case Fault.THROTTLED:
            return _error(400, "ProvisionedThroughputExceededException" if operation.startswith("dynamodb:") else "ThrottlingException")
        case Fault.FAILED:
            return _error(500, "InternalServerError")
        case Fault.CONFLICT if operation == "dynamodb:TransactWriteItems":
            status, answer = _error(400, "TransactionCanceledException")
            return status, {**answer, "CancellationReasons": [{"Code": "TransactionConflict"}]}
        case Fault.CONFLICT if operation in {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}:
            return _error(400, "TransactionConflictException")
        case _:
            return None


def _error(status: int, code: str) -> Reply:
    return response(status), {"Error": {"Code": code, "Message": "as planned"}, "ResponseMetadata": {"HTTPStatusCode": status}}


def response(status: int) -> AWSResponse:
    return AWSResponse("", status, HTTPHeaders(), None)


def changes(call: str) -> bool:
    """Whether a call does more than ask."""
    return not any(word in call for word in ("Get", "Query", "Describe"))


def deaths(calls: Sequence[str], after: int = 0) -> list[tuple[int, Fault]]:
    """Where a process may die, behind the first `after` calls: before each, and after it. Where it only asks, that is the same."""
    return [(number, kind) for number, call in enumerate(calls, 1) if number > after for kind in (CRASHES if changes(call) else CRASHES[:1])]


def troubles(calls: Sequence[str]) -> Iterator[dict[int, Fault]]:
    """Every fault at every call, less those that are none there, or another: no answer to a question is a failed one."""
    for number, call in enumerate(calls, 1):
        for kind in Fault:
            is_write = call.startswith("dynamodb:") and changes(call)
            if (kind is not Fault.CONFLICT or is_write) and (kind not in {Fault.CRASH_AFTER, Fault.UNKNOWN, Fault.TWICE} or changes(call)):
                yield {number: kind}


def doubts(calls: Sequence[str]) -> Iterator[dict[int, Fault]]:
    """Whatever leaves open how far somebody came: every death, every lost answer to what changes something."""
    yield from ({number: kind} for number, kind in deaths(calls))
    yield from ({number: kind} for number, call in enumerate(calls, 1) if changes(call) for kind in (Fault.UNKNOWN, Fault.TWICE))


def pairs(calls: Sequence[str]) -> Iterator[dict[int, Fault]]:
    """Every two deaths at these calls. The second is met in whatever the first one led to."""
    return ({first: kind, second: other} for first, kind in deaths(calls) for second, other in deaths(calls, first))


def evenly(plans: Sequence[Chosen], count: int) -> list[Chosen]:
    """At most `count` of them, spread over the whole."""
    if len(plans) <= count:
        return list(plans)
    return [plans[index * len(plans) // count] for index in range(count)]
