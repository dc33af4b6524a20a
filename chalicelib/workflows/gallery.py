"""The gallery: the starters that ship and those of the organisation, to search, look at, deploy, and add to.

In: who asks. Out: starters, a preview, a deployed workflow. Deploying twice under one name with the same parameters finds the first; a starter of the
organisation has another version whenever it says something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.errors import ConditionLost, Contention, NameReserved, ScopeMissing, SpecInvalid, StarterNotFound
from chalicelib.model_facts import facts_of_deployment
from chalicelib.spec.canonical import digest
from chalicelib.spec.load import load as load_spec
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, starters, workflows
from chalicelib.store.pages import Sorting, is_backwards, sorted_page
from chalicelib.store.starters import StarterRecord
from chalicelib.store.values import keep, load
from chalicelib.store.workflow_records import Workflow
from chalicelib.workflows.bundle import Bundle
from chalicelib.workflows.create import create
from chalicelib.workflows.draft_text import name_fault
from chalicelib.workflows.exchange import ImportedWorkflow, bring_in, gather
from chalicelib.workflows.lacks import Lacks, lacks_of
from chalicelib.workflows.starter import About, Starter, filled_in, starter_of
from chalicelib.workflows.starter_files import built_in

StarterOrder = Literal["name", "-name", "use_count", "-use_count"]
_TRIES: Final = 5


@dataclass(frozen=True)
class Listed:
    """`use_count`: deployments in this organisation."""

    starter: Starter
    use_count: int


@dataclass(frozen=True)
class GalleryPage:
    starters: tuple[Listed, ...]
    cursor: str | None


@dataclass(frozen=True)
class StarterPreview:
    listed: Listed
    compilation: Compilation
    lacks: Lacks


@dataclass(frozen=True)
class Deployed:
    """The root is the last of `workflows`."""

    workflows: tuple[ImportedWorkflow, ...]
    lacks: Lacks

    @property
    def root(self) -> ImportedWorkflow:
        return self.workflows[-1]


def list_starters(
    principal: Principal,
    *,
    search: str = "",
    tags: tuple[str, ...] = (),
    sort: StarterOrder = "name",
    limit: int = 50,
    cursor: str | None = None,
) -> GalleryPage:
    """Starters that have all the words of `search` in what is said of them, and all the tags. Raises CursorInvalid."""
    fitting = [each for each in _all(principal).values() if _fits(each, search, tags)]
    counts = starters.use_counts(principal.organisation_id, [each.name for each in fitting])
    listed = [Listed(each, counts.get(each.name, 0)) for each in fitting]
    sorting = Sorting(by=_by_use if sort.endswith("use_count") else _by_name, backwards=is_backwards(sort))
    place = keys.starters(principal.organisation_id).pk
    return GalleryPage(*sorted_page(listed, sorting, listed=place, limit=limit, cursor=cursor, terms=("starters", search, tags, sort)))


def get_starter(principal: Principal, name: str) -> Listed:
    """Raises StarterNotFound."""
    return Listed(_get(principal, name), starters.use_counts(principal.organisation_id, [name]).get(name, 0))


def preview_starter(principal: Principal, name: str) -> StarterPreview:
    """What it does and takes, as it stands. Raises StarterNotFound, SpecInvalid (of one that this release refuses)."""
    listed = get_starter(principal, name)
    starter = listed.starter
    loaded = load_spec(starter.text)
    compiled = compile_workflow(starter.spec, loaded.positions, children=starter.specs, facts=facts_of_deployment(starter.spec))
    if isinstance(compiled, Refused):
        raise SpecInvalid(compiled.diagnostics)
    return StarterPreview(listed, compiled, lacks_of(principal, starter.specs.values()))


def deploy(principal: Principal, name: str, *, parameters: JsonObject, workflow_name: str | None = None, publish: bool = False) -> Deployed:
    """Make a workflow, with its draft, of a starter, and the workflows that it calls; with `publish`, their first versions too.

    Raises StarterNotFound, InputInvalid (by parameter), SpecInvalid, WorkflowNameTaken, and what publishing raises.
    """
    starter = _get(principal, name)
    if workflow_name is not None and (fault := name_fault(workflow_name)):
        raise SpecInvalid([fault])
    bundle = filled_in(starter, parameters, name=workflow_name)
    _require_sound(starter, bundle)
    used = starters.used_write(principal.organisation_id, name)

    def make(each: str, source: str) -> Workflow:
        return create(principal, text=source, also=(used,) if each == bundle.root else ())

    return Deployed(bring_in(principal, bundle, publish=publish, make=make), lacks_of(principal, starter.specs.values()))


def share(principal: Principal, name: str, *, workflow_id: str, version: int | None = None, about: About) -> Listed:
    """Put a published workflow, with all that it calls, into the organisation's gallery, in place of what has the name there.

    Raises WorkflowNotFound, ScopeMissing (also where somebody else's starter has the name), VersionNotFound, NameReserved, DocumentInvalid.
    """
    if name in built_in():
        raise NameReserved(f"{name} is the name of a starter that ships; take another")
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    number = workflows.get_summary(principal.organisation_id, workflow_id, version or workflow.latest_version).number
    bundle = gather(principal, workflow_id, version=number)
    document: JsonObject = {**about.model_dump(mode="json", by_alias=True, exclude={"version"}), "root": bundle.root, "texts": dict(bundle.texts)}
    starter_of(name, about, bundle, is_built_in=False)
    for _ in range(_TRIES):
        there = starters.find(principal.organisation_id, name)
        _require_own(principal, there)
        if there is not None and there.digest == digest(document):
            break
        record = StarterRecord(
            name=name,
            version=there.version + 1 if there else 1,
            digest=digest(document),
            document=keep(principal.organisation_id, f"starters/{name}", document),
            workflow_id=workflow_id,
            workflow_version=number,
            shared_at=now_text(),
            shared_by=principal.person,
        )
        try:
            starters.put(principal.organisation_id, record, there)
        except ConditionLost:
            continue
        break
    else:
        raise Contention(f"others change the starter {name} all the time")
    return get_starter(principal, name)


def withdraw(principal: Principal, name: str) -> None:
    """Take a starter out of the organisation's gallery; what was made of it stays. Raises StarterNotFound, NameReserved, ScopeMissing where somebody
    else put it there."""
    if name in built_in():
        raise NameReserved(f"{name} ships; it cannot be taken out")
    _require_own(principal, starters.find(principal.organisation_id, name))
    starters.delete(principal.organisation_id, name)


def _require_own(principal: Principal, there: StarterRecord | None) -> None:
    """That it is theirs to replace or to take out: whoever put it there may, and admins. Raises ScopeMissing."""
    if there is not None and principal.person != there.shared_by and not principal.is_admin:
        raise ScopeMissing(Scope.ORG_ADMIN)


def _require_sound(starter: Starter, bundle: Bundle) -> None:
    """What parameters make of it compiles. Raises SpecInvalid."""
    loaded = load_spec(bundle.texts[bundle.root])
    if loaded.spec is None:
        raise SpecInvalid(loaded.diagnostics)
    compiled = compile_workflow(loaded.spec, loaded.positions, children=starter.specs)
    if isinstance(compiled, Refused):
        raise SpecInvalid(compiled.diagnostics)


def _all(principal: Principal) -> Mapping[str, Starter]:
    own = {record.name: _own(principal.organisation_id, record) for record in starters.list_all(principal.organisation_id)}
    return {**own, **built_in()}


def _get(principal: Principal, name: str) -> Starter:
    shipped = built_in().get(name)
    if shipped is not None:
        return shipped
    record = starters.find(principal.organisation_id, name)
    if record is None:
        raise StarterNotFound(f"there is no starter called {name}")
    return _own(principal.organisation_id, record)


@lru_cache(maxsize=256)
def _own(organisation_id: str, record: StarterRecord) -> Starter:
    """A record never changes: its version and digest are in it."""
    document = load(organisation_id, record.document)
    if not isinstance(document, dict):
        raise StarterNotFound(f"what the starter {record.name} holds is gone")
    said = {key: value for key, value in document.items() if key not in ("root", "texts")}
    texts = document["texts"]
    bundle = Bundle(str(document["root"]), {name: str(text) for name, text in texts.items()} if isinstance(texts, dict) else {})
    return starter_of(record.name, About.model_validate({**said, "version": record.version}), bundle, is_built_in=False)


def _fits(starter: Starter, search: str, tags: tuple[str, ...]) -> bool:
    said = " ".join((starter.name, starter.title, starter.spec.description or "", *starter.about.tags)).casefold()
    return all(word in said for word in search.casefold().split()) and set(tags) <= set(starter.about.tags)


def _by_name(listed: Listed) -> tuple[str, ...]:
    return (listed.starter.name,)


def _by_use(listed: Listed) -> tuple[str, ...]:
    return f"{listed.use_count:012d}", listed.starter.name
