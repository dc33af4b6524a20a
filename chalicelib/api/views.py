"""Records as the API shows them: plain JSON, without what is the store's own business.

In: records. Out: objects in snake_case. Never: a task token (no record holds one), an organisation's id, a schema version.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from chalicelib.api.room import Room
from chalicelib.runs.compare import Comparison, NodePair
from chalicelib.runs.differences import Differences
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import pointers
from chalicelib.store.blobs import signed_url
from chalicelib.store.gate_records import Decision
from chalicelib.store.record import Record
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.values import Stored, load
from chalicelib.store.workflow_records import Draft, Version, VersionSummary, Workflow

_OWNERS = frozenset({"reserved_version", "latest_version_id", "deleted_at", "shares", "access_revision"})  # of a workflow
_INTERNAL = frozenset({"schema_version", "organisation_id", "revision", "write_count"})


def view(record: Record, *, without: frozenset[str] = frozenset()) -> JsonObject:
    """A record without its internals, at every depth."""
    document: JsonObject = {}
    for name in type(record).model_fields:
        if name not in _INTERNAL and name not in without:
            document[name] = _plain(getattr(record, name))
    return document


def _plain(value: object) -> Json:
    match value:
        case Record():
            return view(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"a record holds {type(value).__name__}, which is no JSON")


def workflow_view(workflow: Workflow, draft: Draft | None = None) -> JsonObject:
    """A workflow; with its draft where one is asked for."""
    document = {**view(workflow, without=_OWNERS), "owner": workflow.owned_by}
    return document if draft is None else {**document, "draft": draft_view(draft)}


def draft_view(draft: Draft) -> JsonObject:
    """A draft; `etag` is what saving is compared with (`If-Match`)."""
    return {**view(draft), "revision": draft.revision, "etag": draft.etag}


def version_view(version: Version | VersionSummary) -> JsonObject:
    return view(version)


def run_view(run: Run) -> JsonObject:
    """A run without its values."""
    return {**view(run, without=frozenset({"running_count", "waiting_count", "above", "capped"})), "write_count": run.write_count}


def node_run_view(organisation_id: str, node_run: NodeRun, *, whole: bool, room: Room | None = None) -> JsonObject:
    """A node run. Values that lie in S3 are loaded only for a `whole` view, which has their addresses too; elsewhere, and where there
    is no room, they are null, with their size."""
    document, held = view(node_run, without=frozenset({"input", "result"})), room or Room()
    for name, stored in (("input", node_run.input), ("output", node_run.result)):
        value, document[f"{name}_bytes"] = _value(organisation_id, stored, whole=whole)
        document[name] = held.take(value)
        if whole:
            document[f"{name}_url"] = _url(organisation_id, stored, f"{node_run.node}-{name}")
    return document


def comparison_view(found: Comparison) -> JsonObject:
    """Two runs beside each other. Lists of two hold the first run's and the other's."""
    nodes: list[Json] = [_pair_view(pair) for pair in found.nodes]
    return {
        "runs": [run_view(found.before), run_view(found.after)],
        "spec": _differences_view(found.spec),
        "input": _differences_view(found.input),
        "output": _differences_view(found.output),
        "nodes": nodes,
        "is_cut": found.is_cut,
    }


def _pair_view(pair: NodePair) -> JsonObject:
    both = (pair.before, pair.after)
    return {
        "node": pair.node,
        "item_path": pair.item_path,
        "status": [None if each is None else each.status.value for each in both],
        "seconds": [None if each is None else _seconds(each) for each in both],
        "attempt_count": [None if each is None else each.attempt_count for each in both],
        "cost": [None if each is None else each.usage.cost for each in both],
        "error": [None if each is None or each.error is None else view(each.error) for each in both],
        "input": _differences_view(pair.input),
        "output": _differences_view(pair.output),
    }


def _differences_view(found: Differences) -> JsonObject:
    return {"found": [asdict(each) for each in found.found], "is_cut": found.is_cut}


def _seconds(node_run: NodeRun) -> float | None:
    """From the first beginning to the last end."""
    if node_run.ended_at is None:
        return None
    return round((datetime.fromisoformat(node_run.ended_at) - datetime.fromisoformat(node_run.started_at)).total_seconds(), 3)


def decision_view(decision: Decision) -> JsonObject:
    return view(decision)


def _url(organisation_id: str, stored: Stored | None, name: str) -> str | None:
    """Where a value that lies in S3 can be had for some minutes, however large."""
    if stored is None:
        return None
    blob = stored.blob or pointers.blob_of(load(organisation_id, stored))
    return None if blob is None else signed_url(organisation_id, blob, name=name)


def _value(organisation_id: str, stored: Stored | None, *, whole: bool) -> tuple[Json, int]:
    """The value and its size. A pointer record stands for what it points to."""
    if stored is None:
        return None, 0
    if stored.blob is not None and not whole:
        return None, stored.blob.bytes
    value = load(organisation_id, stored)
    size = pointers.size_of(value) or (stored.blob.bytes if stored.blob else len((stored.text or "").encode()))
    if pointers.is_pointer(value):
        return (pointers.resolve_all(organisation_id, value) if whole else None), size
    return value, size
