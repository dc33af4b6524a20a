"""What a worker's word makes of a run: the node's own change, and what it tells of the nodes that no worker serves.

In: the attempt, the run and node runs as read, and what is told. Out: node changes with their events, for a proposal to the journal.
Pure but for reading the
(cached) version. Maps around the node begin with their first item; native nodes are settled by the next worker's payload.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import RunEnded, StaleAttempt
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.journal import NewEvent, NodeChange
from chalicelib.store.node_places import enclosing_maps, places_of
from chalicelib.store.record import plain
from chalicelib.store.run_records import Fault, Fence, NodeAttempt, NodeRun, Run
from chalicelib.store.statuses import EventType, NodeStatus
from chalicelib.store.transitions import settle_native
from chalicelib.store.values import Stored, keep

Address = tuple[str, str]
SHOWN_BYTES = 1024  # of a result, in its event


@dataclass(frozen=True)
class Scene:
    """A run and those of its node runs that a word may change, as read just now."""

    attempt: NodeAttempt
    run: Run
    nodes: Mapping[Address, NodeRun]
    settled: Mapping[Address, Json] = field(default_factory=dict)

    @property
    def node(self) -> NodeRun | None:
        return self.nodes.get(self.attempt.address)


def read_scene(attempt: NodeAttempt, *, settled: Mapping[str, Json] | None = None, also: Sequence[Address] = ()) -> Scene:
    """Read what an attempt may change. Raises RunNotFound."""
    named = list(settled or ())
    at_root = [(name, "") for name in named] if not attempt.item_path else []
    near = [attempt.address, *enclosing_maps(attempt.item_path), *also, *at_root]
    run, nodes = runs.get_with_nodes(attempt.organisation_id, attempt.run_id, near)
    if not settled or at_root:
        return Scene(attempt, run, nodes, {address: (settled or {})[address[0]] for address in at_root})
    natives = _addressed(attempt, run, settled)
    _, more = runs.get_with_nodes(attempt.organisation_id, attempt.run_id, list(natives))
    return Scene(attempt, run, {**more, **nodes}, natives)


def require_open(scene: Scene) -> None:
    """Raises RunEnded when the run has ended, StaleAttempt when it was resumed since the attempt began."""
    if scene.run.status.is_terminal:
        raise RunEnded(f"run {scene.run.id} has {scene.run.status}")
    if scene.attempt.fence.resume < scene.run.resume:
        raise StaleAttempt(f"run {scene.run.id} was resumed since")


def require_run(attempt: NodeAttempt) -> None:
    """Raises RunEnded, StaleAttempt or RunNotFound where the attempt's work is wanted no longer."""
    require_open(Scene(attempt, runs.get(attempt.organisation_id, attempt.run_id), {}))


def surroundings(scene: Scene, at: str) -> list[NodeChange]:
    """What a word of a worker says beside its own node: maps that begin with it, native nodes that are settled."""
    return [*settled_changes(scene, at), *begun_maps(scene, at)]


def node_event(node_run: NodeRun, kind: EventType, data: JsonObject | None = None, *, occurred_at: str | None = None) -> NewEvent:
    return NewEvent(kind, node=node_run.node, item_path=node_run.item_path, data=data or {}, occurred_at=occurred_at)


def started_data(node_run: NodeRun) -> JsonObject:
    words: JsonObject = {
        "attempt": node_run.fence.retry + 1,
        "visit": node_run.fence.visit,
        "entry": node_run.fence.entry,
        "resume": node_run.fence.resume,
    }
    return _without_zeros(words)


def waiting_data(node_run: NodeRun) -> JsonObject:
    words: JsonObject = {"waiting_for": node_run.waiting_for, "reference": node_run.reference, "until": node_run.until}
    return {name: value for name, value in words.items() if value is not None}


