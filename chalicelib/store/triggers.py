"""The repository of triggers and their firings. Names are unique in a workflow; every change is conditional on the revision that was read.

In: records. Out: records, pages. A trigger of which EventBridge holds a part is marked unsynced with each change, in the same write; who brings
EventBridge up to date takes the mark away, if nothing changed meanwhile. Writing or deleting twice is harmless.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost, TriggerChanged, TriggerNameTaken, TriggerNotFound
from chalicelib.store import keys, table
from chalicelib.store.items import Item, fields_of, item_of, record_of
from chalicelib.store.keys import IndexKey
from chalicelib.store.pages import all_of, page_at, page_in, whole
from chalicelib.store.record import Record
from chalicelib.store.table import Write
from chalicelib.store.trigger_records import KEPT_SECONDS, Firing, Tally, TriggerName, TriggerRecord

_AFTER_ALL: Final = "~"  # sorts behind every character of a name
_AT_REVISION: Final = "attribute_exists(PK) AND #revision = :read"


class HookRecord(Record):
    """Whose webhook it is: what a call from outside does not say."""

    organisation_id: str


class AfterRecord(Record):
    """A trigger that waits for the ends of runs of a workflow."""

    trigger_id: str


@dataclass(frozen=True, slots=True)
class TriggerPage:
    triggers: tuple[TriggerRecord, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class FiringPage:
    firings: tuple[Firing, ...]
    cursor: str | None


def create(trigger: TriggerRecord) -> None:
    """Raises TriggerNameTaken."""
    named = TriggerName(trigger_id=trigger.id, kind=trigger.kind)
    writes = [
        table.put(item_of(named, keys.trigger_name(trigger.organisation_id, trigger.workflow_id, trigger.name)), condition=table.ABSENT),
        table.put(_item(trigger), condition=table.ABSENT),
        *_found_by(trigger),
    ]
    try:
        table.transact(writes)
    except ConditionLost as lost:
        raise TriggerNameTaken(f"workflow {trigger.workflow_name} has a trigger called {trigger.name} already") from lost


def replace(trigger: TriggerRecord, *, before: TriggerRecord) -> None:
    """Write a trigger over the one that was read. Kind, workflow and name stay. Raises TriggerChanged."""
    gone = [write for write in _found_by(before) if write.key not in {kept.key for kept in _found_by(trigger)}]
    own = table.put(_item(trigger), condition=_AT_REVISION, values={"read": before.revision})
    try:
        table.transact([own, *_found_by(trigger), *(table.delete(write.key) for write in gone)])
    except ConditionLost as lost:
        raise TriggerChanged(f"the trigger {before.name} was changed by somebody else since it was read") from lost


def delete(trigger: TriggerRecord, *, at: str, by: str) -> None:
    """Take a trigger away and free its name; of one that EventBridge holds a part of, the record stays until that is gone. Raises TriggerChanged."""
    organisation_id = trigger.organisation_id
    if trigger.is_of_aws:
        ended = trigger.model_copy(update={"enabled": False, "deleted_at": at, "updated_at": at, "updated_by": by, "revision": trigger.revision + 1})
        own = table.put(_item(ended), condition=_AT_REVISION, values={"read": trigger.revision})
    else:
        own = table.delete(keys.trigger(organisation_id, trigger.id), condition=_AT_REVISION, values={"read": trigger.revision})
    name = keys.trigger_name(organisation_id, trigger.workflow_id, trigger.name)
    others = [
        table.delete(name, condition="attribute_not_exists(PK) OR #trigger_id = :mine", values={"mine": trigger.id}),
        *(table.delete(write.key) for write in _found_by(trigger)),
        table.delete(keys.trigger_tally(organisation_id, trigger.id)),
    ]
    try:
        table.transact([own, *others])
    except ConditionLost as lost:
        raise TriggerChanged(f"the trigger {trigger.name} was changed by somebody else since it was read") from lost


def get(organisation_id: str, trigger_id: str) -> TriggerRecord:
    """Raises TriggerNotFound, also for a deleted one."""
    found = find(organisation_id, trigger_id)
    if found is None or found.deleted_at is not None:
        raise TriggerNotFound(f"there is no trigger {trigger_id}")
    return found


def find(organisation_id: str, trigger_id: str) -> TriggerRecord | None:
    """Also a deleted one, while EventBridge holds a part of it."""
    item = table.get(keys.trigger(organisation_id, trigger_id))
    return record_of(TriggerRecord, item) if item else None


def find_hook(trigger_id: str) -> TriggerRecord | None:
    """The trigger that a call from outside names. Whose a hook is never changes, so a container that knows one reads the trigger alone."""
    try:
        organisation_id = _organisation_of_hook(trigger_id)
    except TriggerNotFound:
        return None
    found = find(organisation_id, trigger_id)
    return found if found is not None and found.deleted_at is None else None


@lru_cache(maxsize=1024)
def _organisation_of_hook(trigger_id: str) -> str:
    """Raises TriggerNotFound, so that only what there is is kept."""
    item = table.get(keys.hook(trigger_id))
    if item is None:
        raise TriggerNotFound(f"there is no trigger {trigger_id}")
    return record_of(HookRecord, item).organisation_id


def list_of_workflow(organisation_id: str, workflow_id: str) -> tuple[TriggerRecord, ...]:
    """By name, as they are now."""
    return tuple(_alive(organisation_id, _ids_of_workflow(organisation_id, workflow_id)))


def list_with_tallies(organisation_id: str, workflow_id: str) -> tuple[tuple[TriggerRecord, Tally], ...]:
    """The same, each with what it did so far."""
    ids = _ids_of_workflow(organisation_id, workflow_id)
    wanted = [(keys.trigger(organisation_id, each), keys.trigger_tally(organisation_id, each)) for each in ids]
    found = table.get_many([key for both in wanted for key in both])
    shown = (
        (record_of(TriggerRecord, found[key]), record_of(Tally, found[tally]) if tally in found else Tally()) for key, tally in wanted if key in found
    )
    return tuple((trigger, tally) for trigger, tally in shown if trigger.deleted_at is None)


def _ids_of_workflow(organisation_id: str, workflow_id: str) -> list[str]:
    pk = keys.workflow(organisation_id, workflow_id).pk
    return [record_of(TriggerName, item).trigger_id for item in table.query_all(pk, prefix="TRIGGER#")]


def list_after(organisation_id: str, workflow_id: str) -> tuple[TriggerRecord, ...]:
    """The enabled triggers that wait for the ends of this workflow's runs."""
    pk = keys.workflow(organisation_id, workflow_id).pk
    ids = [record_of(AfterRecord, item).trigger_id for item in table.query_all(pk, prefix="AFTER#")]
    return tuple(found for found in _alive(organisation_id, ids) if found.enabled)


