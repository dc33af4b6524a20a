"""What the residual machine is told of what kept nodes put out.

In: a broken run, its plan, outputs that a person gives. Out: `KeptOutputs`: the outputs that the machine reads, in its input as far as there is
room, else fetched by Tasks (`loads`); what changes in the node runs. An output goes to the machine exactly as it had it; on another version, whose
engine may read other fields of it, it is fitted anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.compiler.edges import labels_of
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.errors import InputInvalid, OutputTooLarge
from chalicelib.runs.recorded import Recorded
from chalicelib.runs.residual_machine import compiled
from chalicelib.runs.resume_plan import ResumePlan, Wish
from chalicelib.runs.start import machine_input
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Condition, HumanGate, Map
from chalicelib.store import accounts, pointers
from chalicelib.store.accounts import node_event
from chalicelib.store.blobs import json_text
from chalicelib.store.journal import NodeChange
from chalicelib.store.run_records import Fence, NodeRun
from chalicelib.store.statuses import EventType, NodeStatus
from chalicelib.store.values import keep, load

if TYPE_CHECKING:
    from chalicelib.compiler.compile import Compilation

INPUT_BYTES: Final = 200 * 1024  # of the 256 KiB that a machine's input may take
LOAD_BYTES: Final = 160 * 1024  # of what one Task may give
INLINE_BYTES: Final = 24 * 1024  # of one output; a larger one goes to S3
MAX_GIVEN: Final = 20  # outputs that a person may give at once


@dataclass(frozen=True)
class KeptOutputs:
    """`inline`: by node id, in the machine's input. `changes`: node runs whose output a person gave, or that was fitted anew."""

    compilation: "Compilation"
    inline: JsonObject
    loads: tuple[tuple[str, ...], ...]
    changes: tuple[NodeChange, ...]
    given: tuple[str, ...]


def given_outputs(graph: WorkflowGraph, outputs: Mapping[str, Json]) -> Mapping[str, Json]:
    """The outputs that a person gives, if they can be taken. Raises InputInvalid."""
    faults = {f"/outputs/{name}": fault for name, value in outputs.items() if (fault := _fault(graph, name, value)) is not None}
    if len(outputs) > MAX_GIVEN:
        faults["/outputs"] = f"at most {MAX_GIVEN} at once"
    if faults:
        where, what = next(iter(faults.items()))
        raise InputInvalid(f"{where}: {what}", faults)
    return outputs


def _fault(graph: WorkflowGraph, name: str, value: Json) -> str | None:
    """What is wrong with an output that is given."""
    node = graph.root.nodes.get(name)
    if node is None:
        return "no node of the workflow's own block is called so"
    if pointers.forged_in(value) is not None:
        return "it looks like a value in S3"
    label = value.get("choice") if isinstance(node, HumanGate) and isinstance(value, dict) else value
    if isinstance(node, Condition | HumanGate) and label not in labels_of(node):
        return f"it is none of {', '.join(labels_of(node))}" + (" (as `choice` of an object)" if isinstance(node, HumanGate) else "")
    if isinstance(node, Map) and not isinstance(value, list):
        return "a map puts out a list"
    return None


def kept_outputs(found: Recorded, plan: ResumePlan, wish: Wish) -> KeptOutputs:
    """Raises SpecInvalid (AWS would refuse the machine), InputInvalid (an output that is given is too large)."""
    again = {name: number for name, number in plan.again.items() if name not in plan.kept}
    kept = Kept(plan.kept, again=again)
    compilation = compiled(found.version, kept)
    values = {name: _value(found, plan, wish, compilation, name) for name in {*compilation.kept_fields, *wish.outputs}}
    read = {name: values[name] for name in compilation.kept_fields}
    inline, loads = _shared_out(read, _room(found, plan))
    if loads:
        compilation = compiled(found.version, replace(kept, loads=loads))
    changes = tuple(change for name in sorted(values) if (change := _change(found, plan, wish, name, values[name])) is not None)
    return KeptOutputs(compilation, inline, loads, changes, tuple(sorted(wish.outputs)))


