"""The repository of runs: create, read, list. What changes a run afterwards goes through `store.journal`."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost, RunNotFound
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, table, tallies
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.journal import first_event
from chalicelib.store.keys import IndexKey, Key
from chalicelib.store.pages import all_of, page_at
from chalicelib.store.record import FreeObject, Record
from chalicelib.store.run_marks import Mark, mark_write
from chalicelib.store.run_records import NodeAttempt, NodeRun, Run, RunEvent
from chalicelib.store.slots import SlotLost
from chalicelib.store.statuses import RunStatus
from chalicelib.store.table import Write
from chalicelib.store.values import Stored, keep, load

KEY_SECONDS: Final = 24 * 3600
_NEVER: Final = -1  # no count of events: no change of the run finds it


class StoredValue(Record):
    """A run's input or output."""

    value: Stored


class KeyRecord(Record):
    """Which run an idempotency key stands for, and the digest of the request it came with."""

    run_id: str
    request_sha256: str


class Promise(Record):
    """What the waiting node puts out: an object of the schema, without one `{text}`."""

    output: FreeObject | None = None


class ParentLink(Record):
    """The waiting node of the parent; the token and the answer are attributes of the item that only `store.answers` reads."""

    attempt: NodeAttempt
    keep: tuple[str, ...] = ()
    inline_bytes: int = 24 * 1024
    promise: Promise | None = None  # of an agent node


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be created, with what is written beside it. `lasting_key`: the key never expires (a parent's, a trigger's). A trial is in no list of
    runs."""

    run: Run
    input: Json
    key_sha256: str | None = None
    request_sha256: str = ""
    lasting_key: bool = False
    parent: ParentLink | None = None
    token: str | None = None
    marks: tuple[Mark, ...] = ()
    writes: tuple[Write, ...] = ()
    slots: tuple[Write, ...] = ()  # by which it takes one or gets in line
    told: JsonObject = field(default_factory=dict)  # more that its first event says


def create(new: NewRun) -> tuple[Run, RunEvent]:
    """Write a run with its first event. Raises ConditionLost when the key stands for a run already, SlotLost when nothing but the slot is missing."""
    writes = _writes(new)
    run = new.run.model_copy(update={"event_count": 1, "write_count": len(writes)})
    event = first_event(run, new.told)
    organisation_id = run.organisation_id
    listed = keys.runs_of_workflow if run.trial_of is None else keys.trials_of_workflow
    places = (listed(organisation_id, run.workflow_id, run.id), keys.open_runs(organisation_id, run.id))
    writes[0] = table.put(item_of(run, keys.run(organisation_id, run.id), *places), condition=table.ABSENT)
    writes[1] = table.put(item_of(event, keys.event(organisation_id, run.id, 1)), condition=table.ABSENT)
    try:
        table.transact([*writes, *new.slots])
    except ConditionLost as lost:
        if min(lost.positions, default=0) >= len(writes):
            raise SlotLost(lost.positions) from lost
        raise
    return run, event


def _writes(new: NewRun) -> list[Write]:
    """All items of a new run; the first two, the run itself and its event, are put in once the others are counted."""
    run, organisation_id = new.run, new.run.organisation_id
    given = StoredValue(value=keep(organisation_id, f"runs/{run.id}/input", new.input))
    places = _listed(run) if run.trial_of is None else ()
    writes = [
        table.put({"PK": "", "SK": ""}),
        table.put({"PK": "", "SK": ""}),
        table.put(item_of(given, keys.run_input(organisation_id, run.id), *places)),
        *(() if run.trial_of is not None else (tallies.started_write(run),)),
        *(mark_write(run, mark) for mark in new.marks),
        *new.writes,
    ]
    if new.key_sha256 is not None:
        writes.append(_key_write(new, new.key_sha256))
    if new.parent is not None:
        writes.append(table.put(item_of(new.parent, keys.run_parent(organisation_id, run.id), task_token=new.token)))
    return writes


def _listed(run: Run) -> tuple[IndexKey, IndexKey]:
    """The lists in which the run is found by its input's item."""
    return keys.runs_of_organisation(run.organisation_id, run.id), keys.runs_of_version(run.organisation_id, run.version_id, run.id)


def _key_write(new: NewRun, key_sha256: str) -> Write:
    known = KeyRecord(run_id=new.run.id, request_sha256=new.request_sha256)
    expires_at = None if new.lasting_key else epoch_seconds() + KEY_SECONDS
    item = item_of(known, keys.start_key(new.run.organisation_id, new.run.workflow_id, key_sha256), expires_at=expires_at)
    return table.put(item, condition=f"{table.ABSENT} OR #expires_at < :now", values={"now": epoch_seconds()})