def list_page(
    organisation_id: str,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[TriggerRecord]], Sequence[TriggerRecord]] = all_of,
    workflow_name: str | None = None,
    terms: object = None,
    backwards: bool = False,
) -> TriggerPage:
    """Triggers by workflow and name, all or those of workflows of a name, as far as `keep` gives them back. A page may be short, or empty, and still
    have a cursor. Raises CursorInvalid."""
    place = keys.trigger_list(organisation_id)
    span = (f"{workflow_name}#", f"{workflow_name}#{_AFTER_ALL}") if workflow_name is not None else None

    def keep_alive(found: Sequence[TriggerRecord]) -> Sequence[TriggerRecord]:
        return keep([trigger for trigger in found if trigger.deleted_at is None])

    found = page_at(organisation_id, place, whole(_trigger), keep_alive, limit=limit, cursor=cursor, terms=terms, backwards=backwards, span=span)
    return TriggerPage(*found)


def _trigger(item: Item) -> TriggerRecord:
    return record_of(TriggerRecord, item)


def list_unsynced(organisation_id: str, *, limit: int = 100) -> tuple[str, ...]:
    """Ids of triggers whose part at EventBridge may be out of date. The index lags."""
    page = table.query_index(keys.unsynced_triggers(organisation_id), limit=limit)
    return tuple(key.pk.rpartition("#")[2] for key in table.keys_of(page.items))


def mark_unsynced(trigger: TriggerRecord) -> None:
    """EventBridge says what the record does not."""
    with suppress(ConditionLost):
        marks = table.places(keys.unsynced_triggers(trigger.organisation_id, trigger.id))
        table.write(table.assign(keys.trigger(trigger.organisation_id, trigger.id), marks, condition=table.PRESENT))


def settle_synced(trigger: TriggerRecord, *, handled_from: str | None) -> bool:
    """EventBridge holds what the record says; a deleted one's record goes. False where it changed meanwhile."""
    key, read = keys.trigger(trigger.organisation_id, trigger.id), {"read": trigger.revision}
    changes = {"GSI2PK": None, "GSI2SK": None, "synced_revision": trigger.revision, **({"handled_from": handled_from} if handled_from else {})}
    settled = table.delete(key, condition=_AT_REVISION, values=read) if trigger.deleted_at else None
    try:
        table.write(settled or table.assign(key, changes, condition=_AT_REVISION, values=read))
    except ConditionLost:
        return find(trigger.organisation_id, trigger.id) is None
    return True


