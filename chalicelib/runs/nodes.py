"""What workers tell of their node: started, waiting, retrying, succeeded, failed.

In: a `NodeAttempt` (organisation, run, node, item path, fence) and what happened. Out: the node run recorded, with its numbered events, in one
transaction;
what the worker needs to go on. Never: a newer attempt's record overwritten by an older attempt (StaleAttempt), anything written to an ended run
(RunEnded).
Telling the same twice changes nothing the second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.run_records import Fault, NodeAttempt, NodeRun, Usage


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
    """Record that an attempt begins. `input` is what people may see of its rendered arguments; `settled` the payload's native nodes since the last
    worker.

    Returns a Replay when the visit has already succeeded. Raises StaleAttempt, RunEnded, RunNotFound, Contention.
    """
    raise NotImplementedError


def node_waiting(
    attempt: NodeAttempt,
    *,
    waiting_for: Literal["gate", "reply", "child"],
    reference: str,
    until: str | None = None,
    input: Json = None,  # noqa: A002
    settled: Mapping[str, Json] | None = None,
) -> Replay | None:
    """Record that the node now waits for something outside: `reference` is its id (a child's run id, a message's id), `until` its deadline.

    May be the first thing told of the attempt (then it also starts it). For gates, `gates.open` does this itself.
    """
    raise NotImplementedError


def node_retrying(attempt: NodeAttempt, *, error: Fault) -> None:
    """Record that this attempt failed and that the state machine will try again."""
    raise NotImplementedError


def node_failed(attempt: NodeAttempt, *, error: Fault) -> None:
    """Record that the node failed for good: its attempts are used up or its error is not retryable."""
    raise NotImplementedError


def node_succeeded(
    attempt: NodeAttempt, *, result: Json, usage: Usage | None = None, details: JsonObject | None = None, next_wait: NextWait | None = None
) -> Json:
    """Record the node's output. `result` is exactly what the worker will return (it may be a pointer record, see `store.pointers.fit`).

    Returns what the worker must return: `result`, or the recorded one when this visit had already succeeded.
    """
    raise NotImplementedError


def get_node_run(attempt: NodeAttempt) -> NodeRun | None:
    """What is recorded of the node so far, whatever its fence. For a `repeat` or a resumed run."""
    raise NotImplementedError
