"""What becomes of the node runs when their run ends.

In: the run, all its node runs, how the execution ended. Out: node changes with their events, in the order in which they are told.
Pure but for what large
results are written to S3. Nothing open is left: it ends as the run does. In a run that succeeded, what was never visited was skipped.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.compiler.graph import Block, Edge, WhenKind, WorkflowGraph, build
from chalicelib.runs.history import Told
from chalicelib.spec.agent_landing import landed
from chalicelib.spec.model import Json
from chalicelib.spec.nodes import Join, Parallel
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import accounts, gates, residuals
from chalicelib.store.accounts import Address, node_event
from chalicelib.store.journal import NodeChange
from chalicelib.store.node_places import places_of
from chalicelib.store.run_records import Fault, NodeAttempt, NodeRun, Run
from chalicelib.store.statuses import EventType, GateStatus, NodeStatus, RunStatus
from chalicelib.store.table import Write
from chalicelib.store.transitions import end, settle_native
from chalicelib.store.values import Stored, keep, load
from chalicelib.store.workflow_records import Version
from chalicelib.store.workflows import get_version

_ENDS = {RunStatus.FAILED: NodeStatus.CANCELLED, RunStatus.CANCELLED: NodeStatus.CANCELLED, RunStatus.TIMED_OUT: NodeStatus.TIMED_OUT}


@dataclass(frozen=True)
class Outcome:
    """How an execution ended, as far as its nodes are concerned. `told` is what its history says; empty for one that succeeded."""

    status: RunStatus
    at: str
    settled: Mapping[str, Json] = field(default_factory=dict)
    told: Told = field(default_factory=Told)


def settle(run: Run, nodes: Mapping[Address, NodeRun], outcome: Outcome) -> tuple[NodeChange, ...]:
    """All that changes, natives first, then what was open, then what was never visited."""
    succeeded = outcome.status is RunStatus.SUCCEEDED
    natives = {change.after.address: change for change in _natives(run, nodes, outcome)}
    ended = [_ended(run, node_run, outcome) for node_run in _open(nodes, natives)]
    after = {**nodes, **{address: change.after for address, change in natives.items()}, **{change.after.address: change.after for change in ended}}
    never = list(_never_visited(run, after, outcome)) if succeeded and run.trial_of is None else []
    return (*natives.values(), *ended, *never)


def _natives(run: Run, nodes: Mapping[Address, NodeRun], outcome: Outcome) -> Iterator[NodeChange]:
    """What the machine's output, or its history, tells of nodes that the engine served itself."""
    whole = NodeAttempt(organisation_id=run.organisation_id, run_id=run.id, node="")
    scene = accounts.Scene(whole, run, nodes)
    for node, value in outcome.settled.items():
        change = accounts.native_change(scene, (node, ""), value, outcome.at)
        if change is not None:
            yield change
    for node in sorted(outcome.told.left - outcome.settled.keys()):
        if (node, "") not in nodes:
            yield _settled_without_value(run, nodes.get((node, "")), node, outcome.at)
    yield from _failed_call(run, nodes, outcome)


def _failed_call(run: Run, nodes: Mapping[Address, NodeRun], outcome: Outcome) -> Iterator[NodeChange]:
    """A call of the engine's own that ended the run: no worker could tell of it."""
    node = outcome.told.last_failed
    place = places_of(run.organisation_id, run.version_id).get(node) if node and outcome.status is RunStatus.FAILED else None
    if place is None or not place.is_native_call or place.maps or (place.node, "") in nodes:
        return
    fault = outcome.told.faults.get(place.node)
    after = NodeRun(run_id=run.id, node=place.node, item_path="", status=NodeStatus.FAILED, started_at=outcome.at, ended_at=outcome.at, error=fault)
    data: dict[str, Json] = {"status": NodeStatus.FAILED, **(accounts.fault_data(fault) if fault else {})}
    yield NodeChange(None, after, (node_event(after, EventType.NODE_FAILED, data),))


def _settled_without_value(run: Run, before: NodeRun | None, node: str, at: str) -> NodeChange:
    """The history tells that it was passed, not what came of it."""
    after = settle_native(before, run_id=run.id, node=node, item_path="", at=at, result=Stored(text="null"))
    if after is None:
        raise ValueError(f"{node} was settled before")
    return NodeChange(before, after, (node_event(after, EventType.NODE_SUCCEEDED),))


def _open(nodes: Mapping[Address, NodeRun], natives: Mapping[Address, NodeChange]) -> list[NodeRun]:
    found = [node_run for address, node_run in nodes.items() if not node_run.status.is_terminal and address not in natives]
    return sorted(found, key=lambda node_run: (node_run.is_container, node_run.started_at, node_run.address))


def _ended(run: Run, before: NodeRun, outcome: Outcome) -> NodeChange:
    status, error = _end_of(before, outcome)
    after = end(before, at=outcome.at, status=status, error=error)
    if after is None:
        raise ValueError(f"{before.node} has ended before")
    writes = open_gate_writes(run.organisation_id, before)
    if after.write_count:
        return NodeChange(before, after, (), writes)  # an item of a distributed map: no events
    if status is NodeStatus.SUCCEEDED:
        return NodeChange(before, after, (node_event(after, EventType.NODE_SUCCEEDED),), writes)
    data: dict[str, Json] = {"status": status, **(accounts.fault_data(after.error) if after.error else {})}
    if outcome.status is RunStatus.SUCCEEDED and _continues(run, before.node):
        data["continued"] = True
    return NodeChange(before, after, (node_event(after, EventType.NODE_FAILED, data),), writes)