def succeeded_data(node_run: NodeRun) -> JsonObject:
    """A small result is shown as it is."""
    data: JsonObject = {}
    if node_run.result is not None and node_run.result.text is not None and len(node_run.result.text) <= SHOWN_BYTES:
        data["result"] = json.loads(node_run.result.text)
    if node_run.details:
        data["details"] = node_run.details
    return {**data, **_usage_data(node_run)}


def fault_data(error: Fault) -> JsonObject:
    return {"error": plain(error)}


def failed_data(node_run: NodeRun, error: Fault) -> JsonObject:
    """What went wrong, and what the node has spent so far."""
    return {**fault_data(error), **_usage_data(node_run)}


def _usage_data(node_run: NodeRun) -> JsonObject:
    spent = node_run.usage
    return {"usage": plain(spent)} if spent.input_tokens or spent.output_tokens or spent.cost else {}


def native_change(scene: Scene, address: Address, value: Json, at: str) -> NodeChange | None:
    """A native node settled with its value; null: skipped. None when that is known."""
    result = None if value is None else keep(scene.run.organisation_id, f"runs/{scene.run.id}/{address[0]}", value)
    return settled_change(scene.nodes.get(address), run=scene.run, address=address, at=at, result=result)


def fence_of(run: Run, node: str) -> Fence:
    """The fence of a node that no attempt speaks for."""
    return Fence(resume=run.resume, again=run.again.get(node, 0))


def settled_change(before: NodeRun | None, *, run: Run, address: Address, at: str, result: Stored | None) -> NodeChange | None:
    fence = fence_of(run, address[0])
    after = settle_native(before, run_id=run.id, node=address[0], item_path=address[1], at=at, result=result, fence=fence)
    if after is None:
        return None
    if after.status is NodeStatus.SKIPPED:
        return NodeChange(before, after, (node_event(after, EventType.NODE_SKIPPED),))
    return NodeChange(before, after, (node_event(after, EventType.NODE_SUCCEEDED, succeeded_data(after)),))


def _addressed(attempt: NodeAttempt, run: Run, settled: Mapping[str, Json]) -> dict[Address, Json]:
    places = places_of(run.organisation_id, run.version_id)
    return {(name, places[name].item_path(attempt.item_path)): value for name, value in settled.items() if name in places}


def settled_changes(scene: Scene, at: str) -> list[NodeChange]:
    """Native nodes that the payload tells of, as far as that is news."""
    changes = (native_change(scene, address, value, at) for address, value in scene.settled.items())
    return [change for change in changes if change is not None]


def begun_maps(scene: Scene, at: str) -> list[NodeChange]:
    """Maps around the node of which this is the first word."""
    return [
        NodeChange(scene.nodes.get(address), begun, (node_event(begun, EventType.NODE_STARTED),))
        for address in enclosing_maps(scene.attempt.item_path)
        if is_to_begin(scene, address)
        for begun in [_begun_map(scene, address, at)]
    ]


def is_to_begin(scene: Scene, address: Address) -> bool:
    """Whether a node that no attempt speaks for has not begun in this resume of the run."""
    before = scene.nodes.get(address)
    return before is None or (before.status.is_terminal and before.fence.resume < scene.run.resume)


def begun_native(scene: Scene, address: Address, at: str, **fields: Any) -> NodeRun:
    """The node run of a node that no attempt speaks for, begun; `fields` are the rest of it."""
    before, fence = scene.nodes.get(address), fence_of(scene.run, address[0])
    known = before or NodeRun(run_id=scene.run.id, node=address[0], item_path=address[1], status=NodeStatus.RUNNING, started_at=at)
    return known.model_copy(update={"fence": fence, "ended_at": None, "result": None, "error": None, **fields})


def _begun_map(scene: Scene, address: Address, at: str) -> NodeRun:
    return begun_native(scene, address, at, status=NodeStatus.RUNNING, is_container=True)


def _without_zeros(words: JsonObject) -> JsonObject:
    return {name: value for name, value in words.items() if value}