def find_key(organisation_id: str, workflow_id: str, key_sha256: str) -> KeyRecord | None:
    """What a key stands for; None when it is unknown or too old."""
    item = table.get(keys.start_key(organisation_id, workflow_id, key_sha256))
    if item is None or item.get("expires_at", epoch_seconds()) < epoch_seconds():
        return None
    return record_of(KeyRecord, item)


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def get(organisation_id: str, run_id: str) -> Run:
    """Raises RunNotFound."""
    found = find(organisation_id, run_id)
    if found is None:
        raise RunNotFound(f"there is no run {run_id}")
    return found


def find(organisation_id: str, run_id: str) -> Run | None:
    item = table.get(keys.run(organisation_id, run_id))
    return record_of(Run, item) if item and "deleting" not in item else None


def get_many(organisation_id: str, run_ids: Iterable[str]) -> dict[str, Run]:
    """Those of the runs that exist, by id."""
    found = table.get_many([keys.run(organisation_id, run_id) for run_id in run_ids])
    return {run.id: run for run in (record_of(Run, item) for item in found.values())}


def get_with_nodes(organisation_id: str, run_id: str, addresses: Sequence[tuple[str, str]]) -> tuple[Run, dict[tuple[str, str], NodeRun]]:
    """A run and some of its node runs, in one read. Raises RunNotFound."""
    run_key = keys.run(organisation_id, run_id)
    places = {keys.node_run(organisation_id, run_id, *address): address for address in addresses}
    found = table.get_many([run_key, *places])
    if run_key not in found or "deleting" in found[run_key]:
        raise RunNotFound(f"there is no run {run_id}")
    return record_of(Run, found[run_key]), {places[key]: record_of(NodeRun, item) for key, item in found.items() if key in places}


def get_with_values(organisation_id: str, run_id: str) -> tuple[Run, Stored | None, Stored | None]:
    """A run with its input and its output as they are kept, in one read; in a second one where it ended between. Raises RunNotFound."""
    run_key, given, output = keys.run(organisation_id, run_id), keys.run_input(organisation_id, run_id), keys.run_output(organisation_id, run_id)
    found = table.get_many([run_key, given, output])
    if run_key not in found or "deleting" in found[run_key]:
        raise RunNotFound(f"there is no run {run_id}")
    run, put_out = record_of(Run, found[run_key]), found.get(output)
    if put_out is None and run.status is RunStatus.SUCCEEDED:
        put_out = table.get(output)
    return run, _stored(found.get(given)), _stored(put_out)


def find_node_run(organisation_id: str, run_id: str, node: str, item_path: str = "") -> NodeRun | None:
    item = table.get(keys.node_run(organisation_id, run_id, node, item_path))
    return record_of(NodeRun, item) if item else None


def list_node_runs(organisation_id: str, run_id: str) -> tuple[NodeRun, ...]:
    """All node runs, in the order of their keys."""
    return tuple(record_of(NodeRun, item) for item in table.query_all(keys.run(organisation_id, run_id).pk, prefix="NODE#"))


def list_few_node_runs(organisation_id: str, run_id: str, *, most: int) -> tuple[NodeRun, ...] | None:
    """All node runs in one read; None where there are more than `most`, at most 1,000."""
    page = table.query(keys.run(organisation_id, run_id).pk, prefix="NODE#", limit=most)
    return None if page.last is not None else tuple(record_of(NodeRun, item) for item in page.items)


def list_events(organisation_id: str, run_id: str, *, since: int = 0, limit: int = 500) -> tuple[RunEvent, ...]:
    """Events above a number, in order."""
    above = keys.event(organisation_id, run_id, since)
    page = table.query(above.pk, prefix="EVENT#", above=above.sk, limit=limit)
    return tuple(record_of(RunEvent, item) for item in page.items)


def get_input(organisation_id: str, run_id: str) -> Json:
    return load(organisation_id, find_input(organisation_id, run_id))


def get_output(organisation_id: str, run_id: str) -> Json:
    return load(organisation_id, find_output(organisation_id, run_id))


def find_input(organisation_id: str, run_id: str) -> Stored | None:
    """As it is kept."""
    return _stored(table.get(keys.run_input(organisation_id, run_id)))


def find_output(organisation_id: str, run_id: str) -> Stored | None:
    return _stored(table.get(keys.run_output(organisation_id, run_id)))


