"""The repository of slots and lines: how many runs hold a slot, which wait for one, and the writes by which a run gets in line, in, and out.

In: a run, what was read of its organisation's slots. Out: records, and writes for the transaction that changes the run itself: a run's slot and the
counts it stands in are never written apart. Conditions hold limits and turns, so that of two who want the last slot one loses with ConditionLost.
Which line is next is `runs.turns`' business.
Never: a slot for a run that has one, or a slot given back twice: the run's own record and its entry in the line are the locks.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.keys import Key
from chalicelib.store.record import Record
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.table import Write

RECENT: Final = 20  # admissions whose times a workflow keeps
_ROOM: Final = "(attribute_not_exists(#taken) OR #taken < :limit)"
_NOBODY: Final = "(attribute_not_exists(#waiting) OR #waiting = :none)"
_WORKFLOW_ROOM: Final = "attribute_not_exists(#paused) AND (attribute_not_exists(#limit) OR attribute_not_exists(#taken) OR #taken < #limit)"


class SlotLost(ConditionLost):
    """There was no slot for a new run: all else of its transaction would have held."""


class Counts(Record):
    """What all counters of slots have. `changed_at` (epoch seconds) and `revision` tell whether anything happened meanwhile; `turn` counts admissions
    from the line, and of one's own holds the last of them."""

    taken: int = 0
    waiting: int = 0
    turn: int = 0
    changed_at: int = 0
    revision: int = 0


class OrganisationSlots(Counts):
    """`round`: the deployment's turn at the organisation's last admission."""

    round: int = 0


class WorkflowSlots(Counts):
    """`since_<priority>` (epoch milliseconds): since when that line has not been served, though somebody waits. `recent`: when the last ones were let
    in from the line. `limit` and `paused` are what people set."""

    workflow_id: str = ""
    limit: int | None = None
    paused: bool = False
    waiting_high: int = 0
    waiting_normal: int = 0
    waiting_low: int = 0
    since_high: int = 0
    since_normal: int = 0
    since_low: int = 0
    recent: tuple[int, ...] = ()

    def waiting_of(self, priority: Priority) -> int:
        return {Priority.HIGH: self.waiting_high, Priority.NORMAL: self.waiting_normal, Priority.LOW: self.waiting_low}[priority]

    def since_of(self, priority: Priority) -> int:
        return {Priority.HIGH: self.since_high, Priority.NORMAL: self.since_normal, Priority.LOW: self.since_low}[priority]

    def waiting_above(self, priority: Priority) -> int:
        """How many of the workflow have a higher priority."""
        return sum(self.waiting_of(each) for each in Priority if each.level < priority.level)

    @property
    def is_open(self) -> bool:
        return not self.paused and (self.limit is None or self.taken < self.limit)


class LineEntry(Record):
    """A run that waits for a slot."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Slots:
    """An organisation's slots as they stood at one moment."""

    organisation: OrganisationSlots = field(default_factory=OrganisationSlots)
    workflows: Mapping[str, WorkflowSlots] = field(default_factory=dict)

    def of(self, workflow_id: str) -> WorkflowSlots:
        return self.workflows.get(workflow_id, WorkflowSlots(workflow_id=workflow_id))


def read(organisation_id: str) -> Slots:
    """One read, as it is now."""
    whole = keys.organisation_slots(organisation_id)
    found = {item["SK"]: item for item in table.query_all(whole.pk)}
    organisation = found.pop(whole.sk, None)
    workflows = {sk.partition("#")[2]: record_of(WorkflowSlots, item) for sk, item in found.items()}
    return Slots(
        record_of(OrganisationSlots, organisation) if organisation else OrganisationSlots(),
        {workflow_id: each.model_copy(update={"workflow_id": workflow_id}) for workflow_id, each in workflows.items()},
    )


def read_workflow(organisation_id: str, workflow_id: str) -> WorkflowSlots:
    item = table.get(keys.workflow_slots(organisation_id, workflow_id))
    found = record_of(WorkflowSlots, item) if item else WorkflowSlots()
    return found.model_copy(update={"workflow_id": workflow_id})


