"""Triggers are created, changed, paused, resumed and taken away.

In: a principal and what they want (`Wanted`). Out: the record as it now stands. Only the table is written: the mark that a record gets with each
change is what brings EventBridge after it (`triggers.sync`), so a crash after the write loses nothing.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib import ids
from chalicelib.access.objects import scopes_on, trigger_for, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import now_text, time_text
from chalicelib.errors import NotPublished, TriggerChanged, TriggerInvalid
from chalicelib.runs.start import IN_LINE, InLine, choose_version
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import triggers, workflows
from chalicelib.store.statuses import RunStatus
from chalicelib.store.trigger_records import CatchUp, EventSource, RunEnd, Schedule, Scheme, TriggerKind, TriggerRecord, Webhook
from chalicelib.store.workflow_records import Workflow
from chalicelib.triggers.patterns import check_pattern
from chalicelib.triggers.template_check import check_template
from chalicelib.triggers.times import checked, expression_of
from chalicelib.triggers.timing import timing_of
from chalicelib.triggers.webhook_secrets import checked_secret, kept
from chalicelib.triggers.webhooks import DEFAULTS, KEY_HEADERS

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MOST_PER_WORKFLOW: Final = 50
_HEADER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_MOST_KEY_HEADERS: Final = 10


@dataclass(frozen=True, slots=True)
class WantedSchedule:
    """One of `cron` (five or six fields), `rate` and `at`."""

    cron: str | None = None
    rate: str | None = None
    at: str | None = None
    timezone: str = "UTC"
    start_at: datetime | None = None
    end_at: datetime | None = None
    catch_up: CatchUp = "none"


@dataclass(frozen=True, slots=True)
class WantedWebhook:
    """`header` and `prefix` default to the scheme's; `secret` to a new one."""

    scheme: Scheme
    header: str | None = None
    prefix: str | None = None
    key_headers: tuple[str, ...] = KEY_HEADERS
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class WantedEvent:
    pattern: JsonObject


@dataclass(frozen=True, slots=True)
class WantedRunEnd:
    """`workflow` by name or id."""

    workflow: str
    statuses: tuple[str, ...]


Source = WantedSchedule | WantedWebhook | WantedEvent | WantedRunEnd


@dataclass(frozen=True, slots=True)
class Wanted:
    """A trigger as somebody wants it. `source` says what it waits for, `line` how its runs wait for a slot."""

    name: str
    source: Source
    version: int | None = None
    input: Json = field(default_factory=dict)
    enabled: bool = True
    line: InLine = IN_LINE


def create(principal: Principal, workflow_id: str, wanted: Wanted) -> tuple[TriggerRecord, str | None]:
    """The trigger, and of a webhook its secret, which is not told again.

    Raises WorkflowNotFound, VersionNotFound, TriggerInvalid, ScheduleInvalid, TriggerInputInvalid, TriggerNameTaken.
    """
    organisation_id = principal.organisation_id
    workflow = workflow_for(principal, workflow_id, Scope.WORKFLOW_WRITE)
    if not NAME.fullmatch(wanted.name):
        raise TriggerInvalid("a trigger's name starts with a small letter, then 62 small letters, digits, _ or - at most")
    if len(triggers.list_of_workflow(organisation_id, workflow_id)) >= MOST_PER_WORKFLOW:
        raise TriggerInvalid(f"a workflow has {MOST_PER_WORKFLOW} triggers at most")
    now, trigger_id = now_text(), ids.new_id(ids.TRIGGER)
    secret = checked_secret(wanted.source.scheme, wanted.source.secret) if isinstance(wanted.source, WantedWebhook) else None
    trigger = TriggerRecord(
        id=trigger_id,
        organisation_id=organisation_id,
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        name=wanted.name,
        kind=kind_of(wanted.source),
        version=wanted.version,
        input=wanted.input,
        enabled=wanted.enabled,
        **_line(wanted.line),
        created_at=now,
        created_by=principal.person,
        updated_at=now,
        updated_by=principal.person,
        paused_at=None if wanted.enabled else now,
        handled_from=now,
        **_source(principal, wanted.source, None, now),
    )
    if trigger.webhook is not None and secret is not None:
        live = (kept(organisation_id, trigger_id, secret),)
        trigger = trigger.model_copy(update={"webhook": trigger.webhook.model_copy(update={"secrets": live})})
    _check(workflow, trigger)
    triggers.create(trigger)
    return trigger, secret


def change(principal: Principal, trigger_id: str, wanted: Wanted, *, revision: int | None = None) -> TriggerRecord:
    """Replace a trigger; its name and kind stay. Raises what `create` raises, TriggerNotFound, TriggerChanged."""
    before = trigger_for(principal, trigger_id, Scope.WORKFLOW_WRITE)
    if revision is not None and revision != before.revision:
        raise TriggerChanged(f"the trigger {before.name} was changed by somebody else since it was read")
    if (wanted.name, kind_of(wanted.source)) != (before.name, before.kind):
        raise TriggerInvalid("a trigger keeps its name and kind; remove it and add another")
    now = now_text()
    if isinstance(wanted.source, WantedWebhook) and wanted.source.secret is not None:
        raise TriggerInvalid("a webhook's secret is not changed with the trigger; rotate it")
    source = _source(principal, wanted.source, before, now)
    changed = {"version": wanted.version, "input": wanted.input, "handled_from": now, **_line(wanted.line), **source}
    after = _changed(before, principal, now, **changed, **_enabling(before, now, enabled=wanted.enabled))
    _check(workflows.get(principal.organisation_id, before.workflow_id), after)
    triggers.replace(after, before=before)
    return after