def _value(found: Recorded, plan: ResumePlan, wish: Wish, compilation: "Compilation", name: str) -> Json:
    """The output as the machine shall have it."""
    fields, run = compilation.kept_fields.get(name, ()), found.broken.run
    if isinstance(found.broken.graph.root.nodes[name], HumanGate):
        fields = (*fields, "choice")  # its edges ask for it
    if name in wish.outputs:
        try:
            return pointers.fit(run.organisation_id, wish.outputs[name], folder=f"runs/{run.id}/{name}", inline_bytes=INLINE_BYTES, keep=fields)
        except OutputTooLarge as fault:
            raise InputInvalid(f"the output of {name} is too large: {fault}", {f"/outputs/{name}": str(fault)}) from fault
    node_run = found.broken.nodes[(name, "")]
    if node_run.result is None:
        return _error_of(node_run) if plan.kept[name] is KeptStatus.CONTINUED else None
    value = load(run.organisation_id, node_run.result)
    if not found.is_newer or pointers.resolve_all(run.organisation_id, value) == value:
        return value
    whole = pointers.resolve_all(run.organisation_id, value)
    return pointers.fit(run.organisation_id, whole, folder=f"runs/{run.id}/{name}", inline_bytes=INLINE_BYTES, keep=fields)


def _error_of(node_run: NodeRun) -> Json:
    error = node_run.error
    return {"error": {"name": error.name, "message": error.message} if error else {"name": "Unknown", "message": ""}}


def _room(found: Recorded, plan: ResumePlan) -> int:
    """The bytes that the machine's input has for outputs."""
    rest = machine_input(found.broken.run.model_copy(update={"version_id": plan.version_id}), found.given, found.version)
    return max(INPUT_BYTES - len(json_text(rest).encode()), 0)


def _shared_out(values: Mapping[str, Json], room: int) -> tuple[JsonObject, tuple[tuple[str, ...], ...]]:
    """The smaller ones in the input, as long as they fit; the others in loads."""
    sizes = {name: len(json_text(value).encode()) + len(name) + 4 for name, value in values.items()}
    inline: JsonObject = {}
    loads: list[list[str]] = []
    held = 0
    for name in sorted(sizes, key=lambda each: (sizes[each], each)):
        if not loads and sizes[name] <= room:
            inline[name], room = values[name], room - sizes[name]
            continue
        if not loads or held + sizes[name] > LOAD_BYTES:
            loads.append([])
            held = 0
        loads[-1].append(name)
        held += sizes[name]
    return inline, tuple(tuple(names) for names in loads)


def _change(found: Recorded, plan: ResumePlan, wish: Wish, name: str, value: Json) -> NodeChange | None:
    """The node run with the output that was given, or fitted anew."""
    run, before = found.broken.run, found.broken.nodes.get((name, ""))
    if name not in wish.outputs and (before is None or before.result is None or load(run.organisation_id, before.result) == value):
        return None
    stored = keep(run.organisation_id, f"runs/{run.id}/{name}", value)
    if name not in wish.outputs and before is not None:
        return NodeChange(before, before.model_copy(update={"result": stored}))
    fence = (before.fence if before else Fence()).model_copy(update={"resume": plan.resume, "again": plan.again.get(name, 0)})
    known = before or NodeRun(run_id=run.id, node=name, status=NodeStatus.RUNNING, started_at=run.ended_at or run.updated_at)
    set_to = {"fence": fence, "status": NodeStatus.SUCCEEDED, "result": stored, "error": None, "waiting_for": None, "details": {"given": True}}
    after = known.model_copy(update={**set_to, "ended_at": known.ended_at or known.started_at})
    return NodeChange(before, after, (node_event(after, EventType.NODE_SUCCEEDED, accounts.succeeded_data(after)),))