def input_write(run: Run, given: Json) -> Write:
    """The write that gives a run another input, or its place among the runs of another version, for the transaction that resumes it."""
    value = StoredValue(value=keep(run.organisation_id, f"runs/{run.id}/input", given))
    return table.put(item_of(value, keys.run_input(run.organisation_id, run.id), *_listed(run)))


def output_write(organisation_id: str, run_id: str, output: Json) -> Write:
    """The write that keeps a run's output, for the transaction that ends it."""
    value = StoredValue(value=keep(organisation_id, f"runs/{run_id}/output", output))
    return table.put(item_of(value, keys.run_output(organisation_id, run_id)))


def find_parent(organisation_id: str, run_id: str) -> ParentLink | None:
    item = table.get(keys.run_parent(organisation_id, run_id))
    return record_of(ParentLink, item) if item else None


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: tuple[Run, ...]
    cursor: str | None


def list_page(
    organisation_id: str,
    place: IndexKey,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[Run]], Sequence[Run]] = all_of,
    span: tuple[str, str] | None = None,
    newest_first: bool = True,
    terms: object = None,
) -> RunPage:
    """Runs at one place of an index: those that `keep` keeps, of the ids in `span`. A page may be short, or empty, and still have a cursor. Raises
    CursorInvalid."""
    load = partial(_runs_at, organisation_id)
    return RunPage(*page_at(organisation_id, place, load, keep, limit=limit, cursor=cursor, terms=terms, backwards=newest_first, span=span))


def _runs_at(organisation_id: str, items: Sequence[Item]) -> list[tuple[Item, Run]]:
    """What stands at an index is a run's, its input's or a mark's place: the run itself stands beside it."""
    of_run = [(item, keys.run(organisation_id, item["PK"].rpartition("#")[2])) for item in items]
    found = table.get_many([key for _, key in of_run])
    return [(item, record_of(Run, found[key])) for item, key in of_run if key in found and "deleting" not in found[key]]


def forget_open(run: Run, *, expires_at: int | None = None) -> None:
    """Take an ended run out of the index of open ones: nothing is left to do for it, until its retention is over."""
    place = {"GSI2PK": None, "GSI2SK": None}
    if expires_at is not None:
        place = table.places(keys.expiring_runs(run.organisation_id, expires_at, run.id))
    condition = "attribute_exists(GSI2PK) AND attribute_exists(ended_at)"
    with suppress(ConditionLost):
        table.write(table.assign(keys.run(run.organisation_id, run.id), {**place, "lingers": False}, condition=condition))


def list_expired(organisation_id: str, *, limit: int = 25) -> tuple[str, ...]:
    """Runs whose retention is over, those that have waited longest first."""
    place, now = keys.expiring_runs(organisation_id), epoch_seconds()
    page = table.query_index(place, limit=limit)
    found = (item["GSI2SK"].partition("#") for item in page.items)
    return tuple(run_id for at, _, run_id in found if int(at) <= now)


def take_for_deletion(organisation_id: str, run_id: str) -> tuple[Key, ...] | None:
    """Mark an ended run as one that is being deleted: from now on nobody finds it, and nothing is written to it. Out: the keys that led to it, to be
    deleted with it. None where it goes on by a resume, or is gone."""
    item = table.get(keys.run(organisation_id, run_id)) or {}
    changes = {"deleting": True, "event_count": _NEVER}
    place = keys.expiring_runs(organisation_id)
    is_expired = "attribute_exists(ended_at) AND GSI2PK = :expiring"
    try:
        table.write(table.assign(keys.run(organisation_id, run_id), changes, condition=is_expired, values={"expiring": place.pk}))
    except ConditionLost:
        return None
    if "parent" not in item or "key" not in item:
        return ()
    return (keys.start_key(organisation_id, item["workflow_id"], key_digest(item["key"])),)


def request_cancel(run: Run, person: str, reason: str | None) -> None:
    """Note who wants the run cancelled, and why. The first one is noted; a run that has ended, or goes on by a resume since, is left as it is."""
    changes = {"cancel_requested_by": person, **({"cancel_reason": reason} if reason else {})}
    is_open = "attribute_exists(PK) AND attribute_not_exists(ended_at) AND attribute_not_exists(cancel_requested_by)"
    write = table.assign(
        keys.run(run.organisation_id, run.id), changes, condition=f"{is_open} AND #execution_name = :mine", values={"mine": run.execution_name}
    )
    with suppress(ConditionLost):
        table.write(write)


def _stored(item: Item | None) -> Stored | None:
    return record_of(StoredValue, item).value if item else None
