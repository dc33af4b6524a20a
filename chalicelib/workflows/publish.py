"""Publish a version: compile, create the state machine, write the immutable version. Runs in the compiler Lambda alone.

In: a draft, or a text, with a note. Out: `Published`: the version, and whether it is new. Idempotent: a digest that is the latest version's is that
version; else it gets its number on top of the latest, then its machine, then its record, so that publishing the same again goes on where the first
attempt broke off. The record is written only while that version still is the latest: nobody's publication is passed over unseen.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from pydantic import TypeAdapter

from chalicelib import ids
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention, SpecInvalid, VersionMoved
from chalicelib.machines.create import bound, create
from chalicelib.machines.delete import delete
from chalicelib.spec.canonical import digest, dump
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import drafts, workflows
from chalicelib.store.values import keep
from chalicelib.store.workflow_records import DocumentName, Documents, Draft, Version, VersionSummary, Workflow
from chalicelib.store.workflows import Reservation
from chalicelib.workflows.compilation import NO_PINS, Compiled, Pins, compile_text
from chalicelib.workflows.drafts import get_draft
from chalicelib.workflows.version_diff import diff_versions

_TRIES: Final = 10
_JSON: Final[TypeAdapter[object]] = TypeAdapter(object)


@dataclass(frozen=True)
class Wish:
    """What to publish. Without `text` it is one's own draft; then `base_version` is what that was begun from. `pins`: the versions of
    sub-workflows and the agents that it is to have again, in place of those of now."""

    text: str | None = None
    note: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    base_version: int | None = None
    pins: Pins = NO_PINS
    rollback_of: int | None = None


@dataclass(frozen=True)
class Published:
    """`is_new` is False where nothing differs from the latest version: then it is that one."""

    version: Version
    is_new: bool = True


def publish(principal: Principal, workflow_id: str, wish: Wish | None = None) -> Published:
    """Raises WorkflowNotFound, SpecInvalid with its diagnostics, VersionMoved, EngineUnavailable."""
    wish = wish or Wish()
    draft = get_draft(principal, workflow_id) if wish.text is None else None
    for _ in range(_TRIES):
        workflow = workflows.get(principal.organisation_id, workflow_id)
        attempt = _Attempt(principal, workflow, wish, draft)
        published = attempt.unchanged() or attempt.publish()
        if published is not None:
            _go_on_from(principal, workflow_id, attempt.source, published.version.number)
            return published
    raise Contention(f"workflow {workflow_id} is published by too many at once")


def _go_on_from(principal: Principal, workflow_id: str, source: str, number: int) -> None:
    """One's own draft goes on from the version that has its text."""
    draft = drafts.find(principal.organisation_id, workflow_id, principal.person)
    if draft is not None and draft.text == source:
        drafts.set_base(principal.organisation_id, draft, number)


def latest_of(workflow: Workflow) -> VersionSummary | None:
    """The version that is in force."""
    return workflows.get_summary(workflow.organisation_id, workflow.id, workflow.latest_version) if workflow.latest_version else None


def compiled_for(principal: Principal, workflow: Workflow, source: str, *, pins: Pins = NO_PINS) -> Compiled:
    """What would be published. Raises SpecInvalid, also for a document of another name."""
    outcome = compile_text(principal, source, pins=pins)
    if not isinstance(outcome, Compiled):
        raise SpecInvalid(outcome)
    if outcome.spec.name != workflow.name:
        message = f"the document is called {outcome.spec.name}, the workflow {workflow.name}"
        raise SpecInvalid([*outcome.diagnostics, Diagnostic("name-differs", Severity.ERROR, message, hint="a workflow keeps its name")])
    return outcome


def require_base(workflow: Workflow, base: int | None) -> None:
    """Raises VersionMoved where a version came after the one that the author knew."""
    latest = latest_of(workflow)
    if latest is None or base is None or base >= latest.number:
        return
    change = diff_versions(workflow, base, latest.number).difference.summary if base else ("there was no version yet",)
    told: JsonObject = {"number": latest.number, "created_by": latest.created_by, "created_at": latest.created_at, "note": latest.note}
    message = f"{latest.created_by} published version {latest.number} at {latest.created_at}, after this was begun from version {base}"
    raise VersionMoved(f"{message}; take its changes in and save the draft with base_version {latest.number}", told, change)


