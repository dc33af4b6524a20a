"""Try one node of a published workflow by itself, with what it reads pinned.

In: a workflow, a node of its own block, what the node reads: the input and outputs of other nodes, given or taken from an earlier run. Out: a run
whose machine has this node alone. It is kept as a trial: no list of the workflow's runs has it, no `on_failure` follows. Never: an effect that was
not allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from chalicelib import ids
from chalicelib.access.objects import run_for, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import time_text
from chalicelib.compiler.approvals import effect_of
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.errors import EffectsNotAllowed, InputInvalid, KeyReused, NotPublished
from chalicelib.runs.changed import CONTEXT, nested, read_by
from chalicelib.runs.inputs import checked_input, with_defaults
from chalicelib.runs.kept_outputs import INLINE_BYTES, INPUT_BYTES, given_outputs
from chalicelib.runs.residual_machine import children_of, compiled, machine_arn
from chalicelib.runs.settlement import graph_of_version
from chalicelib.runs.start import begin, choose_version, create, input_schema
from chalicelib.spec.canonical import digest
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Map
from chalicelib.store import pointers, residuals, runs
from chalicelib.store.blobs import json_text
from chalicelib.store.residuals import Residual
from chalicelib.store.run_records import Run, Trigger
from chalicelib.store.runs import NewRun
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.values import keep, load
from chalicelib.store.workflow_records import Version


class TrialWanted(BaseModel):
    """`run_id`: an earlier run whose input and outputs are pinned where none are given. `allow_effects`: the node may do what it does to the
    world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Json = None
    outputs: dict[str, Json] = Field(default_factory=dict)
    run_id: str | None = None
    version: int | None = None
    allow_effects: bool = False


def try_node(principal: Principal, workflow_id: str, node: str, wanted: TrialWanted, *, key: str | None = None) -> Run:
    """Start a trial. With a `key`, the same call finds the same trial for 24 hours. Raises KeyReused, WorkflowNotFound, ScopeMissing, NotPublished,
    VersionNotFound, RunNotFound, InputInvalid, EffectsNotAllowed, SpecInvalid."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_EXECUTE)
    if wanted.run_id is not None:
        run_for(principal, wanted.run_id, Scope.RUN_READ)
    version = choose_version(principal.organisation_id, workflow_id, wanted.version)
    trial = _pinned(principal.organisation_id, version, node, wanted)
    if trial.effect is not Effect.NONE:
        _allow_effect(principal, workflow_id, node, trial.effect, said=wanted.allow_effects)
    request = digest({"node": node, "wanted": wanted.model_dump(mode="json")})
    run = _known(principal, workflow_id, key, request) or create(trial.new_run(principal, key=key, request=request))
    return begin(run, trial.given, version)


def _allow_effect(principal: Principal, workflow_id: str, node: str, effect: Effect, *, said: bool) -> None:
    """A trial passes by what stands before the node, people at gates, too: that takes what changing the workflow takes."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    if not said:
        raise EffectsNotAllowed(f"{node} has an effect ({effect}): a trial does it for real; say that it may")


def _known(principal: Principal, workflow_id: str, key: str | None, request: str) -> Run | None:
    """The trial that the key stands for. Raises KeyReused when it came with another wish."""
    known = None if key is None else runs.find_key(principal.organisation_id, workflow_id, runs.key_digest(key))
    if known is None:
        return None
    if known.request_sha256 != request:
        raise KeyReused("this key was used for another run or trial of this workflow")
    return runs.get(principal.organisation_id, known.run_id)


@dataclass(frozen=True)
class _Trial:
    version: Version
    node: str
    effect: Effect
    given: Json
    kept: Mapping[str, str]
    outputs: JsonObject

    def new_run(self, principal: Principal, *, key: str | None, request: str) -> NewRun:
        run_id, version, now = ids.new_id(ids.RUN), self.version, time_text(datetime.now(UTC))
        run = Run(
            id=run_id,
            organisation_id=principal.organisation_id,
            workflow_id=version.workflow_id,
            workflow_name=version.workflow_name,
            version_id=version.id,
            version=version.number,
            title=version.title,
            machine_arn=machine_arn(workflow_name=version.workflow_name, run_id=run_id, number=version.number, resume=0),
            execution_name=run_id,
            started_by=principal.person,
            trigger=Trigger(type="trial", source=self.node),
            created_at=now,
            updated_at=now,
        )
        residual = Residual(
            number=0,
            version_id=version.id,
            kept=self.kept,
            outputs=keep(run.organisation_id, f"runs/{run_id}/resume", self.outputs),
            entered=(self.node,),
            by=principal.person,
            at=now,
        )
        kept = residuals.writing(run.organisation_id, run_id, residual)
        return NewRun(run, self.given, key_sha256=None if key is None else runs.key_digest(key), request_sha256=request, writes=(kept,))


