"""Open a gate: ask people and leave the task token in the gate's record.

In: the attempt, the token, the rendered question. Out: the `Gate`. Idempotent by (run, node, item path, visit, resume): opened again with a new
token, an undecided gate takes the new token, and a decided one answers it at once, in a resumed run too where the same question was decided before.
A question that its run's end left undecided is asked anew when the run is resumed, with the votes that it had. The node run waits from here on;
events `node_waiting` and `gate_opened`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib.clock import now_text, time_text
from chalicelib.gates.deliver import deliver_soon
from chalicelib.live.announce import announce
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import accounts, gates
from chalicelib.store.accounts import Scene, node_event
from chalicelib.store.gate_records import Gate, GateChoice
from chalicelib.store.journal import Change, NewEvent, NodeChange
from chalicelib.store.record import plain
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.statuses import EventType
from chalicelib.store.transitions import has_succeeded, wait
from chalicelib.store.values import keep

ASK_LENGTH: Final = 64_000  # a longer question belongs into the gate's details
SHOWN_LENGTH: Final = 2000  # of the question, in its event


class Question(BaseModel):
    """What people are asked, rendered: texts without bindings. `any_of` names people and roles; empty means everyone."""

    model_config = ConfigDict(frozen=True)

    ask: str
    details: Json = None
    choices: tuple[GateChoice, ...]
    any_of: tuple[str, ...] = ()
    at_least: int = 1
    allow_self_approval: bool = False
    channels: tuple[str, ...] = ()
    form: JsonObject | None = None
    reason_rule: Literal["none", "optional", "required"] = "optional"

    def shown_sha256(self) -> str:
        """The digest of what people are shown."""
        choices: list[Json] = [plain(choice) for choice in self.choices]
        shown: JsonObject = {"ask": self.ask, "details": self.details, "choices": choices, "form": self.form}
        return hashlib.sha256(canonical_json(shown).encode()).hexdigest()


def open_gate(
    attempt: NodeAttempt, *, token: str, question: Question, deadline_seconds: int | None = None, settled: Mapping[str, Json] | None = None
) -> Gate:
    """Open the gate of an attempt. It replaces `runs.nodes.node_started` and `node_waiting` for gates. Raises StaleAttempt, RunEnded, RunNotFound."""
    opened: list[Gate] = []
    known: list[Gate] = []

    def propose() -> Change | None:
        opened.clear()
        before = gates.find_of(attempt)
        if before is not None and (before.fence.resume == attempt.fence.resume or before.shown_sha256 == question.shown_sha256()):
            known.append(before)
            return None
        scene = accounts.read_scene(attempt, settled=settled)
        accounts.require_open(scene)
        opened.append(_new_gate(scene, question, deadline_seconds))
        return Change(scene.run, _node_changes(scene, opened[0]), writes=(gates.opening_write(opened[0], token),), invocation_count=1)

    announce(propose)
    return opened[0] if opened else _reopened(attempt, known[-1], token)


def _reopened(attempt: NodeAttempt, gate: Gate, token: str) -> Gate:
    """The engine asks again: the gate's answer, given or to come, belongs to the new token, unless a newer attempt has one already."""
    announce(lambda: _retold(attempt, gate.id))
    gates.take_over(gate, attempt, token)
    deliver_soon(attempt.organisation_id, gate.id)
    return gates.get(attempt.organisation_id, gate.id)


def _retold(attempt: NodeAttempt, gate_id: str) -> Change | None:
    """The newer attempt takes the waiting over; nothing is told twice. An attempt that failed after the gate was open is taken over, too."""
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    before = scene.node
    if before is None or has_succeeded(before, attempt) or before.fence == attempt.fence:
        return None
    at = now_text()
    after = wait(before, attempt, at=at, waiting_for="gate", reference=gate_id, until=before.until)
    if after is None:
        return None
    return Change(
        scene.run, (NodeChange(before, after, (node_event(after, EventType.NODE_WAITING, accounts.waiting_data(after)),)),), invocation_count=1
    )


def _new_gate(scene: Scene, question: Question, deadline_seconds: int | None) -> Gate:
    attempt, run = scene.attempt, scene.run
    gate_id = gates.gate_id(attempt)
    now = datetime.now(UTC)
    details = None if question.details is None else keep(attempt.organisation_id, f"runs/{run.id}/{attempt.node}", question.details)
    return Gate(
        id=gate_id,
        organisation_id=attempt.organisation_id,
        run_id=run.id,
        workflow_id=run.workflow_id,
        workflow_name=run.workflow_name,
        node=attempt.node,
        item_path=attempt.item_path,
        fence=attempt.fence,
        call=attempt.call,
        ask=question.ask[:ASK_LENGTH],
        details=details,
        choices=question.choices,
        any_of=question.any_of,
        at_least=question.at_least,
        allow_self_approval=question.allow_self_approval,
        started_by=run.started_by,
        channels=question.channels,
        form=question.form,
        reason_rule=question.reason_rule,
        opened_at=time_text(now),
        deadline_at=time_text(now + timedelta(seconds=deadline_seconds)) if deadline_seconds else None,
        shown_sha256=question.shown_sha256(),
        votes=gates.votes_before(attempt, question.shown_sha256()),
    )


def _node_changes(scene: Scene, gate: Gate) -> tuple[NodeChange, ...]:
    waiting = wait(scene.node, scene.attempt, at=gate.opened_at, waiting_for="gate", reference=gate.id, until=gate.deadline_at)
    around = accounts.surroundings(scene, gate.opened_at)
    if waiting is None:
        return tuple(around)
    opened = NewEvent(EventType.GATE_OPENED, node=gate.node, item_path=gate.item_path, data=_opened_data(gate))
    started = () if gate.call is not None else (node_event(waiting, EventType.NODE_STARTED, accounts.started_data(waiting)),)
    told = (*started, node_event(waiting, EventType.NODE_WAITING, accounts.waiting_data(waiting)), opened)
    return (*around, NodeChange(scene.node, waiting, told))


def _opened_data(gate: Gate) -> JsonObject:
    return {
        "gate_id": gate.id,
        "ask": gate.ask[:SHOWN_LENGTH],
        "choices": [choice.choice for choice in gate.choices],
        "deadline_at": gate.deadline_at,
    }
