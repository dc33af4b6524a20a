"""Publish a version: compile, create the state machine, write the immutable version. Runs in the compiler Lambda alone.

In: a draft, or a text. Out: the `Version`. Idempotent by digest: the digest gets its number first, then its machine, then its record, so that
publishing the
same spec again finds the version, or goes on where the first attempt broke off.
"""

from dataclasses import asdict
from typing import Final

from pydantic import TypeAdapter

from chalicelib import ids
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention, SpecInvalid, VersionNotFound
from chalicelib.machines.create import bound, create
from chalicelib.spec.canonical import dump
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import workflows
from chalicelib.store.values import keep
from chalicelib.store.workflow_records import DocumentName, Documents, Version, Workflow
from chalicelib.store.workflows import Reservation
from chalicelib.workflows.compilation import Compiled, compile_text

_TRIES: Final = 10
_JSON: Final[TypeAdapter[object]] = TypeAdapter(object)


def publish(principal: Principal, workflow_id: str, *, text: str | None = None) -> Version:
    """Publish `text`, or the draft. Raises WorkflowNotFound, SpecInvalid with its diagnostics, EngineUnavailable."""
    organisation_id = principal.organisation_id
    workflow = workflows.get(organisation_id, workflow_id)
    source = workflows.get_draft(organisation_id, workflow_id).text if text is None else text
    compiled = _compiled(principal, workflow, source)
    reservation = _reserved(workflow, compiled.digest, principal.person)
    try:
        version = workflows.get_version(organisation_id, reservation.version_id)
    except VersionNotFound:
        version = _version(workflow, reservation, compiled, _machine(workflow, reservation, compiled))
    workflows.put_version(version, _documents(version, compiled, source))
    return version


def _compiled(principal: Principal, workflow: Workflow, source: str) -> Compiled:
    outcome = compile_text(principal, source)
    if not isinstance(outcome, Compiled):
        raise SpecInvalid(outcome)
    if outcome.spec.name != workflow.name:
        message = f"the document is called {outcome.spec.name}, the workflow {workflow.name}"
        raise SpecInvalid([*outcome.diagnostics, Diagnostic("name-differs", Severity.ERROR, message, hint="a workflow keeps its name")])
    return outcome


def _reserved(workflow: Workflow, digest: str, person: str) -> Reservation:
    """The number and id of this digest, now or from an earlier attempt."""
    for _ in range(_TRIES):
        known = workflows.find_reservation(workflow.organisation_id, workflow.id, digest)
        if known is not None:
            return known
        current = workflows.get(workflow.organisation_id, workflow.id)
        number = current.reserved_version + 1
        reservation = Reservation(version_id=ids.new_id(ids.VERSION), number=number, created_at=now_text(), created_by=person)
        try:
            workflows.reserve(current, digest, reservation)
        except ConditionLost:
            continue
        return reservation
    raise Contention(f"workflow {workflow.name} is published by too many at once")


def _machine(workflow: Workflow, reservation: Reservation, compiled: Compiled) -> str:
    return create(
        workflow_name=workflow.name,
        version_id=reservation.version_id,
        number=reservation.number,
        machine=compiled.compilation.state_machine,
        tags={"sluice:workflow": workflow.id, "sluice:version": reservation.version_id},
    )


def _version(workflow: Workflow, reservation: Reservation, compiled: Compiled, machine_arn: str) -> Version:
    return Version(
        id=reservation.version_id,
        organisation_id=workflow.organisation_id,
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        number=reservation.number,
        digest=compiled.digest,
        title=compiled.spec.title or "",
        machine_arn=machine_arn,
        spec=dump(compiled.spec),
        children=compiled.children,
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
        "forecast": _plain(compilation.forecast),
        "map": _plain(compilation.source_map),
        "source": source,
    }
    folder = f"versions/{version.id}"
    return Documents(version_id=version.id, values={name: keep(version.organisation_id, folder, value) for name, value in values.items()})


def _plain(value: object) -> Json:
    plain: Json = _JSON.dump_python(value, mode="json")
    return plain
