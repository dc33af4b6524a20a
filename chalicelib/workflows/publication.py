"""The API's way to the compiler Lambda: ask it to publish, and hear what came of it.

In: a principal, a workflow, what to publish. Out: the version, or the errors that `publish` raises, raised again here.
`handle` is the other end of the wire, also for runs, which ask for their residual machines (`runs.residual_machine`).
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.errors import (
    Contention,
    EngineUnavailable,
    PublisherUnavailable,
    SettingInvalid,
    SluiceError,
    SpecInvalid,
    VersionMoved,
    VersionNotFound,
    WorkflowNotFound,
)
from chalicelib.machines.compiler_function import ask
from chalicelib.runs.residual_machine import create_for
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.store.acts import Actor, acting, actor
from chalicelib.store.workflows import get_version
from chalicelib.workflows.compilation import NO_PINS, Pins
from chalicelib.workflows.publish import Published, Wish, diagnostic_data, publish

_DIAGNOSTICS: Final = TypeAdapter(tuple[Diagnostic, ...])


class _Wanted(BaseModel):
    """What goes over the wire. A text of any size the API takes fits Lambda's 6 MB."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    organisation_id: str
    person: str
    roles: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()
    workflow_id: str
    text: str | None = None
    note: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    base_version: int | None = None
    pins: Pins = NO_PINS
    rollback_of: int | None = None
    operation: str = "versions.publish"
    address: str = ""
    correlation_id: str = ""


class _Residual(BaseModel):
    """A run's residual machine that is wanted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    organisation_id: str
    run_id: str
    number: int


def request(principal: Principal, workflow_id: str, wish: Wish | None = None) -> Published:
    """Invoke the compiler function (SLUICE_COMPILER_FUNCTION) and wait. Raises ScopeMissing, PublisherUnavailable and what `publish` raises."""
    workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    wish = wish or Wish()
    wanted = _Wanted(
        organisation_id=principal.organisation_id,
        person=principal.person,
        roles=tuple(sorted(principal.roles)),
        scopes=tuple(sorted(principal.scopes)),
        workflow_id=workflow_id,
        text=wish.text,
        note=wish.note,
        labels=dict(wish.labels),
        base_version=wish.base_version,
        pins=wish.pins,
        rollback_of=wish.rollback_of,
        **_origin(),
    )
    answer = ask(wanted.model_dump(mode="json"))
    error = answer.get("error")
    if isinstance(error, dict):
        raise _raised_again(error)
    version_id = answer.get("version_id")
    if not isinstance(version_id, str):
        raise PublisherUnavailable("the compiler function gave no version")
    return Published(get_version(principal.organisation_id, version_id), is_new=bool(answer.get("is_new", True)))


def handle(payload: JsonObject) -> JsonObject:
    """What the `publisher` Lambda's handler returns for its event: `{"version_id": …, "is_new": …}` or `{"error": {name, message, diagnostics}}`."""
    if "residual" in payload:
        return _residual(_Residual.model_validate(payload["residual"]))
    wanted = _Wanted.model_validate(payload)
    principal = Principal(wanted.organisation_id, wanted.person, frozenset(wanted.roles), frozenset(wanted.scopes))
    who = Actor(wanted.organisation_id, wanted.person, wanted.operation, wanted.address, wanted.correlation_id)
    try:
        with acting(who):
            published = publish(principal, wanted.workflow_id, _wish(wanted))
        return {"version_id": published.version.id, "is_new": published.is_new}
    except SpecInvalid as fault:
        return {"error": {"name": "SpecInvalid", "message": str(fault), "diagnostics": [diagnostic_data(found) for found in fault.diagnostics]}}
    except VersionMoved as fault:
        return {"error": {"name": "VersionMoved", "message": str(fault), **fault.detail}}
    except SluiceError as fault:
        return {"error": {"name": type(fault).__name__, "message": str(fault)}}


def _origin() -> dict[str, str]:
    """Where the present request comes from, for the audit of what the function changes."""
    who = actor()
    return {"operation": who.operation, "address": who.address, "correlation_id": who.correlation_id} if who else {}


def _wish(wanted: _Wanted) -> Wish:
    return Wish(
        text=wanted.text,
        note=wanted.note,
        labels=wanted.labels,
        base_version=wanted.base_version,
        pins=wanted.pins,
        rollback_of=wanted.rollback_of,
    )


def _residual(wanted: _Residual) -> JsonObject:
    try:
        return {"machine_arn": create_for(wanted.organisation_id, wanted.run_id, wanted.number)}
    except SluiceError as fault:
        return {"error": {"name": type(fault).__name__, "message": str(fault)}}


def _raised_again(error: JsonObject) -> SluiceError:
    """The error that the other end caught, by its class's name."""
    name, message = str(error.get("name")), str(error.get("message"))
    if name == "SpecInvalid":
        return SpecInvalid(_DIAGNOSTICS.validate_python(error.get("diagnostics") or ()))
    if name == "VersionMoved":
        latest, change = error.get("latest"), error.get("change")
        return VersionMoved(message, latest if isinstance(latest, dict) else {}, [str(line) for line in change] if isinstance(change, list) else [])
    kind = _PLAIN.get(name)
    return kind(message) if kind else PublisherUnavailable(message)


# Those that publishing may raise and that are told by their message alone.
_PLAIN: Final[Mapping[str, type[SluiceError]]] = {
    kind.__name__: kind for kind in (WorkflowNotFound, VersionNotFound, Contention, EngineUnavailable, SettingInvalid)
}
