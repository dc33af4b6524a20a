"""Drafts: each person's own unpublished document of a workflow.

In: who, a workflow, a text, and the tag of the draft that was read (`If-Match`). Out: `Draft`. Nothing is written over unread: whoever was not
the first is told who was, when, and what their own text would change of it. Saving the same text again is no change.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention, DraftChanged, DraftNotFound, MatchRequired
from chalicelib.spec.load import load as load_spec
from chalicelib.spec.model import JsonObject
from chalicelib.store import drafts, workflows
from chalicelib.store.values import load
from chalicelib.store.workflow_records import Draft, Workflow
from chalicelib.workflows.diff import diff
from chalicelib.workflows.draft_text import describe

_TRIES: Final = 8


def get_draft(principal: Principal, workflow_id: str, *, person: str | None = None) -> Draft:
    """The person's draft (one's own, if nobody is named); with revision 0 what one would begin with. Others' are for those who may change the
    workflow. Raises WorkflowNotFound, ScopeMissing; of others, who have none, DraftNotFound."""
    is_own = person is None or person == principal.person
    return draft_of(principal, workflow_for(principal, workflow_id, Scope.WORKFLOW_READ if is_own else Scope.WORKFLOW_WRITE), person=person)


def draft_of(principal: Principal, workflow: Workflow, *, person: str | None = None) -> Draft:
    """The same, of a workflow that is at hand. Raises DraftNotFound."""
    whose = person or principal.person
    found = drafts.find(principal.organisation_id, workflow.id, whose)
    if found is None and whose != principal.person:
        raise DraftNotFound(f"{whose} has no draft of {workflow.name}")
    return found or _beginning(workflow, whose)


def list_drafts(principal: Principal, workflow_id: str) -> tuple[Draft, ...]:
    """All drafts of a workflow, by person. Raises WorkflowNotFound, ScopeMissing."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    return drafts.list_of_workflow(principal.organisation_id, workflow_id)


def save_draft(
    principal: Principal, workflow_id: str, *, text: str, match: str = "", person: str | None = None, base_version: int | None = None
) -> Draft:
    """Save YAML or JSON text, valid or not, over the draft whose tag is among those of `match`. `base_version` says from which version it goes on.

    Raises WorkflowNotFound, ScopeMissing, VersionNotFound, DraftNotFound (another person's that there is not), MatchRequired, DraftChanged.
    """
    organisation_id = principal.organisation_id
    whose = person or principal.person
    if base_version:
        workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
        workflows.get_summary(organisation_id, workflow_id, base_version)
    for _ in range(_TRIES):
        workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
        there = draft_of(principal, workflow, person=whose)
        kept = there if there.revision else None
        base = there.base_version if base_version is None else base_version
        if kept is not None and (kept.text, kept.base_version) == (text, base):
            return kept
        _require_match(there, match, text)
        update = {"text": text, "revision": there.revision + 1, "base_version": base, "saved_at": now_text(), "saved_by": principal.person}
        draft = there.model_copy(update=update)
        try:
            drafts.save(organisation_id, draft, kept, told=None if workflow.latest_version else _told(workflow, text))
        except ConditionLost:
            continue  # read again: whoever came first is told of there, or only published meanwhile
        return draft
    raise Contention("others save this draft all the time")


def discard_draft(principal: Principal, workflow_id: str, *, match: str = "") -> None:
    """Give one's own draft up. Twice is harmless. Raises WorkflowNotFound, MatchRequired, DraftChanged."""
    for _ in range(_TRIES):
        there = get_draft(principal, workflow_id)
        if not there.revision:
            return None
        _require_match(there, match, "")
        try:
            return drafts.discard(principal.organisation_id, there)
        except ConditionLost:
            continue
    raise Contention("others save this draft all the time")


def _require_match(there: Draft, match: str, text: str) -> None:
    """Raises MatchRequired where a draft is kept and none is named; DraftChanged where another one is."""
    tags = [tag.strip() for tag in match.split(",") if tag.strip()]
    if there.etag in tags or (not tags and not there.revision):
        return
    current: JsonObject = {
        "person": there.person,
        "revision": there.revision,
        "etag": there.etag,
        "saved_by": there.saved_by,
        "saved_at": there.saved_at,
    }
    change = tuple(text_difference(there.text, text))
    if not tags or tags == ["*"]:
        message = "say which draft was read: send its ETag as If-Match; * would write over what nobody has read"
        raise MatchRequired(message, current, change)
    raise DraftChanged(f"{there.saved_by} saved this draft at {there.saved_at}, revision {there.revision}; read it, then save again", current, change)


def text_difference(before: str, after: str) -> Iterator[str]:
    """What one text changes of the other, in a few lines; of texts that are no workflows yet, how many lines."""
    old, new = load_spec(before).spec, load_spec(after).spec
    if old is not None and new is not None:
        yield from diff(old, new).summary
        return
    lines, others = before.splitlines(), after.splitlines()
    gone, come = sum(line not in others for line in lines), sum(line not in lines for line in others)
    yield f"{come} lines added, {gone} removed; " + ("the text" if new is None else "the draft that is there") + " has errors"


def _beginning(workflow: Workflow, person: str) -> Draft:
    """What a person begins with: the latest version's text, before there is one the draft of whoever made the workflow."""
    organisation_id = workflow.organisation_id
    new = Draft(workflow_id=workflow.id, person=person, text="", revision=0, saved_at=workflow.created_at, saved_by=workflow.created_by)
    if workflow.latest_version:
        latest = workflows.get_numbered(workflow, workflow.latest_version)
        source = load(organisation_id, workflows.get_documents(organisation_id, latest.id).values.get("source"))
        known = {"base_version": latest.number, "saved_at": latest.created_at, "saved_by": latest.created_by}
        return new.model_copy(update={**known, "text": source if isinstance(source, str) else ""})
    first = drafts.find(organisation_id, workflow.id, workflow.created_by)
    return new.model_copy(update={"text": first.text, "saved_at": first.saved_at, "saved_by": first.saved_by}) if first else new


def _told(workflow: Workflow, text: str) -> dict[str, str]:
    """What a workflow without a version shows of itself."""
    described = describe(text)
    return {"title": described.title or workflow.title, "description": described.description or workflow.description}