class _Attempt:
    """One try to publish on top of the workflow as it was just read."""

    def __init__(self, principal: Principal, workflow: Workflow, wish: Wish, draft: Draft | None) -> None:
        self.principal, self.workflow, self.wish = principal, workflow, wish
        self.source = draft.text if draft else wish.text or ""
        self.base = draft.base_version if draft else wish.base_version
        self.compiled = compiled_for(principal, workflow, self.source, pins=wish.pins)

    def unchanged(self) -> Published | None:
        """The latest version, if this is it."""
        latest = latest_of(self.workflow)
        if latest is None or latest.digest != self.compiled.digest:
            return None
        return Published(workflows.get_version(self.workflow.organisation_id, latest.id), is_new=False)

    def publish(self) -> Published | None:
        """None where somebody else came first, after the workflow was read."""
        require_base(self.workflow, self.base)
        reservation = self._reservation()
        if reservation is None:
            return None
        version = self._version(reservation, self._machine(reservation))
        try:
            workflows.put_version(version, _documents(version, self.compiled, self.source), after=self.workflow.latest_version)
        except ConditionLost:
            delete(version.machine_arn)  # no version will ever have it
            return None
        return Published(workflows.get_version(version.organisation_id, version.id))

    def _reservation(self) -> Reservation | None:
        """The number and id of this digest, now or from an earlier attempt; None where the number was taken meanwhile."""
        workflow, digest = self.workflow, self.compiled.digest
        known = workflows.find_reservation(workflow.organisation_id, workflow.id, digest, workflow.latest_version)
        if known is not None:
            return known
        number, by = workflow.reserved_version + 1, self.principal.person
        reservation = Reservation(version_id=ids.new_id(ids.VERSION), number=number, created_at=now_text(), created_by=by)
        try:
            workflows.reserve(workflow, digest, reservation)
        except ConditionLost:
            return None
        return reservation

    def _machine(self, reservation: Reservation) -> str:
        return create(
            workflow_name=self.workflow.name,
            version_id=reservation.version_id,
            number=reservation.number,
            machine=self.compiled.compilation.state_machine,
            tags={"sluice:workflow": self.workflow.id, "sluice:version": reservation.version_id},
        )

    def _version(self, reservation: Reservation, machine_arn: str) -> Version:
        compiled, workflow = self.compiled, self.workflow
        spec = dump(compiled.spec)
        return Version(
            id=reservation.version_id,
            organisation_id=workflow.organisation_id,
            workflow_id=workflow.id,
            workflow_name=workflow.name,
            number=reservation.number,
            digest=compiled.digest,
            spec_digest=digest(spec),
            title=compiled.spec.title or "",
            note=self.wish.note,
            labels=dict(self.wish.labels),
            rollback_of=self.wish.rollback_of,
            machine_arn=machine_arn,
            spec=spec,
            children=compiled.children,
            agents=compiled.agents,
            context_fields=compiled.compilation.context_fields,
            warnings=[diagnostic_data(found) for found in compiled.diagnostics],
            created_at=reservation.created_at,
            created_by=reservation.created_by,
        )


def diagnostic_data(found: Diagnostic) -> JsonObject:
    """A diagnostic as plain JSON."""
    return {**asdict(found), "severity": found.severity.value}


def _documents(version: Version, compiled: Compiled, source: str) -> Documents:
    compilation = compiled.compilation
    values: dict[DocumentName, Json] = {
        "asl": bound(compilation.state_machine),
        "plan": compilation.plan_text,
        "forecast": compilation.forecast.as_json(),
        "map": _plain(compilation.source_map),
        "source": source,
    }
    folder = f"versions/{version.id}"
    return Documents(version_id=version.id, values={name: keep(version.organisation_id, folder, value) for name, value in values.items()})


def _plain(value: object) -> Json:
    plain: Json = _JSON.dump_python(value, mode="json")
    return plain
