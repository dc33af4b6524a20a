"""From a draft's text to what is published: load, choose the agents, find the sub-workflows, compile.

In: a text and who asks. Out: `Compiled`, or the diagnostics that keep it from being compiled.
Reads the table for sub-workflows, writes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.access.objects import scopes_on, workflow_called
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.errors import VersionNotFound
from chalicelib.model_facts import facts_of_deployment
from chalicelib.spec.agent_landing import CallsWorkflow, landed
from chalicelib.spec.canonical import digest, dump
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, Map, Node, SubWorkflow
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import workflows
from chalicelib.store.workflow_records import Child, PinnedAgent, Version
from chalicelib.workflows.agent_choice import AgentChoice, choose_agents
from chalicelib.workflows.native_tools import refused_calls
from chalicelib.workflows.outside_names import outside_names
from chalicelib.workflows.secret_uses import refused_secrets


@dataclass(frozen=True)
class Pins:
    """What a version goes back to, in place of what there is now: ids of versions by the names of sub-workflows, agents by the nodes that asked by
    skill."""

    children: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, PinnedAgent] = field(default_factory=dict)


NO_PINS: Final = Pins()


@dataclass(frozen=True)
class Compiled:
    """`digest` stands for the spec, the pinned children, the agents that skills chose and the machine: what is published under it never differs."""

    spec: WorkflowSpec
    compilation: Compilation
    children: Mapping[str, Child]
    agents: Mapping[str, PinnedAgent]
    digest: str
    diagnostics: tuple[Diagnostic, ...]


def compile_text(principal: Principal, text: str, *, pins: Pins = NO_PINS) -> Compiled | tuple[Diagnostic, ...]:
    """Compile a text as publishing does, with `pins` as it once did."""
    loaded = load(text)
    if loaded.spec is None:
        return loaded.diagnostics
    choice = choose_agents(principal, loaded.spec, loaded.positions, pinned=pins.agents)
    versions = children_of(principal, landed(loaded.spec, choice.by_skill), pinned=pins.children)
    specs = {name: WorkflowSpec.model_validate(version.spec) for name, version in versions.items()}
    outside = outside_names(principal, loaded.spec, published=versions)
    facts = facts_of_deployment(loaded.spec)
    outcome = compile_workflow(loaded.spec, loaded.positions, children=specs, agents=choice.by_skill, outside=outside, facts=facts)
    found = (*loaded.diagnostics, *outcome.diagnostics, *_refused(principal, loaded.spec, loaded.positions), *choice.diagnostics)
    if isinstance(outcome, Refused) or any(diagnostic.is_error for diagnostic in found):
        return found
    children = {name: Child(workflow_id=version.workflow_id, version_id=version.id, version=version.number) for name, version in versions.items()}
    return Compiled(loaded.spec, outcome, children, choice.agents, _digest(loaded.spec, children, choice, outcome), found)


def _refused(principal: Principal, spec: WorkflowSpec, positions: Positions) -> tuple[Diagnostic, ...]:
    """What this deployment, or this organisation, does not let the principal publish."""
    return (*refused_calls(spec, positions), *refused_secrets(principal, spec, positions))


def children_of(principal: Principal, spec: WorkflowSpec, *, pinned: Mapping[str, str] = NO_PINS.children) -> dict[str, Version]:
    """The versions of the sub-workflows named, as far as they are published and the principal may run them: the one pinned, else the one asked for,
    else the latest."""
    found: dict[str, Version] = {}
    for name, number in _sub_workflows(spec.nodes):
        version = _pinned(principal, pinned[name]) if name in pinned else _version_of(principal, name, number)
        if version is not None:
            found[name] = version
    return found


def _pinned(principal: Principal, version_id: str) -> Version | None:
    """A version that was pinned before, also of a workflow that is gone or has another name by now."""
    version = workflows.get_version(principal.organisation_id, version_id)
    workflow = workflows.find(principal.organisation_id, version.workflow_id, deleted=True)
    return version if workflow is not None and Scope.WORKFLOW_EXECUTE in scopes_on(principal, workflow) else None


def _version_of(principal: Principal, name: str, wanted: int | None) -> Version | None:
    organisation_id, workflow = principal.organisation_id, workflow_called(principal, name, Scope.WORKFLOW_EXECUTE)
    number = wanted or (workflow.latest_version if workflow else 0)
    if workflow is None or not number:
        return None
    try:
        return workflows.get_version(organisation_id, workflows.get_summary(organisation_id, workflow.id, number).id)
    except VersionNotFound:
        return None


def _sub_workflows(nodes: Mapping[str, Node]) -> Iterator[tuple[str, int | None]]:
    """The workflows that nodes start and that agents may call, with the version asked for."""
    for node in nodes.values():
        match node:
            case SubWorkflow():
                yield node.workflow, node.version
            case CallsWorkflow():
                yield node.workflow, None
            case AgentCall():
                yield from ((grant.workflow, None) for grant in node.grants if grant.workflow is not None)
            case Map():
                yield from _sub_workflows(node.nodes)
            case _:
                pass


def _digest(spec: WorkflowSpec, children: Mapping[str, Child], choice: AgentChoice, compilation: Compilation) -> str:
    """The machine alone would not do: prompts and other texts are rendered by workers and stand in no machine."""
    pinned: JsonObject = {name: child.version_id for name, child in children.items()}
    whole: dict[str, Json] = {"spec": dump(spec), "children": pinned, "machine": compilation.digest}
    if choice.by_skill:
        chosen: JsonObject = dict(choice.by_skill)
        whole["agents"] = chosen
    return digest(whole)