def read_deployment() -> Counts:
    item = table.get(keys.deployment_slots())
    return record_of(Counts, item) if item else Counts()


def waiting_organisations() -> tuple[str, ...]:
    """Organisations with somebody in line, the one that was let in the longest ago first. The index lags; who looks finds nobody waiting, then."""
    page = table.query_index(keys.organisations_in_line(), limit=1000)
    found = table.get_many(table.keys_of(page.items))
    by_round = sorted((record_of(OrganisationSlots, found[key]).round, item["GSI2SK"]) for item in page.items if (key := _key_of(item)) in found)
    return tuple(organisation_id for _, organisation_id in by_round)


def _key_of(item: Mapping[str, Any]) -> Key:
    return Key(item["PK"], item["SK"])


def taking(run: Run) -> tuple[Write, ...]:
    """What a new run's transaction needs for a slot at once: room everywhere, and nobody in line whom it would overtake."""
    limit, cap = settings().max_running_of_organisation, settings().max_running
    organisation = _counted(
        keys.organisation_slots(run.organisation_id), {"taken": 1}, " AND ".join([*([_ROOM] if limit else []), _NOBODY]), _limits(limit)
    )
    workflow = _counted(keys.workflow_slots(run.organisation_id, run.workflow_id), {"taken": 1}, _WORKFLOW_ROOM)
    if not run.capped:
        return (organisation, workflow)
    return (organisation, workflow, _counted(keys.deployment_slots(), {"taken": 1}, f"{_ROOM} AND {_NOBODY}", _limits(cap)))


def _limits(limit: int) -> dict[str, int]:
    return {"none": 0, **({"limit": limit} if limit else {})}


def lining_up(run: Run) -> tuple[Write, ...]:
    """What a new run's transaction needs to wait for a slot."""
    organisation_id, waiting, since = run.organisation_id, f"waiting_{run.priority}", f"since_{run.priority}"
    entry = item_of(LineEntry(run_id=run.id), keys.line_entry(organisation_id, run.workflow_id, run.priority, run.id))
    workflow = table.update(
        keys.workflow_slots(organisation_id, run.workflow_id),
        f"ADD #waiting :one, #{waiting} :one, #revision :one SET #changed_at = :now, #{since} = if_not_exists(#{since}, :milliseconds)",
        values={"one": 1, "now": int(time.time()), "milliseconds": int(time.time() * 1000)},
    )
    sets = table.places(keys.organisations_in_line(organisation_id))
    organisation = _counted(keys.organisation_slots(organisation_id), {"waiting": 1}, sets=sets)
    deployment = (_counted(keys.deployment_slots(), {"waiting": 1}),) if run.capped else ()
    return (table.put(entry, condition=table.ABSENT), workflow, organisation, *deployment)


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a resumed run gets its slot: what changes of the run's record, what else is written in its transaction, what its event tells of it."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()
    told: JsonObject = field(default_factory=dict)


def entering(run: Run) -> Entrance:
    """A slot for a run that goes on after it had ended and gave its own back, or a place in line, as things are now: where they change meanwhile its
    transaction is lost. A child needs none."""
    if run.parent is not None:
        return Entrance()
    again = run.model_copy(update={"capped": settings().max_running > 0})
    fields = {"capped": again.capped, "start_by_at": None}
    if _is_free(again):
        return Entrance({**fields, "slot": "held", "admitted_at": now_text()}, taking(again))
    return Entrance({**fields, "slot": "waiting", "admitted_at": None}, lining_up(again), place_in_line(again))


def _is_free(run: Run) -> bool:
    """Whether there is room everywhere, and nobody whom the run would overtake."""
    found = read(run.organisation_id)
    counts: list[tuple[Counts, int]] = [(found.organisation, settings().max_running_of_organisation)]
    if run.capped:
        counts.append((read_deployment(), settings().max_running))
    return found.of(run.workflow_id).is_open and all(not each.waiting and (not limit or each.taken < limit) for each, limit in counts)


