"""From a draft's text to what is published: load, find the sub-workflows, compile.

In: a text and the organisation. Out: `Compiled`, or the diagnostics that keep it from being compiled.
Reads the table for sub-workflows, writes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.errors import VersionNotFound
from chalicelib.spec.canonical import digest, dump
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall, Map, Node, SubWorkflow
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import workflows
from chalicelib.store.workflow_records import Child, Version
from chalicelib.workflows.native_tools import refused_calls


@dataclass(frozen=True)
class Compiled:
    """`digest` stands for the spec, the pinned children and the machine: what is published under it never differs."""

    spec: WorkflowSpec
    compilation: Compilation
    children: Mapping[str, Child]
    digest: str
    diagnostics: tuple[Diagnostic, ...]


def compile_text(organisation_id: str, text: str, *, pins: Mapping[str, str] | None = None) -> Compiled | tuple[Diagnostic, ...]:
    """Compile a text as publishing does. `pins`: ids of versions by the names of sub-workflows, in place of their latest."""
    loaded = load(text)
    if loaded.spec is None:
        return loaded.diagnostics
    versions = children_of(organisation_id, loaded.spec, pins=pins or {})
    specs = {name: WorkflowSpec.model_validate(version.spec) for name, version in versions.items()}
    outcome = compile_workflow(loaded.spec, loaded.positions, children=specs)
    refused = refused_calls(loaded.spec, loaded.positions)
    if refused or isinstance(outcome, Refused):
        return (*loaded.diagnostics, *outcome.diagnostics, *refused)
    children = {name: Child(workflow_id=version.workflow_id, version_id=version.id, version=version.number) for name, version in versions.items()}
    return Compiled(loaded.spec, outcome, children, _digest(loaded.spec, children, outcome), (*loaded.diagnostics, *outcome.diagnostics))


def children_of(organisation_id: str, spec: WorkflowSpec, *, pins: Mapping[str, str]) -> dict[str, Version]:
    """The versions of the sub-workflows named, as far as they are published: the one pinned, else the one asked for, else the latest."""
    found: dict[str, Version] = {}
    for name, number in _sub_workflows(spec.nodes):
        version = workflows.get_version(organisation_id, pins[name]) if name in pins else _version_of(organisation_id, name, number)
        if version is not None:
            found[name] = version
    return found


def _version_of(organisation_id: str, name: str, wanted: int | None) -> Version | None:
    workflow = workflows.find_by_name(organisation_id, name)
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
            case AgentCall():
                yield from ((grant.workflow, None) for grant in node.grants if grant.workflow is not None)
            case Map():
                yield from _sub_workflows(node.nodes)
            case _:
                pass


def _digest(spec: WorkflowSpec, children: Mapping[str, Child], compilation: Compilation) -> str:
    """The machine alone would not do: prompts and other texts are rendered by workers and stand in no machine."""
    pinned: JsonObject = {name: child.version_id for name, child in children.items()}
    whole: dict[str, Json] = {"spec": dump(spec), "children": pinned, "machine": compilation.digest}
    return digest(whole)
