"""Close a gate whose time is over: what the `<gate>--close` state's worker calls.

In: the attempt that opened it. Out: the output of whichever decision won. The time-out competes with decisions in the same conditional write.
"""

from chalicelib.clock import now_text
from chalicelib.errors import GateTimedOut, StaleAttempt
from chalicelib.gates.decide import decision_data
from chalicelib.live.announce import announce
from chalicelib.spec.model import JsonObject
from chalicelib.store import accounts, gates
from chalicelib.store.accounts import node_event
from chalicelib.store.gate_records import Decision, Gate
from chalicelib.store.journal import Change, NewEvent, NodeChange
from chalicelib.store.run_records import Fault, NodeAttempt, NodeRun
from chalicelib.store.statuses import EventType, GateStatus
from chalicelib.store.table import Write
from chalicelib.store.transitions import fail, succeed
from chalicelib.store.values import keep

TIMED_OUT = "timed_out"
FAIL = "fail"


def close_gate(attempt: NodeAttempt, *, on_timeout: str | None = None) -> JsonObject:
    """The output of whichever decision won: `{choice, reason, form, by, at, channel}`.

    For the time-out `by` is empty and the choice is `on_timeout`, or `timed_out`. `on_timeout="fail"` records the node as failed and raises
    GateTimedOut,
    unless a decision came first. A gate that never opened counts as timed out. Raises RunEnded, RunNotFound.
    """
    opened = gates.find_opened(attempt)
    gate_id = opened.id if opened is not None else gates.gate_id(attempt)
    at = now_text()

    def propose() -> Change | None:
        gate = gates.find(attempt.organisation_id, gate_id)
        if gate is not None and gate.status is not GateStatus.OPEN:
            return None
        return _change(attempt, gate, _time_out(gate_id, on_timeout, at), fails=on_timeout == FAIL)

    announce(propose)
    return _outcome(attempt, gate_id, on_timeout, at)


def close_call(attempt: NodeAttempt) -> Gate | None:
    """The gate of an agent's call, once the machine waits for it no longer: decided, or now closed as timed out. None: it was never opened.

    Raises StaleAttempt where the machine came to wait for it after the attempt began: it is not this one's to close.
    """
    at = now_text()

    def propose() -> Change | None:
        gate = gates.find_of(attempt)
        if gate is None or gate.status is not GateStatus.OPEN:
            return None
        if gate.fence.order > attempt.fence.order:
            raise StaleAttempt(f"{attempt.node} waits for {gate.id} since this attempt began")
        scene = accounts.read_scene(attempt)
        accounts.require_open(scene)
        writes, told = _closing(gate, _time_out(gate.id, None, at))
        return Change(scene.run, events=told, writes=writes)

    announce(propose)
    return gates.find_of(attempt)


def _closing(gate: Gate, decision: Decision) -> tuple[tuple[Write, ...], tuple[NewEvent, ...]]:
    """The write that ends the gate without an answer, and what is told of it."""
    writes = (gates.closing_write(gate, gate.model_copy(update={"status": GateStatus.TIMED_OUT, "decision": decision})),)
    data: JsonObject = {"gate_id": gate.id, **decision_data(decision)}
    return writes, (NewEvent(EventType.GATE_TIMED_OUT, node=gate.node, item_path=gate.item_path, data=data),)


def _outcome(attempt: NodeAttempt, gate_id: str, on_timeout: str | None, at: str) -> JsonObject:
    """What the gate holds now is what won."""
    gate = gates.find(attempt.organisation_id, gate_id)
    if gate is not None and gate.status is GateStatus.DECIDED and gate.decision is not None:
        gates.mark_told(gate)
        return gate.decision.output
    if on_timeout == FAIL:
        raise GateTimedOut(f"nobody decided {attempt.node} in time")
    decision = gate.decision if gate is not None else None
    return (decision or _time_out(gate_id, on_timeout, at)).output


def _time_out(gate_id: str, on_timeout: str | None, at: str) -> Decision:
    choice = TIMED_OUT if on_timeout in {None, FAIL} else str(on_timeout)
    return Decision(gate_id=gate_id, is_final=True, choice=choice, at=at, channel="engine")


def _change(attempt: NodeAttempt, gate: Gate | None, decision: Decision, *, fails: bool) -> Change | None:
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    after = _node_after(scene.node, attempt, decision, fails=fails)
    writes: tuple[Write, ...] = ()
    told: tuple[NewEvent, ...] = ()
    if gate is not None:
        writes, told = _closing(gate, decision)
    if after is None:
        return Change(scene.run, events=told, writes=writes) if writes else None
    kind = EventType.NODE_FAILED if fails else EventType.NODE_SUCCEEDED
    data = accounts.fault_data(after.error) if after.error else accounts.succeeded_data(after)
    return Change(scene.run, (NodeChange(scene.node, after, (*told, node_event(after, kind, data))),), writes=writes, invocation_count=1)


def _node_after(before: NodeRun | None, attempt: NodeAttempt, decision: Decision, *, fails: bool) -> NodeRun | None:
    """The close state speaks for the attempt that waits, whatever retries it took."""
    current = attempt if before is None or before.fence.order <= attempt.fence.order else attempt.model_copy(update={"fence": before.fence})
    if before is not None and not before.fence.is_same_visit(attempt.fence):
        raise StaleAttempt(f"{attempt.node} is at another visit")
    if fails:
        return fail(
            before, current, at=decision.at, error=Fault(name="GateTimedOut", message=f"nobody decided {attempt.node} in time", code="gate-timed-out")
        )
    return succeed(before, current, at=decision.at, result=keep(attempt.organisation_id, f"runs/{attempt.run_id}/{attempt.node}", decision.output))