def record_firing(organisation_id: str, firing: Firing) -> bool:
    """Keep a firing and count it. False where its run was recorded before; a failure gives way to what comes after it."""
    key = keys.firing(organisation_id, firing.trigger_id, firing.at, hashlib.sha256(firing.key.encode()).hexdigest()[:16])
    counts = {"fired_count": 1, "failed_count": int(firing.error is not None)}
    kept = table.put(item_of(firing, key, expires_at=epoch_seconds() + KEPT_SECONDS), condition=f"{table.ABSENT} OR attribute_not_exists(#run_id)")
    counted = table.add(keys.trigger_tally(organisation_id, firing.trigger_id), counts)
    try:
        _transact_latest(kept, counted, firing)
    except ConditionLost:
        return False
    if firing.scheduled:
        _advance(organisation_id, firing.trigger_id, {"last_scheduled_at": firing.at}, "last_scheduled_at")
    return True


def _transact_latest(kept: Write, counted: Write, firing: Firing) -> None:
    """The firing, counted. The latest of all is shown at the trigger; one that is made up for later changes nothing of that. Raises ConditionLost
    where its run was recorded before."""
    try:
        table.transact([kept, _with_last(counted, firing)])
    except ConditionLost as lost:
        if 0 in lost.positions:
            raise
        table.transact([kept, counted])


def _with_last(counted: Write, firing: Firing) -> Write:
    last = {"last_at": firing.at, "last_run_id": firing.run_id, "last_error": fields_of(firing).get("error")}
    told = _later(counted.key, last, "last_at")
    return table.update(counted.key, f"{counted.update} {told.update}", values={**counted.values, **told.values}, condition=told.condition)


def _advance(organisation_id: str, trigger_id: str, changes: Mapping[str, Any], ordered_by: str) -> None:
    with suppress(ConditionLost):
        table.write(_later(keys.trigger_tally(organisation_id, trigger_id), changes, ordered_by))


def _later(key: keys.Key, changes: Mapping[str, Any], ordered_by: str) -> Write:
    """The write of what holds until something later comes."""
    return table.assign(key, changes, condition=f"attribute_not_exists(#{ordered_by}) OR #{ordered_by} <= :{ordered_by}_new")


def tally(organisation_id: str, trigger_id: str) -> Tally:
    return tallies(organisation_id, [trigger_id]).get(trigger_id, Tally())


def tallies(organisation_id: str, trigger_ids: Sequence[str]) -> dict[str, Tally]:
    found = table.get_many([keys.trigger_tally(organisation_id, trigger_id) for trigger_id in trigger_ids])
    return {key.pk.rpartition("#")[2]: record_of(Tally, item) for key, item in found.items()}


def list_firings(
    organisation_id: str,
    trigger_id: str,
    *,
    limit: int,
    cursor: str | None = None,
    keep: Callable[[Sequence[Firing]], Sequence[Firing]] = all_of,
    terms: object = None,
    newest_first: bool = True,
) -> FiringPage:
    """Firings by time, those that `keep` gives back. A page may be short, or empty, and still have a cursor. Raises CursorInvalid."""
    pk = keys.trigger(organisation_id, trigger_id).pk
    return FiringPage(*page_in(pk, "FIRING#", _firing, keep, limit=limit, cursor=cursor, terms=terms, backwards=newest_first))


def _firing(item: Item) -> Firing:
    return record_of(Firing, item)


def _alive(organisation_id: str, ids: Sequence[str]) -> Iterator[TriggerRecord]:
    wanted = [keys.trigger(organisation_id, trigger_id) for trigger_id in ids]
    found = table.get_many(wanted)
    records = (record_of(TriggerRecord, found[key]) for key in wanted if key in found)
    return (record for record in records if record.deleted_at is None)


def _item(trigger: TriggerRecord) -> Item:
    organisation_id = trigger.organisation_id
    places: list[IndexKey] = []
    if trigger.deleted_at is None:
        places.append(keys.trigger_list(organisation_id, f"{trigger.workflow_name}#{trigger.name}#{trigger.id}"))
    if trigger.is_of_aws:
        places.append(keys.unsynced_triggers(organisation_id, trigger.id))
    return item_of(trigger, keys.trigger(organisation_id, trigger.id), *places)


def _found_by(trigger: TriggerRecord) -> list[Write]:
    """What leads to a trigger from outside: of a webhook, whose it is; of a run's end, the workflow that it waits for."""
    organisation_id = trigger.organisation_id
    if trigger.webhook is not None:
        return [table.put(item_of(HookRecord(organisation_id=organisation_id), keys.hook(trigger.id)))]
    if trigger.run_end is not None:
        key = keys.trigger_after(organisation_id, trigger.run_end.workflow_id, trigger.id)
        return [table.put(item_of(AfterRecord(trigger_id=trigger.id), key))]
    return []