def _pinned(organisation_id: str, version: Version, node: str, wanted: TrialWanted) -> _Trial:
    graph = graph_of_version(version)
    if graph is None:
        raise NotPublished(f"version {version.number} cannot be read by this release any more: publish the workflow again")
    if node not in graph.root.nodes:
        raise InputInvalid(f"{node} is no node of the workflow's own block", {"/node": "nodes in maps are tried with their map"})
    pins = _pins(organisation_id, graph, node, wanted)
    kept = {name: KeptStatus.SUCCEEDED if name in pins else KeptStatus.SKIPPED for name in graph.root.order if name != node}
    compilation = compiled(version, Kept(kept, entered=frozenset({node})), output_of=node)
    folder = f"workflows/{version.workflow_id}/trials"
    outputs: JsonObject = {
        name: pointers.fit(organisation_id, pins[name], folder=folder, inline_bytes=INLINE_BYTES, keep=fields)
        for name, fields in compilation.kept_fields.items()
    }
    if len(json_text(outputs).encode()) > INPUT_BYTES // 4:
        raise InputInvalid(
            "the outputs are too large for a trial", {"/outputs": f"what the engine reads of them takes more than {INPUT_BYTES // 4} bytes"}
        )
    given = _input(organisation_id, graph, version, node, wanted)
    effect = effect_of(graph.root.nodes[node], children_of(version))
    return _Trial(version, node, effect, given, {name: status.value for name, status in kept.items()}, outputs)


def _pins(organisation_id: str, graph: WorkflowGraph, node: str, wanted: TrialWanted) -> Mapping[str, Json]:
    """What other nodes put out, as far as the node reads it. Raises InputInvalid for what nobody gives."""
    read = _roots(graph, node) & graph.root.nodes.keys() - {node}
    given = dict(given_outputs(graph, wanted.outputs))
    recorded = _recorded(organisation_id, wanted.run_id) if wanted.run_id else {}
    pins = {**{name: recorded[name] for name in read & recorded.keys()}, **given}
    if missing := sorted(read - pins.keys()):
        faults = {f"/outputs/{name}": f"{node} reads it: give it, or a run that has it" for name in missing}
        raise InputInvalid(f"{node} reads what {', '.join(missing)} put out, and nobody gives that", faults)
    return pins


def _recorded(organisation_id: str, run_id: str) -> Mapping[str, Json]:
    """What a run's nodes have put out, whole."""
    found = (each for each in runs.list_node_runs(organisation_id, run_id) if each.status is NodeStatus.SUCCEEDED and not each.item_path)
    return {each.node: pointers.resolve_all(organisation_id, load(organisation_id, each.result)) for each in found if not each.is_container}


def _input(organisation_id: str, graph: WorkflowGraph, version: Version, node: str, wanted: TrialWanted) -> Json:
    """The input: checked if the node reads anything of it."""
    given = wanted.input
    if given is None:
        given = runs.get_input(organisation_id, wanted.run_id) if wanted.run_id else {}
    return checked_input(input_schema(version), given) if CONTEXT in _roots(graph, node) else with_defaults(input_schema(version), given)


def _roots(graph: WorkflowGraph, node: str) -> set[str]:
    """Whose output the node, and what is in it, reads."""
    readers = [graph.root.nodes[node]]
    if isinstance(graph.root.nodes[node], Map):
        readers += [inner for block in (graph.blocks[(node,)], *nested(graph, (node,))) for inner in block.nodes.values()]
    return {reference.root for reader in readers for expression in read_by(reader) for reference in expression.references}
