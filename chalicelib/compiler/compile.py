"""The way of a workflow from spec to state machine, stage by stage. Pure: no network, clock, chance or environment; the same bytes for the same text.

| value in | stage | value out |
|---|---|---|
| `WorkflowSpec` | `graph.build` | `WorkflowGraph`, or diagnostics |
| spec and graph | `checks.check` | diagnostics; errors stop here |
| graph | `schedule.schedule` | `Plan` |
| plan | `draw.draw`, `names.name_variables`, `emit.emit` | the state machine |
| state machine | `asl_rules.check_machine` | diagnostics: what AWS would refuse |
| plan and state machine | `forecast.forecast` | what a run takes and costs |
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.compiler import asl
from chalicelib.compiler.absence import absences
from chalicelib.compiler.asl_rules import check_machine
from chalicelib.compiler.checks import check
from chalicelib.compiler.code import CONTEXT, Key
from chalicelib.compiler.draw import draw
from chalicelib.compiler.emit import emit
from chalicelib.compiler.forecast import Forecast, forecast
from chalicelib.compiler.forecast_models import budgets_too_small
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.history import too_many_events
from chalicelib.compiler.holdings import texts_of
from chalicelib.compiler.model_rates import ModelFacts
from chalicelib.compiler.names import name_variables
from chalicelib.compiler.outside import NOTHING_KNOWN, Outside
from chalicelib.compiler.plan import NOTHING, Plan
from chalicelib.compiler.printer import print_plan
from chalicelib.compiler.residual import Kept, read_outputs, residual_graph, settled_with
from chalicelib.compiler.schedule import schedule
from chalicelib.compiler.sheet import Outline
from chalicelib.compiler.source_map import Mapped, source_map
from chalicelib.spec.agent_landing import landed
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import Map
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec


@dataclass(frozen=True)
class Compilation:
    """`state_machine` has `${Worker}` in place of the worker's ARN; `digest` is taken of it before anything is bound.

    `context_fields`: fields of the run's input that the engine itself reads, so that they stay in the machine's input when the rest goes to S3.
    `kept_fields`: the same of each kept node's output, where a residual machine reads it at all.
    """

    graph: WorkflowGraph
    plan: Plan
    state_machine: JsonObject
    forecast: Forecast
    source_map: tuple[Mapped, ...]
    digest: str
    context_fields: tuple[str, ...]
    kept_fields: Mapping[str, tuple[str, ...]]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def plan_text(self) -> str:
        return print_plan(self.plan, self.graph)


@dataclass(frozen=True)
class Refused:
    """A spec with errors; nothing was emitted."""

    diagnostics: tuple[Diagnostic, ...]


def compile_workflow(
    spec: WorkflowSpec,
    positions: Positions | None = None,
    *,
    children: Mapping[str, WorkflowSpec] | None = None,
    kept: Kept | None = None,
    agents: Mapping[str, str] | None = None,
    outside: Outside = NOTHING_KNOWN,
    facts: ModelFacts | None = None,
) -> Compilation | Refused:
    """`children`: the specs of the workflows that nodes name, as far as known. `kept`: compile the residual machine without these. `agents`: who was
    chosen for the nodes that ask by skill. `facts`: what models cost, for the forecast alone."""
    positions = positions or Positions()
    graph = build(landed(spec, agents or {}), positions=positions)
    if not isinstance(graph, WorkflowGraph):
        return Refused(graph)
    found = check(graph, positions, children=children or {}, outside=outside)
    if any(diagnostic.is_error for diagnostic in found):
        return Refused(found)
    return _compiled(graph, _Wanted(positions, kept, facts), found)


@dataclass(frozen=True)
class _Wanted:
    """What a compilation is given beside its graph."""

    positions: Positions
    kept: Kept | None
    facts: ModelFacts | None


def _compiled(graph: WorkflowGraph, wanted: _Wanted, found: tuple[Diagnostic, ...]) -> Compilation | Refused:
    positions = wanted.positions
    kept = settled_with(graph, wanted.kept) if wanted.kept is not None else None
    drawn = graph if kept is None else residual_graph(graph, kept)
    plan = schedule(drawn) if drawn.root.order else NOTHING
    outline = draw(graph, plan, absences(graph).may_be_absent, kept=kept)
    items = {name: node.as_ for block in graph.blocks.values() for name, node in block.nodes.items() if isinstance(node, Map)}
    machine = asl.to_json(emit(outline, name_variables(outline, items), graph.spec))
    forecasted = forecast(plan, graph, machine=machine, facts=wanted.facts)
    found = (*found, *check_machine(machine), *too_many_events(forecasted, positions), *budgets_too_small(forecasted.models, graph.spec, positions))
    if any(diagnostic.is_error for diagnostic in found):
        return Refused(found)
    return Compilation(
        graph=graph,
        plan=plan,
        state_machine=machine,
        forecast=forecasted,
        source_map=source_map(outline, graph, positions, machine),
        digest=hashlib.sha256(asl.canonical(machine).encode()).hexdigest(),
        context_fields=_native_fields(outline, CONTEXT),
        kept_fields={} if kept is None else {name: _native_fields(outline, Key("output", name)) for name in read_outputs(machine, kept)},
        diagnostics=found,
    )


def _native_fields(outline: Outline, key: Key) -> tuple[str, ...]:
    return tuple(texts_of(outline.native_fields.get(key, set())))
