"""The repository of drafts: one of each person for a workflow. What is written is written over exactly what was read.

In: drafts. Out: drafts. Raises ConditionLost where somebody wrote meanwhile, WorkflowNotFound where the workflow went.
"""

from contextlib import suppress
from typing import Final

from chalicelib.errors import ConditionLost, WorkflowNotFound
from chalicelib.store import keys, table
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.large_fields import pack, unpack
from chalicelib.store.table import Write
from chalicelib.store.workflow_records import Draft

ALIVE: Final = "attribute_exists(PK) AND attribute_not_exists(deleted_at)"  # of a workflow


def find(organisation_id: str, workflow_id: str, person: str) -> Draft | None:
    item = table.get(keys.draft(organisation_id, workflow_id, person))
    return _draft_of(organisation_id, item) if item else None


def list_of_workflow(organisation_id: str, workflow_id: str) -> tuple[Draft, ...]:
    """All drafts of a workflow, by person."""
    found = table.query_all(keys.workflow(organisation_id, workflow_id).pk, prefix="DRAFT#")
    return tuple(_draft_of(organisation_id, item) for item in found)


def write_over(organisation_id: str, draft: Draft, read: Draft | None) -> Write:
    """The write that puts a draft in place of the one that was read; None: there was none."""
    place = keys.draft(organisation_id, draft.workflow_id, draft.person)
    item = item_of(draft, place, etag=draft.etag)
    packed = pack(organisation_id, item, "text", folder=f"workflows/{draft.workflow_id}")
    return table.put(packed, condition=table.ABSENT) if read is None else table.put(packed, condition=_AS_READ, values=_values(read))


def save(organisation_id: str, draft: Draft, read: Draft | None, *, told: dict[str, str] | None = None) -> None:
    """Write a draft over the one that was read. `told`: what the workflow shows of itself from now on."""
    key = keys.workflow(organisation_id, draft.workflow_id)
    alive = table.check(key, ALIVE) if told is None else table.assign(key, {**told, "updated_at": draft.saved_at}, condition=ALIVE)
    try:
        table.transact([alive, write_over(organisation_id, draft, read)])
    except ConditionLost as lost:
        if 0 in lost.positions:
            raise WorkflowNotFound(f"there is no workflow {draft.workflow_id}") from lost
        raise


def set_base(organisation_id: str, draft: Draft, number: int) -> None:
    """The draft goes on from that version. Nothing happens to one that was discarded, or goes on from a later one."""
    place = keys.draft(organisation_id, draft.workflow_id, draft.person)
    changes = {"base_version": number}
    with suppress(ConditionLost):
        table.write(table.assign(place, changes, condition=f"{table.PRESENT} AND #base_version < :base", values={"base": number}))


def discard(organisation_id: str, draft: Draft) -> None:
    """Delete the draft that was read."""
    table.write(table.delete(keys.draft(organisation_id, draft.workflow_id, draft.person), condition=_AS_READ, values=_values(draft)))


_AS_READ: Final = "#etag = :read AND #base_version = :base"


def _values(read: Draft) -> dict[str, str | int]:
    return {"read": read.etag, "base": read.base_version}


def _draft_of(organisation_id: str, item: Item) -> Draft:
    return record_of(Draft, unpack(organisation_id, item, "text"))