def place_in_line(run: Run) -> JsonObject:
    """How a run that gets in line waits, for its event: at which place among those of its workflow, as long as no line ages."""
    found = read_workflow(run.organisation_id, run.workflow_id)
    return {"priority": run.priority.value, "position": found.waiting_above(run.priority) + ahead_of(run) + 1}


def head_of(organisation_id: str, workflow_id: str, priority: Priority) -> str | None:
    """The run that is first in one line."""
    page = table.query(keys.line(organisation_id, workflow_id, priority), limit=1)
    return record_of(LineEntry, page.items[0]).run_id if page.items else None


def in_line(organisation_id: str, workflow_id: str, *, most: int) -> tuple[str, ...]:
    """Runs that wait for a slot of one workflow, those first that would get one last."""
    found: list[str] = []
    for priority in reversed(Priority):
        page = table.query(keys.line(organisation_id, workflow_id, priority), newest_first=True, limit=most)
        found += [record_of(LineEntry, item).run_id for item in page.items]
    return tuple(found[:most])


def limit_of_organisation() -> int | None:
    """How many runs of one organisation may hold a slot; None: any number."""
    return settings().max_running_of_organisation or None


def ahead_of(run: Run) -> int:
    """How many stand in the same line before the run."""
    first, own = (
        keys.line(run.organisation_id, run.workflow_id, run.priority),
        keys.line_entry(run.organisation_id, run.workflow_id, run.priority, run.id),
    )
    return table.count_below(first, own.sk)


def admitting(run: Run, slots: Slots) -> list[Write]:
    """The whole transaction that gives a waiting run its slot. It is lost where another admission of the organisation came first, where the run
    left the line, or where there is no room (any more)."""
    organisation_id, now = run.organisation_id, int(time.time() * 1000)
    at = now_text()
    changes = {"slot": "held", "admitted_at": at, "updated_at": at}
    writes = [
        table.assign(keys.run(organisation_id, run.id), changes, condition="#slot = :before", values={"before": "waiting"}),
        table.delete(keys.line_entry(organisation_id, run.workflow_id, run.priority, run.id), condition=table.PRESENT),
        _let_in(run, slots, now),
    ]
    limit, turn = settings().max_running_of_organisation, slots.organisation.turn
    sets: dict[str, int] = {"turn": turn + 1}
    if run.capped:
        deployment = read_deployment()
        sets["round"] = deployment.turn + 1
        writes.append(_of_turn(keys.deployment_slots(), deployment.turn, settings().max_running, {"turn": deployment.turn + 1}))
    last = slots.organisation.waiting == 1
    writes.append(_of_turn(keys.organisation_slots(organisation_id), turn, limit, sets, is_last=last))
    return writes


def _of_turn(key: Key, turn: int, limit: int, sets: Mapping[str, Any], *, is_last: bool = False) -> Write:
    """One more in and one less in line, if nobody was let in since the turn was read."""
    conditions = ["(#turn = :turn OR attribute_not_exists(#turn))", *([_ROOM] if limit else []), *(["#waiting = :last"] if is_last else [])]
    values = {"turn": turn, **({"limit": limit} if limit else {}), **({"last": 1} if is_last else {})}
    gone = {"GSI2PK": None, "GSI2SK": None} if is_last else {}
    return _counted(key, {"taken": 1, "waiting": -1}, " AND ".join(conditions), values, sets={**sets, **gone})


def _let_in(run: Run, slots: Slots, now: int) -> Write:
    """The workflow's part. The line that was served begins to wait anew, or ends."""
    workflow, waiting, since = slots.of(run.workflow_id), f"waiting_{run.priority}", f"since_{run.priority}"
    is_last = workflow.waiting_of(run.priority) == 1
    sets = {since: None if is_last else now, "turn": slots.organisation.turn + 1, "recent": (*workflow.recent, now)[-RECENT:]}
    condition = f"{_WORKFLOW_ROOM} AND #{waiting} = :last" if is_last else _WORKFLOW_ROOM
    amounts = {"taken": 1, "waiting": -1, waiting: -1}
    return _counted(keys.workflow_slots(run.organisation_id, run.workflow_id), amounts, condition, {"last": 1} if is_last else {}, sets=sets)


