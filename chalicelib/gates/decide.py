"""Decide a gate: one conditional write; the first valid decision wins everywhere, the others are told who decided.

In: a principal, a gate, a choice with its reason and form. Out: the `Decision`. The checks are the same on every channel.
The winning write is one transaction:
the gate with its decision, the node run with its output, their events, and the answer's place in the outbox.
"""

from chalicelib.access.objects import gate_for
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention, GateAlreadyDecided, RunEnded
from chalicelib.gates.deliver import DELIVERY_WRITES, deliver_soon
from chalicelib.gates.rules import check_vote
from chalicelib.live.announce import announce
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import accounts, gates, table
from chalicelib.store.accounts import node_event
from chalicelib.store.gate_records import Decision, Gate, Vote
from chalicelib.store.journal import Change, NewEvent, NodeChange
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.statuses import EventType, GateStatus
from chalicelib.store.transitions import go_on, succeed
from chalicelib.store.values import keep

_TRIES = 40


def decide(principal: Principal, gate_id: str, *, choice: str, reason: str | None = None, form: Json = None, channel: str = "api") -> Decision:
    """Cast a person's decision. With a quorum it is final once enough distinct people gave the same choice; until then `is_final` is false.

    Who may decide, self-approval, reason and form are checked here, whatever the channel. Those who gave the winning decision may repeat it: the same
    decision is returned. A final decision is delivered to the engine before this returns, best effort; the outbox delivers it otherwise.
    Raises GateNotFound, NotADecider, SelfApproval, DecisionInvalid, GateAlreadyDecided, RunEnded.
    """
    vote = Vote(person=principal.person, choice=choice, reason=reason or None, form=form, channel=channel, at=now_text())
    for attempt in range(_TRIES):
        gate = gate_for(principal, gate_id)
        if gate.status is not GateStatus.OPEN:
            return _already(gate, vote)
        check_vote(gate, principal, vote)
        decision = tally(gate, vote)
        try:
            _settle(gate, vote, decision)
        except ConditionLost:
            table.pause(min(attempt, 5))
            continue
        if decision.is_final:
            deliver_soon(gate.organisation_id, gate.id)
        return decision
    raise Contention("too many people decide this gate at once")


def tally(gate: Gate, vote: Vote) -> Decision:
    """What the votes come to with this one. A person has one vote, the latest."""
    votes = counted(gate, vote)
    agreeing = [other for other in votes if other.choice == vote.choice]
    missing = max(gate.at_least - len(agreeing), 0)
    return Decision(
        gate_id=gate.id,
        is_final=missing == 0,
        choice=vote.choice,
        reason=vote.reason,
        form=vote.form,
        by=tuple(other.person for other in agreeing),
        at=vote.at,
        channel=vote.channel,
        missing_count=missing,
        shown_sha256=gate.shown_sha256,
    )


def counted(gate: Gate, vote: Vote) -> tuple[Vote, ...]:
    return (*(other for other in gate.votes if other.person != vote.person), vote)


def _already(gate: Gate, vote: Vote) -> Decision:
    """The decision that won, for those who gave it; an error for everybody else."""
    if gate.decision is None:
        raise RunEnded(f"the run of gate {gate.id} has ended")
    if vote.person in gate.decision.by and vote.choice == gate.decision.choice:
        return gate.decision
    who = " and ".join(gate.decision.by) or "nobody: its time was over"
    raise GateAlreadyDecided(f"this gate is decided: {gate.decision.choice}, by {who}", decision_data(gate.decision))


def decision_data(decision: Decision) -> JsonObject:
    """A decision as events and errors tell it; the form stays with the gate."""
    return {"choice": decision.choice, "reason": decision.reason, "by": list(decision.by), "at": decision.at, "channel": decision.channel}


def _settle(gate: Gate, vote: Vote, decision: Decision) -> None:
    """Write the vote, and with it the decision when it is final. Raises ConditionLost when the gate changed since it was read."""
    votes = counted(gate, vote)
    if not decision.is_final:
        gates.vote(gate, votes)
        return
    decided = gate.model_copy(update={"votes": votes, "decision": decision, "status": GateStatus.DECIDED})

    tried: list[Gate] = []

    def propose() -> Change | None:
        if tried and gates.get(gate.organisation_id, gate.id).revision != gate.revision:
            raise ConditionLost
        tried.append(gate)
        return _change(gate, decided, decision)

    announce(propose)


def _change(gate: Gate, decided: Gate, decision: Decision) -> Change:
    attempt = attempt_of(gate)
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    told = NewEvent(EventType.GATE_DECIDED, node=gate.node, item_path=gate.item_path, data={"gate_id": gate.id, **decision_data(decision)})
    writes = (gates.decision_write(gate, decided),)
    if gate.call is not None:
        going_on = go_on(scene.node, attempt)
        if going_on is None:
            return Change(scene.run, events=(told,), writes=writes, write_count=DELIVERY_WRITES)
        resumed = NodeChange(scene.node, going_on, (told, node_event(going_on, EventType.NODE_RESUMED)))
        return Change(scene.run, (resumed,), writes=writes, write_count=DELIVERY_WRITES)
    result = keep(gate.organisation_id, f"runs/{gate.run_id}/{gate.node}", decision.output)
    current = attempt if scene.node is None else attempt.model_copy(update={"fence": scene.node.fence})
    after = succeed(scene.node, current, at=decision.at, result=result)
    if after is None:
        return Change(scene.run, events=(told,), writes=writes, write_count=DELIVERY_WRITES)
    done = node_event(after, EventType.NODE_SUCCEEDED, accounts.succeeded_data(after))
    return Change(scene.run, (NodeChange(scene.node, after, (told, done)),), writes=writes, write_count=DELIVERY_WRITES)


def attempt_of(gate: Gate) -> NodeAttempt:
    """The attempt that opened the gate."""
    return NodeAttempt(
        organisation_id=gate.organisation_id, run_id=gate.run_id, node=gate.node, item_path=gate.item_path, fence=gate.fence, call=gate.call
    )