def pause(principal: Principal, trigger_id: str) -> TriggerRecord:
    """Nothing fires any more. Pausing twice is harmless. Raises TriggerNotFound, TriggerChanged."""
    return _enabled(principal, trigger_id, enabled=False)


def resume(principal: Principal, trigger_id: str) -> TriggerRecord:
    """It fires again; what a schedule missed is made up for as its `catch_up` says. Raises TriggerNotFound, TriggerChanged."""
    return _enabled(principal, trigger_id, enabled=True)


def remove(principal: Principal, trigger_id: str) -> None:
    """Raises TriggerNotFound, TriggerChanged."""
    triggers.delete(trigger_for(principal, trigger_id, Scope.WORKFLOW_WRITE), at=now_text(), by=principal.person)


def kind_of(source: Source) -> TriggerKind:
    match source:
        case WantedSchedule():
            return "schedule"
        case WantedWebhook():
            return "webhook"
        case WantedEvent():
            return "event"
        case WantedRunEnd():
            return "run_end"


def _line(line: InLine) -> dict[str, Any]:
    return {"priority": line.priority, "start_within_seconds": line.within_seconds}


def _enabled(principal: Principal, trigger_id: str, *, enabled: bool) -> TriggerRecord:
    before = trigger_for(principal, trigger_id, Scope.WORKFLOW_WRITE)
    if before.enabled is enabled:
        return before
    now = now_text()
    handled = {} if enabled else {"handled_from": now}
    after = _changed(before, principal, now, **handled, **_enabling(before, now, enabled=enabled))
    triggers.replace(after, before=before)
    return after


def _enabling(before: TriggerRecord, now: str, *, enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "paused_at": None if enabled else before.paused_at or now}


def _changed(before: TriggerRecord, principal: Principal, now: str, **changes: object) -> TriggerRecord:
    return before.model_copy(update={**changes, "updated_at": now, "updated_by": principal.person, "revision": before.revision + 1})


def _source(principal: Principal, source: Source, before: TriggerRecord | None, now: str) -> dict[str, Any]:
    """The field of the record that says what the trigger waits for."""
    match source:
        case WantedSchedule():
            return {"schedule": _schedule(source, before.schedule if before else None, now)}
        case WantedWebhook():
            return {"webhook": _webhook(source, before.webhook if before else None)}
        case WantedEvent(pattern):
            check_pattern(pattern)
            return {"event": EventSource(pattern=pattern)}
        case WantedRunEnd():
            return {"run_end": _run_end(principal, source)}


def _webhook(wanted: WantedWebhook, before: Webhook | None) -> Webhook:
    """Its secrets stay; another scheme would need others."""
    if before is not None and before.scheme != wanted.scheme:
        raise TriggerInvalid("a webhook keeps its scheme, which its secret was made for; remove it and add another")
    header, prefix = DEFAULTS[wanted.scheme]
    names = (wanted.header or header, *wanted.key_headers)
    if not all(_HEADER.fullmatch(name) for name in names) or len(wanted.key_headers) > _MOST_KEY_HEADERS:
        raise TriggerInvalid(f"a header is named with letters, digits and -, and {_MOST_KEY_HEADERS} at most say which call it is")
    own_prefix = prefix if wanted.header is None else ""
    return Webhook(
        scheme=wanted.scheme,
        header=names[0].lower(),
        prefix=own_prefix if wanted.prefix is None else wanted.prefix,
        key_headers=tuple(name.lower() for name in wanted.key_headers),
        secrets=before.secrets if before is not None else (),
    )


def _run_end(principal: Principal, wanted: WantedRunEnd) -> RunEnd:
    known = [status.value for status in RunStatus if status.is_terminal]
    if not wanted.statuses or not set(wanted.statuses) <= set(known):
        raise TriggerInvalid(f"a run ends as one of {', '.join(known)}")
    organisation_id = principal.organisation_id
    found = workflows.find(organisation_id, wanted.workflow) or workflows.find_by_name(organisation_id, wanted.workflow)
    if found is None or Scope.RUN_READ not in scopes_on(principal, found):
        raise TriggerInvalid(f"there is no workflow {wanted.workflow} whose runs could end")
    return RunEnd(workflow_id=found.id, statuses=tuple(sorted(set(wanted.statuses))))


def _schedule(wanted: WantedSchedule, before: Schedule | None, now: str) -> Schedule:
    expression = expression_of(cron=wanted.cron, rate=wanted.rate, at=wanted.at)
    schedule = Schedule(
        expression=expression,
        timezone=wanted.timezone,
        start_at=time_text(wanted.start_at) if wanted.start_at else None,
        end_at=time_text(wanted.end_at) if wanted.end_at else None,
        anchor_at=before.anchor_at if before is not None and before.expression == expression else now,
        catch_up=wanted.catch_up,
    )
    checked(timing_of(schedule), datetime.now(UTC))
    return schedule


def _check(workflow: Workflow, trigger: TriggerRecord) -> None:
    check_template(trigger.input, trigger.kind, _input_schema(workflow, trigger.version))


def _input_schema(workflow: Workflow, number: int | None) -> JsonObject | None:
    """Of the version that would be started now; None where there is none yet. Raises VersionNotFound for a version that is named."""
    try:
        version = choose_version(workflow.organisation_id, workflow.id, number)
    except NotPublished:
        return None
    schema = version.spec.get("input")
    return schema if isinstance(schema, dict) else {"type": "object"}
