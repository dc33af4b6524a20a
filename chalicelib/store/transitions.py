"""What may become of a node run: the legal transitions, as pure functions.

In: the node run as it is (or None), the attempt that speaks, what it says. Out: the node run as it shall be.
`StaleAttempt` is raised where a newer attempt has
begun; what repeats something recorded gives `None`: nothing to write. Terminal statuses absorb, unless the fence is newer.
"""

from typing import Any, Final, Literal

from chalicelib.errors import StaleAttempt
from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import Attempt, Fault, Fence, NodeAttempt, NodeRun, Usage
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.values import Stored

KEPT_ATTEMPTS: Final = 20
EARLIER_BYTES: Final = 128 * 1024  # of what earlier visits put out, of the 400 KB that an item may have
_FIRST: Final = Fence()
WaitingFor = Literal["gate", "reply", "child", "wait"]


def has_succeeded(before: NodeRun | None, attempt: NodeAttempt) -> bool:
    """Whether the visit that the attempt belongs to has its output already, whichever attempt gave it."""
    return output_of(before, attempt) is not None


def output_of(before: NodeRun | None, attempt: NodeAttempt) -> Stored | None:
    """What the visit that the attempt belongs to has put out; None while it has not. After a resume, a repeated node's earlier visits have theirs."""
    if before is None:
        return None
    if before.status is NodeStatus.SUCCEEDED and before.fence.is_same_visit(attempt.fence):
        return before.result or Stored(text="null")
    is_resumed = attempt.fence.resume > before.fence.resume and attempt.fence.again == before.fence.again
    if is_resumed and attempt.fence.visit < min(before.fence.visit, len(before.earlier)):
        return before.earlier[attempt.fence.visit]
    return None


def begin(before: NodeRun | None, attempt: NodeAttempt, *, at: str, shown: Stored | None = None) -> NodeRun | None:
    """The attempt begins. None when it had begun before."""
    if before is None:
        return _fresh(attempt, at, shown)
    _refuse_stale(before, attempt)
    if before.fence == attempt.fence:
        if before.status.is_terminal:
            raise StaleAttempt(f"this attempt of {attempt.node} has ended as {before.status}")
        return None
    same_visit = before.fence.is_same_visit(attempt.fence)
    started_at = before.started_at if same_visit else at
    attempts = _with_attempt(before, Attempt(fence=attempt.fence, started_at=at))
    return before.model_copy(
        update={
            "fence": attempt.fence,
            "status": NodeStatus.RUNNING,
            "started_at": started_at,
            "ended_at": None,
            "input": shown or before.input,
            "result": None,
            "error": None,
            "attempts": attempts,
            "attempt_count": before.attempt_count + 1,
            "waiting_for": None,
            "reference": None,
            "until": None,
            "visit_usage": before.visit_usage if same_visit else Usage(),
            "earlier": _earlier(before, attempt),
        }
    )


def _earlier(before: NodeRun, attempt: NodeAttempt) -> tuple[Stored, ...]:
    """What the visits before the attempt's put out: without a gap, so that a resumed run can go through them from the first."""
    if before.fence.again != attempt.fence.again:
        return ()
    known = before.earlier
    if before.status is NodeStatus.SUCCEEDED and before.result is not None and len(known) == before.fence.visit < attempt.fence.visit:
        size = sum(len((stored.text or "").encode()) for stored in (*known, before.result))
        known = (*known, before.result) if size <= EARLIER_BYTES else known
    return known[: attempt.fence.visit]


def go_on(before: NodeRun | None, attempt: NodeAttempt) -> NodeRun | None:
    """What an agent waited for in the middle of its work has come: it runs again. None when it waits no longer."""
    if before is None or before.status is not NodeStatus.WAITING or not before.fence.is_same_visit(attempt.fence):
        return None
    return before.model_copy(update={"status": NodeStatus.RUNNING, "waiting_for": None, "reference": None, "until": None})


def wait(
    before: NodeRun | None,
    attempt: NodeAttempt,
    *,
    at: str,
    waiting_for: WaitingFor,
    reference: str | None,
    until: str | None,
    details: JsonObject | None = None,
) -> NodeRun | None:
    """The node waits for something outside. None when it does already."""
    begun = begin(before, attempt, at=at) or before
    if begun is None or (begun.status is NodeStatus.WAITING and begun.reference == reference):
        return None
    waiting = {"status": NodeStatus.WAITING, "waiting_for": waiting_for, "reference": reference, "until": until}
    return begun.model_copy(update={**waiting, "details": details or begun.details})


