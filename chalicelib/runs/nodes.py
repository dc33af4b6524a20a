"""What workers tell of their node: started, waiting, retrying, succeeded, failed, failed and gone on from.

In: a `NodeAttempt` (organisation, run, node, item path, fence) and what happened. Out: the node run recorded, with its numbered events, in one
transaction;
what the worker needs to go on. Never: a newer attempt's record overwritten by an older attempt (StaleAttempt), anything written to an ended run
(RunEnded).
Telling the same twice changes nothing the second time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.clock import now_text
from chalicelib.live.announce import announce
from chalicelib.runs import distributed
from chalicelib.runs.settlement import open_gate_writes
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import accounts, runs, transitions
from chalicelib.store.accounts import Scene, node_event
from chalicelib.store.journal import Change, NewEvent, NodeChange
from chalicelib.store.run_records import Fault, NodeAttempt, NodeRun, Usage
from chalicelib.store.statuses import EventType, NodeStatus
from chalicelib.store.table import Write
from chalicelib.store.values import Stored, keep, load


@dataclass(frozen=True, slots=True)
class Replay:
    """This visit has already succeeded: `result` is what it gave to the machine. The worker returns it and does nothing else."""

    result: Json


@dataclass(frozen=True, slots=True)
class NextWait:
    """The native Wait that follows the node: announced by its worker, since the engine tells nobody."""

    node: str
    until: str | None = None


def node_started(
    attempt: NodeAttempt,
    *,
    input: Json = None,  # noqa: A002
    settled: Mapping[str, Json] | None = None,
) -> Replay | None:
    """Record that an attempt begins. `input` is what people may see of its arguments; `settled` the payload's native nodes since the last worker.

    Returns a Replay when the visit has already succeeded. Raises StaleAttempt, RunEnded, RunNotFound, Contention.
    """
    shown = None if input is None else keep(attempt.organisation_id, _folder(attempt), input)

    def word(scene: Scene, at: str) -> _Word | None:
        after = transitions.begin(scene.node, attempt, at=at, shown=shown)
        return None if after is None else _Word(after, (node_event(after, EventType.NODE_STARTED, accounts.started_data(after)),), invocation_count=1)

    return _tell_unless_done(attempt, word, settled)


def node_waiting(
    attempt: NodeAttempt,
    *,
    waiting_for: Literal["gate", "reply", "child"],
    reference: str,
    until: str | None = None,
    input: Json = None,  # noqa: A002
    settled: Mapping[str, Json] | None = None,
    writes: tuple[Write, ...] = (),
    details: JsonObject | None = None,
) -> Replay | None:
    """Record that the node now waits for something outside: `reference` is its id (a child's run id, a message's id), `until` its deadline.

    May be the first thing told of the attempt (then it also starts it). For gates, `gates.open` does this itself. `writes` are made together with it,
    `details` stay with the node run.
    """
    shown = None if input is None else keep(attempt.organisation_id, _folder(attempt), input)

    def word(scene: Scene, at: str) -> _Word | None:
        begun = transitions.begin(scene.node, attempt, at=at, shown=shown)
        after = transitions.wait(begun or scene.node, attempt, at=at, waiting_for=waiting_for, reference=reference, until=until, details=details)
        if after is None:
            return None
        started = (node_event(after, EventType.NODE_STARTED, accounts.started_data(after)),) if begun else ()
        told = (*started, node_event(after, EventType.NODE_WAITING, accounts.waiting_data(after)))
        return _Word(after, told, invocation_count=int(begun is not None), writes=writes)

    return _tell_unless_done(attempt, word, settled)


def node_retrying(attempt: NodeAttempt, *, error: Fault, usage: Usage | None = None, details: JsonObject | None = None) -> None:
    """Record that this attempt failed and that the state machine will try again. `usage` is what it spent all the same."""

    def word(scene: Scene, at: str) -> _Word | None:
        after = transitions.retrying(scene.node, attempt, at=at, error=error, usage=usage, details=details)
        if after is None:
            return None
        data: JsonObject = {**accounts.started_data(after), **accounts.failed_data(after, error)}
        return _Word(after, (node_event(after, EventType.NODE_RETRYING, data),), usage=usage or Usage())

    _tell(attempt, word)


def node_failed(attempt: NodeAttempt, *, error: Fault, usage: Usage | None = None, details: JsonObject | None = None) -> None:
    """Record that the node failed for good: its attempts are used up or its error is not retryable. A gate that it opened can be decided no more."""

    def word(scene: Scene, at: str) -> _Word | None:
        after = transitions.fail(scene.node, attempt, at=at, error=error, usage=usage, details=details)
        if after is None:
            return None
        told = (node_event(after, EventType.NODE_FAILED, accounts.failed_data(after, error)),)
        return _Word(after, told, usage=usage or Usage(), writes=open_gate_writes(attempt.organisation_id, after))

    _tell(attempt, word)


def node_continued(
    attempt: NodeAttempt, *, error: Fault, usage: Usage | None = None, details: JsonObject | None = None, next_wait: NextWait | None = None
) -> None:
    """Record that the node failed for good and that the run goes on: the failure counts as success, the error is the output."""
    output = keep(attempt.organisation_id, _folder(attempt), {"error": {"name": error.name, "message": error.message}})
    told_of: JsonObject = {**(details or {}), "continued": True}

    def word(scene: Scene, at: str) -> _Word | None:
        after = transitions.succeed(scene.node, attempt, at=at, result=output, usage=usage, details=told_of, error=error)
        if after is None:
            return None
        failed = node_event(after, EventType.NODE_FAILED, {**accounts.failed_data(after, error), "continued": True})
        told = (failed, node_event(after, EventType.NODE_SUCCEEDED, accounts.succeeded_data(after)))
        writes = open_gate_writes(attempt.organisation_id, after)
        return _Word(after, told, usage=usage or Usage(), also=_announced_wait(scene, next_wait, at), writes=writes)

    _tell_unless_done(attempt, word, None, also=[] if next_wait is None else [(next_wait.node, attempt.item_path)])


def node_succeeded(
    attempt: NodeAttempt, *, result: Json, usage: Usage | None = None, details: JsonObject | None = None, next_wait: NextWait | None = None
) -> Json:
    """Record the node's output. `result` is exactly what the worker will return (it may be a pointer record, see `store.pointers.fit`).

    Returns what the worker must return: `result`, or the recorded one when this visit had already succeeded.
    """
    stored = keep(attempt.organisation_id, _folder(attempt), result)

    def word(scene: Scene, at: str) -> _Word | None:
        after = transitions.succeed(scene.node, attempt, at=at, result=stored, usage=usage, details=details)
        if after is None:
            return None
        told = (node_event(after, EventType.NODE_SUCCEEDED, accounts.succeeded_data(after)),)
        return _Word(after, told, usage=usage or Usage(), also=_announced_wait(scene, next_wait, at))

    replay = _tell_unless_done(attempt, word, None, also=[] if next_wait is None else [(next_wait.node, attempt.item_path)])
    return result if replay is None else replay.result


def get_node_run(attempt: NodeAttempt) -> NodeRun | None:
    """What is recorded of the node so far, whatever its fence. For a `repeat` or a resumed run."""
    return runs.find_node_run(attempt.organisation_id, attempt.run_id, attempt.node, attempt.item_path)


@dataclass(frozen=True, slots=True)
class _Word:
    """What is to be recorded: the node run as it shall be, what is told of it, what it spent, and what else it announces."""

    after: NodeRun
    events: tuple[NewEvent, ...]
    usage: Usage = field(default_factory=Usage)
    invocation_count: int = 0
    also: tuple[NodeChange, ...] = ()
    writes: tuple[Write, ...] = ()


_Speak = Callable[[Scene, str], _Word | None]


def _tell_unless_done(
    attempt: NodeAttempt, speak: _Speak, settled: Mapping[str, Json] | None, *, also: list[accounts.Address] | None = None
) -> Replay | None:
    """Tell, unless the visit has its output: then that is what the caller gets."""
    done: list[Stored] = []

    def listen(scene: Scene, at: str) -> _Word | None:
        output = transitions.output_of(scene.node, attempt)
        if output is not None:
            done.append(output)
            return None
        accounts.require_open(scene)
        return speak(scene, at)

    _record(attempt, listen, settled, also or [])
    return Replay(load(attempt.organisation_id, done[-1])) if done else None


def _tell(attempt: NodeAttempt, speak: _Speak) -> None:
    """Tell of an attempt; of a visit that has its output nothing else is told."""
    _tell_unless_done(attempt, speak, None)


def _record(attempt: NodeAttempt, speak: _Speak, settled: Mapping[str, Json] | None, also: list[accounts.Address]) -> None:
    if attempt.distributed:
        distributed.record(attempt, lambda scene, at: word.after if (word := speak(scene, at)) else None, settled)
        return
    announce(lambda: _proposal(speak, accounts.read_scene(attempt, settled=settled, also=also)))


def _proposal(speak: _Speak, scene: Scene) -> Change | None:
    at = now_text()
    word = speak(scene, at)
    if word is None:
        return None
    around = accounts.surroundings(scene, at)
    own = NodeChange(scene.node, word.after, word.events)
    return Change(scene.run, (*around, own, *word.also), writes=word.writes, usage=word.usage, invocation_count=word.invocation_count)


def _announced_wait(scene: Scene, next_wait: NextWait | None, at: str) -> tuple[NodeChange, ...]:
    """The Wait that follows begins now."""
    address = ("" if next_wait is None else next_wait.node, scene.attempt.item_path)
    if next_wait is None or not accounts.is_to_begin(scene, address):
        return ()
    node_run = accounts.begun_native(scene, address, at, status=NodeStatus.WAITING, waiting_for="wait", until=next_wait.until)
    told = node_event(node_run, EventType.NODE_WAITING, accounts.waiting_data(node_run))
    return (NodeChange(scene.nodes.get(address), node_run, (told,)),)


def _folder(attempt: NodeAttempt) -> str:
    return f"runs/{attempt.run_id}/{attempt.node}"
