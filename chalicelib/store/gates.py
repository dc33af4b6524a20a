"""The repository of gates. A gate's id is derived from (run, node, item path, visit, an agent's call, resume): opening twice finds the first.

In a resumed run the question that people have answered before need not be asked again: `find_of` finds that gate, too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib import ids
from chalicelib.errors import GateNotFound
from chalicelib.store import answers, keys, table
from chalicelib.store.answers import Answer
from chalicelib.store.gate_records import Gate, Vote
from chalicelib.store.items import Item, fields_of, item_of, record_of
from chalicelib.store.keys import IndexKey
from chalicelib.store.pages import at_index, page_at, read_all, whole
from chalicelib.store.record import plain
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.statuses import GateStatus
from chalicelib.store.table import Page, Write


@dataclass(frozen=True, slots=True)
class GatePage:
    gates: tuple[Gate, ...]
    cursor: str | None


def gate_id(attempt: NodeAttempt) -> str:
    """The id of the gate that this visit of the node opens; an agent opens one for each call that it has to ask for."""
    return _id(attempt, attempt.fence.resume)


def _id(attempt: NodeAttempt, resume: int) -> str:
    call = () if attempt.call is None else (f"call {attempt.call}",)
    later = (f"resume {resume}",) if resume else ()
    meaning = (attempt.run_id, attempt.node, attempt.item_path, attempt.fence.visit_name, *call, *later)
    return ids.derived_id(ids.GATE, *meaning, time_of=attempt.run_id)


def find_of(attempt: NodeAttempt) -> Gate | None:
    """The gate at which the attempt's question stands: this resume's, else the latest of an earlier one that was decided (of an agent's call: in the
    same conversation). A gate that timed out or was cancelled before the run was resumed asks nobody any more."""
    return next((gate for gate in _standing(attempt) if gate.fence.resume == attempt.fence.resume or gate.status is GateStatus.DECIDED), None)


def find_opened(attempt: NodeAttempt) -> Gate | None:
    """The gate that was opened, or taken over, in the attempt's resume."""
    return next((gate for gate in _standing(attempt) if gate.fence.resume == attempt.fence.resume), None)


def votes_before(attempt: NodeAttempt, shown_sha256: str) -> tuple[Vote, ...]:
    """What people said of the same question at the gate that the run's last end closed undecided. What was silent until its time was over asks
    anew."""
    before = next((gate for gate in _standing(attempt) if gate.fence.resume < attempt.fence.resume), None)
    if before is None or before.status is not GateStatus.CANCELLED or before.shown_sha256 != shown_sha256:
        return ()
    return before.votes


def _standing(attempt: NodeAttempt) -> list[Gate]:
    """The gates of the question, the latest resume's first. A node that a resume has run again asks a question of its own."""
    resume = attempt.fence.resume
    first = max(attempt.talk, attempt.fence.again)
    places = [keys.gate(attempt.organisation_id, _id(attempt, earlier)) for earlier in range(resume, first - 1, -1)]
    found = table.get_many(places)
    return [record_of(Gate, found[key]) for key in places if key in found]


def take_over(gate: Gate, attempt: NodeAttempt, token: str) -> None:
    """The engine asks again with another token: the answer, given or to come, belongs to it. A gate of an earlier resume becomes this one's."""
    also = {} if gate.fence.resume == attempt.fence.resume else {"fence": plain(attempt.fence)}
    answers.replace_token(attempt.organisation_id, gate.id, token, also=also)


def find(organisation_id: str, gate_id: str) -> Gate | None:
    item = table.get(keys.gate(organisation_id, gate_id))
    return record_of(Gate, item) if item else None


def get(organisation_id: str, gate_id: str) -> Gate:
    """Raises GateNotFound."""
    found = find(organisation_id, gate_id)
    if found is None:
        raise GateNotFound(f"there is no gate {gate_id}")
    return found


def opening_write(gate: Gate, token: str) -> Write:
    """The write that opens a gate."""
    organisation_id = gate.organisation_id
    places = (keys.gates_of_run(organisation_id, gate.run_id, gate.id), keys.open_gates(organisation_id, gate.opened_at, gate.id))
    return table.put(item_of(gate, keys.gate(organisation_id, gate.id), *places, task_token=token), condition=table.ABSENT)


def vote(gate: Gate, votes: tuple[Vote, ...]) -> None:
    """Keep votes that have not reached the quorum. Raises ConditionLost when the gate changed since it was read."""
    table.write(_change(gate, gate.model_copy(update={"votes": votes}), {}))


def decision_write(before: Gate, after: Gate) -> Write:
    """The write that decides a gate and hands its answer to the outbox."""
    if after.decision is None:
        raise ValueError("a gate is decided by a decision")
    return _change(before, after, answers.fields(after.organisation_id, after.id, Answer(after.decision.output)))


def closing_write(before: Gate, after: Gate) -> Write:
    """The write that ends a gate without an answer for the engine: timed out, or its run has ended."""
    return _change(before, after, table.places(keys.ended_gates(before.organisation_id, before.opened_at, before.id)))


def _change(before: Gate, after: Gate, places: Item) -> Write:
    """What differs, on the condition that nobody changed the gate since it was read."""
    old, new = fields_of(before), fields_of(after.model_copy(update={"revision": before.revision + 1}))
    changes = {name: new.get(name) for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    condition = "#revision = :read AND #status = :open"
    made = table.assign(
        keys.gate(before.organisation_id, before.id),
        {**changes, **places},
        condition=condition,
        values={"read": before.revision, "open": GateStatus.OPEN},
    )
    return replace(made, before=old)


def mark_told(gate: Gate) -> None:
    """The engine has learned of the decision by itself, when it asked at the gate's time-out: nothing is left to deliver."""
    waiter = answers.find(gate.organisation_id, gate.id)
    if waiter is not None:
        answers.mark_delivered(waiter)


def list_open(organisation_id: str, *, limit: int, after: Item | None) -> tuple[tuple[Gate, ...], Page]:
    """Open gates, oldest first."""
    page = table.query_index(keys.open_gates(organisation_id), limit=limit, after=after)
    return tuple(gate for gate in _gates_at(page) if gate.status is GateStatus.OPEN), page


def list_page(
    organisation_id: str,
    place: IndexKey,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[Gate]], Sequence[Gate]],
    terms: object,
    backwards: bool,
) -> GatePage:
    """Gates at one place of an index, by when they opened, those that `keep` gives back. A page may be short, or empty, and still have a cursor.
    Raises CursorInvalid."""
    return GatePage(*page_at(organisation_id, place, whole(_gate), keep, limit=limit, cursor=cursor, terms=terms, backwards=backwards))


def list_all(place: IndexKey) -> tuple[Gate, ...]:
    """All gates at one place of an index, to be sorted. Raises ListTooLong."""
    return tuple(gate for _, gate in whole(_gate)(read_all(at_index(place), "gates")))


def _gate(item: Item) -> Gate:
    return record_of(Gate, item)


def list_of_run(organisation_id: str, run_id: str) -> tuple[Gate, ...]:
    """All gates that a run has opened (up to a page of them)."""
    return tuple(sorted(_gates_at(table.query_index(keys.gates_of_run(organisation_id, run_id), limit=1000)), key=lambda gate: gate.opened_at))


def _gates_at(page: Page) -> list[Gate]:
    ordered = table.keys_of(page.items)
    found = table.get_many(ordered)
    return [record_of(Gate, found[key]) for key in ordered if key in found]