def leaving(run: Run) -> tuple[Write, ...]:
    """What the transaction that ends a run needs: a slot is given back, a place in line given up. A run that has neither needs nothing."""
    match run.slot:
        case "held":
            return _all_counted(run, {"taken": -1})
        case "waiting":
            return _out_of_line(run)
        case _:
            return ()


def _all_counted(run: Run, amounts: Mapping[str, int]) -> tuple[Write, ...]:
    places = [keys.organisation_slots(run.organisation_id), keys.workflow_slots(run.organisation_id, run.workflow_id)]
    return tuple(_counted(key, amounts) for key in [*places, *([keys.deployment_slots()] if run.capped else [])])


def _out_of_line(run: Run) -> tuple[Write, ...]:
    """Lost where the run is let in at this moment: then whoever ends it looks again."""
    slots = read(run.organisation_id)
    waiting, since = f"waiting_{run.priority}", f"since_{run.priority}"
    workflow_last, last = slots.of(run.workflow_id).waiting_of(run.priority) == 1, slots.organisation.waiting == 1
    entry = keys.line_entry(run.organisation_id, run.workflow_id, run.priority, run.id)
    workflow = _counted(
        keys.workflow_slots(run.organisation_id, run.workflow_id),
        {"waiting": -1, waiting: -1},
        f"#{waiting} = :last" if workflow_last else "",
        {"last": 1} if workflow_last else {},
        sets={since: None} if workflow_last else {},
    )
    organisation = _counted(
        keys.organisation_slots(run.organisation_id),
        {"waiting": -1},
        "#waiting = :last" if last else "",
        {"last": 1} if last else {},
        sets={"GSI2PK": None, "GSI2SK": None} if last else {},
    )
    deployment = (_counted(keys.deployment_slots(), {"waiting": -1}),) if run.capped else ()
    return (table.delete(entry, condition=table.PRESENT), workflow, organisation, *deployment)


def _counted(
    key: Key, amounts: Mapping[str, int], condition: str = "", values: Mapping[str, Any] | None = None, *, sets: Mapping[str, Any] | None = None
) -> Write:
    """An update of a counter, with the marks that tell of it. What is None in `sets` is taken away."""
    given = {"changed_at": int(time.time()), **(sets or {})}
    kept = {name: value for name, value in given.items() if value is not None}
    gone = [name for name, value in given.items() if value is None]
    added = table.add(key, {**amounts, "revision": 1}, sets=kept)
    removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
    return table.update(key, added.update + removes, values={**added.values, **(values or {})}, condition=condition)


def set_workflow(organisation_id: str, workflow_id: str, *, limit: int | None, paused: bool) -> None:
    """What people set: how many runs of the workflow may hold a slot (None: as many as there are), and whether any more get in."""
    changes = {"limit": limit, "paused": True if paused else None, "workflow_id": workflow_id}
    table.write(table.assign(keys.workflow_slots(organisation_id, workflow_id), changes))


def correct(organisation_id: str, before: Slots, workflow_id: str | None, counts: Mapping[str, int]) -> bool:
    """Set counts to what was counted, if nothing has changed since `before` was read. False where something has."""
    if workflow_id is None:
        key, revision = keys.organisation_slots(organisation_id), before.organisation.revision
    else:
        key, revision = keys.workflow_slots(organisation_id, workflow_id), before.of(workflow_id).revision
    condition = "#revision = :revision" if revision else "attribute_not_exists(#revision)"
    with suppress(ConditionLost):
        table.write(table.assign(key, {**counts, "revision": revision + 1}, condition=condition, values={"revision": revision} if revision else {}))
        return True
    return False
