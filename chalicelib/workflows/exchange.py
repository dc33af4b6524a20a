"""Take workflows out, and bring them in.

In: a workflow; or a file, YAML or JSON, of one workflow or a bundle. Out: the file; or `Imported`, what became of each workflow in it. What was
written by people comes out as they wrote it, so that bringing a file in and taking it out again gives the same bytes. Everything is looked at
before anything is written: a name that is taken by something else stops the whole. Bringing the same file in twice is harmless.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.access.objects import scopes_on, workflow_called, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import SpecInvalid, VersionNotFound, WorkflowNameTaken
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load as load_spec
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import drafts, workflows
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Version, Workflow
from chalicelib.workflows import publication
from chalicelib.workflows.bundle import Bundle, Format, read_bundle, write_bundle, write_text
from chalicelib.workflows.create import create
from chalicelib.workflows.drafts import get_draft
from chalicelib.workflows.lacks import Lacks, lacks_of
from chalicelib.workflows.publish import Wish
from chalicelib.workflows.spec_uses import uses_of

Status = Literal["new", "unchanged", "taken"]
Make = Callable[[str, str], Workflow]


@dataclass(frozen=True, slots=True)
class ImportedWorkflow:
    """`taken`: another workflow has the name. `version` is the one that it has now, if it was published."""

    name: str
    status: Status
    workflow_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    root: str
    workflows: tuple[ImportedWorkflow, ...]
    lacks: Lacks
    warnings: tuple[Diagnostic, ...] = ()


def export_workflow(principal: Principal, workflow_id: str, *, version: int | None = None, wanted: Format | None = None) -> str:
    """One workflow's text: the version's, the latest, or before there is one one's own draft. Raises WorkflowNotFound, VersionNotFound."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    return write_text(_source(principal, workflow, version or workflow.latest_version), wanted)


def export_bundle(principal: Principal, workflow_id: str, *, version: int | None = None, wanted: Format = "yaml") -> str:
    """A workflow with all that it calls, as they are pinned; where nothing is pinned, as they are now."""
    return write_bundle(gather(principal, workflow_id, version=version), wanted)


def gather(principal: Principal, workflow_id: str, *, version: int | None = None) -> Bundle:
    """The texts of a workflow and of all that it calls, as far as they may be read, those that are called first."""
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_READ)
    texts: dict[str, str] = {}
    _gather(principal, workflow, version or workflow.latest_version, texts, ())
    return Bundle(workflow.name, texts)


def _gather(principal: Principal, workflow: Workflow, number: int, texts: dict[str, str], above: tuple[str, ...]) -> None:
    """Depth first; a workflow that calls itself through others is taken once."""
    if workflow.name in texts or workflow.name in above:
        return
    source = _source(principal, workflow, number)
    spec = load_spec(source).spec
    pinned = _version(workflow, number).children if number else {}
    for name in uses_of(spec).workflows if spec is not None else ():
        child = workflow_called(principal, name, Scope.WORKFLOW_READ)
        if child is not None:
            pin = pinned.get(name)
            chosen = pin.version if pin is not None and pin.workflow_id == child.id else child.latest_version
            _gather(principal, child, chosen, texts, (*above, workflow.name))
    texts[workflow.name] = source


def _source(principal: Principal, workflow: Workflow, number: int) -> str:
    if not number:
        return get_draft(principal, workflow.id).text
    source = load(workflow.organisation_id, workflows.get_documents(workflow.organisation_id, _version(workflow, number).id).values.get("source"))
    if not isinstance(source, str):
        raise VersionNotFound(f"the text of version {number} of {workflow.name} is gone")
    return source


def _version(workflow: Workflow, number: int) -> Version:
    summary = workflows.get_summary(workflow.organisation_id, workflow.id, number)
    return workflows.get_version(workflow.organisation_id, summary.id)


def import_text(principal: Principal, text: str, *, publish: bool = False, dry_run: bool = False) -> Imported:
    """Bring a file in: each new workflow gets its draft and, with `publish`, its first version.

    Raises DocumentInvalid, SpecInvalid (diagnostics with the workflow's name in their path), WorkflowNameTaken, and what publishing raises.
    """
    bundle = read_bundle(text)
    specs, warnings = _specs(bundle)
    looked = [_look(principal, name, source) for name, source in bundle.texts.items()]
    lacks = lacks_of(principal, specs.values())
    if dry_run:
        return Imported(bundle.root, tuple(looked), lacks, warnings)
    return Imported(bundle.root, bring_in(principal, bundle, publish=publish), lacks, warnings)


def bring_in(principal: Principal, bundle: Bundle, *, publish: bool, make: Make | None = None) -> tuple[ImportedWorkflow, ...]:
    """Create what is new, those that are called first, and publish. `make` creates a workflow of a name and a text. Raises WorkflowNameTaken;
    ScopeMissing where one that is there already is to be published and may not be."""
    looked = [_look(principal, name, source) for name, source in bundle.texts.items()]
    if taken := [each.name for each in looked if each.status == "taken"]:
        raise WorkflowNameTaken(f"there are other workflows called so already: {', '.join(taken)}; nothing was brought in")
    for there in (each.workflow_id for each in looked if publish and each.workflow_id is not None):
        workflow_for(principal, there, Scope.WORKFLOW_WRITE)
    create_one = make or (lambda _, source: create(principal, text=source))
    return tuple(_bring_in(principal, each, bundle.texts[each.name], publish, create_one) for each in looked)


def _bring_in(principal: Principal, looked: ImportedWorkflow, source: str, publish: bool, make: Make) -> ImportedWorkflow:
    made = replace(looked, workflow_id=make(looked.name, source).id) if looked.workflow_id is None else looked
    if not publish or made.workflow_id is None:
        return made
    version = publication.request(principal, made.workflow_id, Wish(text=source, note="brought in")).version
    return replace(made, version=version.number)


def _specs(bundle: Bundle) -> tuple[Mapping[str, WorkflowSpec], tuple[Diagnostic, ...]]:
    """Raises SpecInvalid with all findings where one of the workflows has errors."""
    loaded = {name: load_spec(text) for name, text in bundle.texts.items()}
    found = tuple(_placed(name, diagnostic) for name, one in loaded.items() for diagnostic in one.diagnostics)
    specs = {name: one.spec for name, one in loaded.items() if one.spec is not None}
    if len(specs) < len(loaded):
        raise SpecInvalid(found)
    return specs, found


def _placed(name: str, found: Diagnostic) -> Diagnostic:
    at = found.location
    return replace(found, location=replace(at, path=f"{name}: {at.path}" if at.path else name))


def _look(principal: Principal, name: str, text: str) -> ImportedWorkflow:
    """What there is under the name; of what may not be read only that it is taken."""
    there = workflows.find_by_name(principal.organisation_id, name)
    if there is None:
        return ImportedWorkflow(name, "new")
    if Scope.WORKFLOW_READ not in scopes_on(principal, there):
        return ImportedWorkflow(name, "taken")
    is_same = any(known == text for known in _texts(principal, there))
    return ImportedWorkflow(name, "unchanged" if is_same else "taken", there.id, there.latest_version or None)


def _texts(principal: Principal, workflow: Workflow) -> Iterator[str]:
    """What a workflow is: its latest version, before there is one the draft of whoever made it."""
    if workflow.latest_version:
        yield _source(principal, workflow, workflow.latest_version)
        return
    first = drafts.find(workflow.organisation_id, workflow.id, workflow.created_by)
    if first is not None:
        yield first.text
