"""The repository of workflows and their versions. Names are unique in an organisation; versions never change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.clock import now_text
from chalicelib.errors import AccessChanged, ConditionLost, VersionNotFound, WorkflowNameTaken, WorkflowNotFound
from chalicelib.store import drafts, keys, table
from chalicelib.store.items import Item, fields_of, item_of, record_of
from chalicelib.store.large_fields import pack, unpack
from chalicelib.store.pages import all_of, at_index, page_at, page_in, read_all, whole
from chalicelib.store.record import Record
from chalicelib.store.table import Write
from chalicelib.store.workflow_records import Caller, Documents, Draft, Share, Version, VersionSummary, Workflow

ALIVE = drafts.ALIVE


class NameRecord(Record):
    """Which workflow has a name."""

    workflow_id: str


class Reservation(Record):
    """The number and id that a digest has, from before its machine exists on."""

    version_id: str
    number: int
    created_at: str
    created_by: str


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    workflows: tuple[Workflow, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class VersionPage:
    versions: tuple[VersionSummary, ...]
    cursor: str | None


def create(workflow: Workflow, draft: Draft, *, also: Sequence[Write] = ()) -> None:
    """Write a workflow with its draft, and what else belongs to that. Raises WorkflowNameTaken."""
    organisation_id = workflow.organisation_id
    name = NameRecord(workflow_id=workflow.id)
    place = keys.workflow_list(organisation_id, workflow.name)
    writes = [
        table.put(item_of(name, keys.workflow_name(organisation_id, workflow.name)), condition=table.ABSENT),
        table.put(item_of(workflow, keys.workflow(organisation_id, workflow.id), place), condition=table.ABSENT),
        drafts.write_over(organisation_id, draft, None),
        *also,
    ]
    try:
        table.transact(writes)
    except ConditionLost as fault:
        raise WorkflowNameTaken(f"there is a workflow called {workflow.name} already") from fault


def get(organisation_id: str, workflow_id: str) -> Workflow:
    """Raises WorkflowNotFound, also for a deleted one."""
    found = find(organisation_id, workflow_id)
    if found is None:
        raise WorkflowNotFound(f"there is no workflow {workflow_id}")
    return found


def find(organisation_id: str, workflow_id: str, *, deleted: bool = False) -> Workflow | None:
    """With `deleted`, also one that was deleted."""
    item = table.get(keys.workflow(organisation_id, workflow_id))
    found = record_of(Workflow, item) if item else None
    return found if found is not None and (deleted or found.deleted_at is None) else None


def find_many(organisation_id: str, workflow_ids: Iterable[str]) -> dict[str, Workflow]:
    """Workflows by id, those that were deleted among them."""
    found = table.get_many([keys.workflow(organisation_id, workflow_id) for workflow_id in sorted(workflow_ids)])
    return {workflow.id: workflow for workflow in (record_of(Workflow, item) for item in found.values())}


def set_access(workflow: Workflow, *, owner: str, shares: tuple[Share, ...], public: bool) -> Workflow:
    """Who may do what with a workflow. Raises AccessChanged when that was changed since it was read, WorkflowNotFound."""
    after = workflow.model_copy(update={"owner": owner, "shares": shares, "public": public, "access_revision": workflow.access_revision + 1})
    fields = fields_of(after)
    changes = {name: fields.get(name) for name in ("owner", "shares", "public", "access_revision")}
    condition = f"{ALIVE} AND (attribute_not_exists(access_revision) OR #access_revision = :read)"
    key = keys.workflow(workflow.organisation_id, workflow.id)
    try:
        table.write(table.assign(key, changes, condition=condition, values={"read": workflow.access_revision}))
    except ConditionLost as fault:
        get(workflow.organisation_id, workflow.id)
        raise AccessChanged("who may use this workflow was changed by somebody else since it was read") from fault
    return after


def find_by_name(organisation_id: str, name: str) -> Workflow | None:
    item = table.get(keys.workflow_name(organisation_id, name))
    return find(organisation_id, record_of(NameRecord, item).workflow_id) if item else None


def list_page(
    organisation_id: str,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[Workflow]], Sequence[Workflow]] = all_of,
    terms: object = None,
    backwards: bool = False,
) -> WorkflowPage:
    """Workflows by name, those of them that `keep` gives back. A page may be short, or empty, and still have a cursor. Raises CursorInvalid."""
    place = keys.workflow_list(organisation_id)

    def keep_alive(found: Sequence[Workflow]) -> Sequence[Workflow]:
        return keep([workflow for workflow in found if workflow.deleted_at is None])

    return WorkflowPage(*page_at(organisation_id, place, whole(_workflow), keep_alive, limit=limit, cursor=cursor, terms=terms, backwards=backwards))


def list_all(organisation_id: str) -> tuple[Workflow, ...]:
    """All workflows, to be sorted. Raises ListTooLong."""
    found = whole(_workflow)(read_all(at_index(keys.workflow_list(organisation_id)), "workflows"))
    return tuple(workflow for _, workflow in found if workflow.deleted_at is None)


def _workflow(item: Item) -> Workflow:
    return record_of(Workflow, item)


def delete(workflow: Workflow) -> None:
    """Mark a workflow as deleted, take it out of the list and free its name. Deleting twice changes nothing."""
    organisation_id = workflow.organisation_id
    changes = {"deleted_at": now_text(), "GSI1PK": None, "GSI1SK": None}
    writes = [
        table.assign(keys.workflow(organisation_id, workflow.id), changes, condition=ALIVE),
        table.delete(keys.workflow_name(organisation_id, workflow.name), condition="#workflow_id = :mine", values={"mine": workflow.id}),
    ]
    try:
        table.transact(writes)
    except ConditionLost:
        return


def find_reservation(organisation_id: str, workflow_id: str, digest: str, after: int) -> Reservation | None:
    item = table.get(keys.digest(organisation_id, workflow_id, digest, after))
    return record_of(Reservation, item) if item else None


def reserve(workflow: Workflow, digest: str, reservation: Reservation) -> None:
    """Give a digest the next number, on top of the workflow's latest version. Raises ConditionLost when the number or the digest is taken."""
    key = keys.workflow(workflow.organisation_id, workflow.id)
    read = {"read": workflow.reserved_version}
    place = keys.digest(workflow.organisation_id, workflow.id, digest, workflow.latest_version)
    writes = [
        table.assign(key, {"reserved_version": reservation.number}, condition=f"{ALIVE} AND #reserved_version = :read", values=read),
        table.put(item_of(reservation, place), condition=table.ABSENT),
    ]
    table.transact(writes)