def _continues(run: Run, node: str) -> bool:
    """Whether a run goes on from the node's failure as from a success."""
    graph = graph_of(run)
    return graph is not None and any(node in block.nodes and block.nodes[node].on_error == "continue" for block in graph.blocks.values())


def _end_of(before: NodeRun, outcome: Outcome) -> tuple[NodeStatus, Fault | None]:
    """What an open node run comes to. Where its engine went on without it, it failed by a time-out, or by a worker that never spoke again."""
    fault = outcome.told.faults.get(before.node)
    if outcome.status is not RunStatus.SUCCEEDED:
        failed = outcome.status is RunStatus.FAILED and outcome.told.last_failed == before.node and not before.is_container
        failed = failed or (fault is not None and before.node not in outcome.told.open and not before.item_path and not before.is_container)
        return (NodeStatus.FAILED, fault) if failed else (_ENDS[outcome.status], None)
    if before.is_container or before.waiting_for == "wait":
        return NodeStatus.SUCCEEDED, None
    if before.waiting_for is not None:
        return NodeStatus.TIMED_OUT, fault or Fault(name="States.Timeout", message="nobody answered in time")
    return NodeStatus.FAILED, fault or Fault(name="WorkerLost", message="the worker ended without a word", code="worker-lost")


def _never_visited(run: Run, nodes: Mapping[Address, NodeRun], outcome: Outcome) -> Iterator[NodeChange]:
    """Nodes of the workflow's own block without a node run. Fan-outs and joins tell nobody: whether they ran follows from the nodes before them."""
    graph = graph_of(run)
    known: dict[str, NodeRun] = {node: node_run for (node, item_path), node_run in nodes.items() if not item_path}
    for name in _left_behind(run, known):
        del known[name]
    names = list(graph.root.order) if graph else [place.node for place in places_of(run.organisation_id, run.version_id).values() if not place.maps]
    for name in names:
        if name in known:
            continue
        ran = graph is not None and isinstance(graph.root.nodes[name], Parallel | Join) and has_run(graph.root, name, known, _reader(run))
        result = keep(run.organisation_id, f"runs/{run.id}/{name}", {}) if ran else None
        change = accounts.settled_change(nodes.get((name, "")), run=run, address=(name, ""), at=outcome.at, result=result)
        if change is not None:
            known[name] = change.after
            yield change


def _left_behind(run: Run, known: Mapping[str, NodeRun]) -> list[str]:
    """Nodes that an earlier resume came to, and that this one neither kept nor visited: they were skipped."""
    residual = residuals.find(run.organisation_id, run.id, run.resume) if run.resume else None
    kept = {} if residual is None else residual.kept
    return [name for name, node_run in known.items() if node_run.fence.resume < run.resume and name not in kept]


def graph_of(run: Run) -> WorkflowGraph | None:
    """The graph of the run's version; None when this release can no longer read its spec."""
    return graph_of_version(get_version(run.organisation_id, run.version_id))


def graph_of_version(version: Version) -> WorkflowGraph | None:
    try:
        graph = build(landed(WorkflowSpec.model_validate(version.spec), version.chosen))
    except ValueError:
        return None
    return graph if isinstance(graph, WorkflowGraph) else None


Label = Callable[[NodeRun], Json]


def _reader(run: Run) -> Label:
    return lambda node_run: load(run.organisation_id, node_run.result)


def has_run(block: Block, name: str, known: Mapping[str, NodeRun], label: Label) -> bool:
    """Whether a fan-out or a join became active. An edge that asks an expression counts as active: the engine's answer is not kept."""
    incoming = block.incoming[name]
    active = [edge for edge in incoming if _is_active(edge, known.get(edge.source), label)]
    node = block.nodes[name]
    if not incoming:
        return True
    if node.activate == "all" or (isinstance(node, Join) and node.require == "all"):
        return len(active) == len(incoming)
    if isinstance(node, Join) and not isinstance(node.require, str):
        return len(active) >= node.require.at_least
    return bool(active)


def _is_active(edge: Edge, source: NodeRun | None, label: Label) -> bool:
    if source is None:
        return False
    if edge.kind is WhenKind.ERROR:
        return source.status in {NodeStatus.FAILED, NodeStatus.TIMED_OUT}
    if source.status is not NodeStatus.SUCCEEDED:
        return False
    if edge.kind is not WhenKind.LABEL:
        return True
    value = label(source)
    return value == edge.value or (isinstance(value, dict) and value.get("choice") == edge.value)


def open_gate_writes(organisation_id: str, node_run: NodeRun) -> tuple[Write, ...]:
    """A gate whose run has ended can be decided no more."""
    if node_run.waiting_for != "gate" or node_run.reference is None:
        return ()
    gate = gates.find(organisation_id, node_run.reference)
    if gate is None or gate.status is not GateStatus.OPEN:
        return ()
    return (gates.closing_write(gate, gate.model_copy(update={"status": GateStatus.CANCELLED})),)