def retrying(
    before: NodeRun | None, attempt: NodeAttempt, *, at: str, error: Fault, usage: Usage | None = None, details: JsonObject | None = None
) -> NodeRun | None:
    """The attempt failed, another will follow: the node goes on running."""
    begun = _open(before, attempt, at)
    if begun.attempts and begun.attempts[-1].ended_at is not None:
        return None
    ended = _spent(begun, at, error, usage, details)
    return begun.model_copy(update={**ended, "status": NodeStatus.RUNNING, "error": error, "waiting_for": None, "reference": None})


def fail(
    before: NodeRun | None, attempt: NodeAttempt, *, at: str, error: Fault, usage: Usage | None = None, details: JsonObject | None = None
) -> NodeRun | None:
    """The node failed for good. None when that is recorded."""
    if before is not None and before.fence == attempt.fence and before.status is NodeStatus.FAILED:
        return None
    begun = _open(before, attempt, at)
    return begun.model_copy(update={**_spent(begun, at, error, usage, details), "status": NodeStatus.FAILED, "ended_at": at, "error": error})


def succeed(
    before: NodeRun | None,
    attempt: NodeAttempt,
    *,
    at: str,
    result: Stored,
    usage: Usage | None = None,
    details: JsonObject | None = None,
    error: Fault | None = None,
) -> NodeRun | None:
    """The node has its output. None when this visit has one. `error`: a failure that counts as success; the output tells of it."""
    if has_succeeded(before, attempt):
        return None
    begun = _open(before, attempt, at)
    ended = _spent(begun, at, error, usage, details)
    return begun.model_copy(update={**ended, "status": NodeStatus.SUCCEEDED, "ended_at": at, "result": result, "error": error})


def is_settled(before: NodeRun | None, fence: Fence) -> bool:
    """Whether a node that no attempt speaks for has ended in this resume of its run."""
    return before is not None and before.status.is_terminal and before.fence.resume >= fence.resume


def settle_native(
    before: NodeRun | None, *, run_id: str, node: str, item_path: str, at: str, result: Stored | None, fence: Fence = _FIRST
) -> NodeRun | None:
    """A node that the engine served itself is settled; no result: skipped. None when it was settled before, in this resume of the run."""
    if is_settled(before, fence):
        return None
    known = before or NodeRun(run_id=run_id, node=node, item_path=item_path, status=NodeStatus.RUNNING, started_at=at)
    status = NodeStatus.SKIPPED if result is None else NodeStatus.SUCCEEDED
    fences = known.fence.model_copy(update={"resume": fence.resume, "again": fence.again})
    return known.model_copy(update={"fence": fences, "status": status, "ended_at": at, "result": result, "error": None, "waiting_for": None})


def end(before: NodeRun, *, at: str, status: NodeStatus, error: Fault | None = None) -> NodeRun | None:
    """The run has ended: what was open ends with it. None when it was not open."""
    if before.status.is_terminal:
        return None
    return before.model_copy(update={"status": status, "ended_at": at, "error": error or before.error, "attempts": _ended(before, at, error)})


def _fresh(attempt: NodeAttempt, at: str, shown: Stored | None) -> NodeRun:
    return NodeRun(
        run_id=attempt.run_id,
        node=attempt.node,
        item_path=attempt.item_path,
        fence=attempt.fence,
        status=NodeStatus.RUNNING,
        started_at=at,
        input=shown,
        attempts=(Attempt(fence=attempt.fence, started_at=at),),
        attempt_count=1,
    )


def _refuse_stale(before: NodeRun, attempt: NodeAttempt) -> None:
    if before.fence.order > attempt.fence.order:
        raise StaleAttempt(f"a newer attempt of {attempt.node} has begun")


def _open(before: NodeRun | None, attempt: NodeAttempt, at: str) -> NodeRun:
    """The node run in which the attempt speaks; begun here, if its beginning was never told."""
    return begin(before, attempt, at=at) or before or _fresh(attempt, at, None)


def _with_attempt(before: NodeRun, attempt: Attempt) -> tuple[Attempt, ...]:
    return (*before.attempts, attempt)[-KEPT_ATTEMPTS:]


def _spent(begun: NodeRun, at: str, error: Fault | None, usage: Usage | None, details: JsonObject | None) -> dict[str, Any]:
    """What an attempt's end changes however it ended."""
    spent = usage or Usage()
    whole = {"usage": begun.usage.plus(spent), "visit_usage": begun.visit_usage.plus(spent)}
    return {**whole, "details": details or begun.details, "attempts": _ended(begun, at, error, spent)}


def _ended(node_run: NodeRun, at: str, error: Fault | None, usage: Usage | None = None) -> tuple[Attempt, ...]:
    if not node_run.attempts or node_run.attempts[-1].ended_at is not None:
        return node_run.attempts
    latest = node_run.attempts[-1].model_copy(update={"ended_at": at, "error": error, "usage": usage or Usage()})
    return (*node_run.attempts[:-1], latest)