def put_version(version: Version, documents: Documents, *, after: int) -> None:
    """Write a version whose machine exists, and make it the latest in place of `after`. Writing it twice changes nothing.

    Raises ConditionLost when another version came in between, or the workflow went.
    """
    organisation_id = version.organisation_id
    _put_callers(version)
    item = item_of(version, keys.version(organisation_id, version.id))
    summary = VersionSummary.model_validate(version.model_dump(include=set(VersionSummary.model_fields)))
    shown = {"title": version.title, "description": version.spec.get("description") or "", "labels": version.spec.get("labels") or {}}
    changes = {"latest_version": version.number, "latest_version_id": version.id, "updated_at": now_text(), **shown}
    key = keys.workflow(organisation_id, version.workflow_id)
    writes = [
        table.put(pack(organisation_id, item, "spec", folder=f"versions/{version.id}"), condition=table.ABSENT),
        table.put(item_of(documents, keys.documents(organisation_id, version.id))),
        table.put(item_of(summary, keys.version_summary(organisation_id, version.workflow_id, version.number))),
        table.assign(key, changes, condition=f"{ALIVE} AND #latest_version = :after", values={"after": after}),
    ]
    try:
        table.transact(writes)
    except ConditionLost as lost:
        if 0 not in lost.positions:
            raise


def _put_callers(version: Version) -> None:
    """Before the version: a caller too many is told apart later, one too few would be missed."""
    caller = Caller(workflow_id=version.workflow_id, workflow_name=version.workflow_name)
    for child in version.children.values():
        table.write(table.put(item_of(caller, keys.caller(version.organisation_id, child.workflow_id, version.workflow_id))))


def list_callers(organisation_id: str, workflow_id: str) -> tuple[Caller, ...]:
    """Workflows of which some version was published as a caller of this one."""
    found = table.query_all(keys.workflow(organisation_id, workflow_id).pk, prefix="CALLER#")
    return tuple(record_of(Caller, item) for item in found)


def list_versions(
    organisation_id: str,
    workflow_id: str,
    *,
    limit: int,
    cursor: str | None,
    keep: Callable[[Sequence[VersionSummary]], Sequence[VersionSummary]] = all_of,
    terms: object = None,
    newest_first: bool = True,
) -> VersionPage:
    """Versions by number, those that `keep` gives back. A page may be short, or empty, and still have a cursor. Raises CursorInvalid."""
    pk = keys.workflow(organisation_id, workflow_id).pk
    return VersionPage(*page_in(pk, "VERSION#", _summary, keep, limit=limit, cursor=cursor, terms=terms, backwards=newest_first))


def _summary(item: Item) -> VersionSummary:
    return record_of(VersionSummary, item)


def get_summary(organisation_id: str, workflow_id: str, number: int) -> VersionSummary:
    item = table.get(keys.version_summary(organisation_id, workflow_id, number))
    if item is None:
        raise VersionNotFound(f"workflow {workflow_id} has no version {number}")
    return record_of(VersionSummary, item)


def get_numbered(workflow: Workflow, number: int) -> Version:
    """A version of a workflow that is at hand, which mostly knows where the latest one is. Raises VersionNotFound."""
    organisation_id = workflow.organisation_id
    if number == workflow.latest_version and workflow.latest_version_id:
        latest = get_version(organisation_id, workflow.latest_version_id)
        if latest.number == number:  # an older release that publishes notes the number alone
            return latest
    return get_version(organisation_id, get_summary(organisation_id, workflow.id, number).id)


@lru_cache(maxsize=64)
def get_version(organisation_id: str, version_id: str) -> Version:
    """A version by id, cached per container: it never changes. Raises VersionNotFound."""
    item = table.get(keys.version(organisation_id, version_id))
    if item is None:
        raise VersionNotFound(f"there is no version {version_id}")
    return record_of(Version, unpack(organisation_id, item, "spec"))


def get_documents(organisation_id: str, version_id: str) -> Documents:
    item = table.get(keys.documents(organisation_id, version_id))
    if item is None:
        raise VersionNotFound(f"there is no version {version_id}")
    return record_of(Documents, item)
