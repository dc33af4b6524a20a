"""Routes: what starts runs of a workflow by itself."""

from datetime import datetime, timedelta
from http import HTTPMethod
from typing import Annotated

from chalice.app import Blueprint
from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from chalicelib.access.scopes import Scope
from chalicelib.api import trigger_shapes
from chalicelib.api.contract import Replay
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.api.paging import Page
from chalicelib.api.shapes import NOTHING
from chalicelib.api.trigger_views import firing_view, trigger_view
from chalicelib.errors import (
    CursorInvalid,
    ScheduleInvalid,
    TriggerChanged,
    TriggerInputInvalid,
    TriggerInvalid,
    TriggerNameTaken,
    TriggerNotFound,
    VersionNotFound,
    WorkflowNotFound,
)
from chalicelib.runs.start import InLine
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.run_records import Priority
from chalicelib.store.trigger_records import CatchUp, Scheme, TriggerKind, TriggerRecord
from chalicelib.triggers import query, save, schedules, webhooks
from chalicelib.triggers.save import Source, Wanted, WantedEvent, WantedRunEnd, WantedSchedule, WantedWebhook
from chalicelib.triggers.webhooks import KEY_HEADERS

routes = Blueprint(__name__)


def _moment(given: object) -> object:
    """Bodies are read strictly, and JSON has no times."""
    try:
        return datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        return given


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(min_length=1, max_length=256)]


class ScheduleGiven(Wire):
    """One of `cron`, `rate` and `at`; `at` is a time of the wall clock in `timezone`."""

    cron: Text | None = None
    rate: Text | None = None
    at: Text | None = None
    timezone: Text = "UTC"
    start_at: Moment | None = None
    end_at: Moment | None = None
    catch_up: CatchUp = "none"


class WebhookGiven(Wire):
    """`header` and `prefix` default to the scheme's, `secret` to a new one."""

    scheme: Scheme
    header: Text | None = None
    prefix: Annotated[str, Field(max_length=64)] | None = None
    key_headers: Annotated[list[Text], Field(max_length=10)] = Field(default_factory=lambda: [*KEY_HEADERS])
    secret: Annotated[str | None, Field(max_length=512, repr=False)] = None


class EventGiven(Wire):
    """`pattern` is EventBridge's."""

    pattern: JsonObject


class RunEndGiven(Wire):
    """`workflow` by name or id."""

    workflow: Text
    statuses: Annotated[list[Text], Field(max_length=10)]


class TriggerGiven(Wire):
    """Exactly one of `schedule`, `webhook`, `event` and `run_end`. `input` is a template. `version` defaults to the latest at the time of the run.
    `priority` and `start_within_seconds` say how its runs wait, where they have to."""

    name: Annotated[str, Field(max_length=64)]
    version: Annotated[int, Field(ge=1)] | None = None
    input: Json = Field(default_factory=dict)
    enabled: bool = True
    priority: Annotated[Priority, Field(strict=False)] = Priority.NORMAL
    start_within_seconds: Annotated[int, Field(ge=1, le=86_400 * 30)] | None = None
    schedule: ScheduleGiven | None = None
    webhook: WebhookGiven | None = None
    event: EventGiven | None = None
    run_end: RunEndGiven | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "TriggerGiven":
        if len(self._sources()) != 1:
            raise ValueError("a trigger has exactly one of schedule, webhook, event and run_end")
        return self

    def _sources(self) -> list[Source]:
        schedule, webhook, event, run_end = self.schedule, self.webhook, self.event, self.run_end
        return [
            *([WantedSchedule(**dict(schedule))] if schedule else []),
            *([WantedWebhook(**{**dict(webhook), "key_headers": tuple(webhook.key_headers)})] if webhook else []),
            *([WantedEvent(event.pattern)] if event else []),
            *([WantedRunEnd(run_end.workflow, tuple(run_end.statuses))] if run_end else []),
        ]

    @property
    def wanted(self) -> Wanted:
        line = InLine(self.priority, self.start_within_seconds)
        return Wanted(self.name, self._sources()[0], version=self.version, input=self.input, enabled=self.enabled, line=line)


class TriggerToChange(TriggerGiven):
    """With `revision`, the one that was read, nobody else's change is overwritten."""

    revision: Annotated[int, Field(ge=1)] | None = None


class Rotation(Wire):
    """The secret before is taken for `overlap_seconds` more."""

    secret: Annotated[str | None, Field(max_length=512, repr=False)] = None
    overlap_seconds: Annotated[int, Field(ge=0, le=7 * 86_400)] = 86_400


class TimesWanted(Wire):
    count: Annotated[int, Field(ge=1, le=schedules.MOST_TIMES)] = 10


class Span(Wire):
    """Both ends are included. A dry run only tells the times."""

    first: Moment = Field(alias="from")
    last: Moment = Field(alias="to")
    dry_run: bool = False


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/workflows/{workflow_id}/triggers",
    scope=Scope.WORKFLOW_WRITE,
    answers={201: trigger_shapes.MADE_TRIGGER},
    errors=(WorkflowNotFound, VersionNotFound, TriggerInvalid, ScheduleInvalid, TriggerInputInvalid, TriggerNameTaken),
    replay=Replay.NEVER,
)
def create(call: Call[TriggerGiven, Nothing], workflow_id: str) -> Answer:
    """Add a trigger to a workflow.

    With one of `schedule`, `webhook`, `event` and `run_end`. `input` is a template of the run's input; `version` defaults to the latest of the day.
    `priority` (`high`, `normal`, `low`) and `start_within_seconds` are those of its runs, where they wait for a slot.
    See [flows/triggers.md](flows/triggers.md).

    `schedule`: one of `cron` (EventBridge's six fields, plain cron's five, or `@daily` and the like), `rate` (`5 minutes`) and `at`
    (`2026-12-24T18:00:00`), with `timezone` (`Europe/Berlin`; `UTC`), `start_at`, `end_at` (with an offset) and `catch_up` (`none`, `latest`,
    `all`: which missed times are made up for). `webhook`: `scheme` (`token`, `sha256`, `standard`, `stripe`), `header` and `prefix` if they are not
    the scheme's own, `key_headers`, `secret` (one is made if none is given). `event`: `pattern`, EventBridge's, on the default bus of the account.
    `run_end`: `workflow` (name or id) and `statuses` (`succeeded`, `failed`, `timed_out`, `cancelled`).

    The answer is the trigger; of a webhook with its `secret`, this once, and `webhook.path`, where it is called. `trigger-input-invalid` has its
    faults by JSON pointer.
    """
    trigger, secret = save.create(call.principal, workflow_id, call.body.wanted)
    return Answer(_told(trigger, secret), status=201, headers={"Location": f"/api/v1/triggers/{trigger.id}"})


class TriggersOfWorkflowWanted(Wire):
    """`enabled` false asks for those that are paused."""

    kind: TriggerKind | None = None
    enabled: bool | None = None


class TriggersWanted(Page):
    """`enabled` false asks for those that are paused."""

    kind: TriggerKind | None = None
    workflow_id: str | None = None
    enabled: bool | None = None
    sort: query.TriggerOrder = "workflow"

    @property
    def wanted(self) -> query.Wanted:
        return query.Wanted(kind=self.kind, workflow_id=self.workflow_id, enabled=self.enabled, sort=self.sort)


class FiringsWanted(Page):
    """`outcome`: whether it started a run."""

    outcome: query.Outcome | None = None
    sort: query.FiringOrder = "-at"

    @property
    def wanted(self) -> query.WantedFirings:
        return query.WantedFirings(outcome=self.outcome, sort=self.sort)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/workflows/{workflow_id}/triggers",
    scope=Scope.WORKFLOW_READ,
    answers={200: trigger_shapes.TRIGGERS_OF_WORKFLOW},
    errors=(WorkflowNotFound,),
)
def list_of_workflow(call: Call[Nothing, TriggersOfWorkflowWanted], workflow_id: str) -> Answer:
    """The triggers of a workflow by name, each with what it did so far."""
    found = query.list_of_workflow(call.principal, workflow_id, query.Wanted(kind=call.query.kind, enabled=call.query.enabled))
    return Answer({"triggers": [trigger_view(each.trigger, each.tally) for each in found]})


@endpoint(routes, HTTPMethod.GET, "/api/v1/triggers", scope=Scope.WORKFLOW_READ, answers={200: trigger_shapes.TRIGGERS}, errors=(CursorInvalid,))
def list_all(call: Call[Nothing, TriggersWanted]) -> Answer:
    """Triggers by workflow and name: all, or those that fit.

    `enabled` is false for those that are paused. `kind` and `enabled` are asked of the triggers as they are read: one request looks at 1,600 at
    most, so that a page may be short, or empty, and still have a cursor.
    """
    page = query.list_all(call.principal, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"triggers": [trigger_view(each.trigger, each.tally) for each in page.triggers], "cursor": page.cursor})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/triggers/{trigger_id}",
    scope=Scope.WORKFLOW_READ,
    answers={200: trigger_shapes.TRIGGER_WITH_TALLY},
    errors=(TriggerNotFound,),
)
def get_one(call: Call[Nothing, Nothing], trigger_id: str) -> Answer:
    """A trigger with what it did so far."""
    found = query.get_trigger(call.principal, trigger_id)
    return Answer(trigger_view(found.trigger, found.tally))


@endpoint(
    routes,
    HTTPMethod.PUT,
    "/api/v1/triggers/{trigger_id}",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: trigger_shapes.TRIGGER},
    errors=(WorkflowNotFound, VersionNotFound, TriggerInvalid, ScheduleInvalid, TriggerInputInvalid, TriggerNotFound, TriggerChanged),
)
def change(call: Call[TriggerToChange, Nothing], trigger_id: str) -> Answer:
    """Replace a trigger; its name and kind stay.

    The body is that of adding one, with `revision`, the one that was read, if nobody else's change may be overwritten.
    """
    return Answer(trigger_view(save.change(call.principal, trigger_id, call.body.wanted, revision=call.body.revision)))


@endpoint(
    routes,
    HTTPMethod.DELETE,
    "/api/v1/triggers/{trigger_id}",
    scope=Scope.WORKFLOW_WRITE,
    answers={204: NOTHING},
    errors=(TriggerNotFound, TriggerChanged),
)
def remove(call: Call[Nothing, Nothing], trigger_id: str) -> Answer:
    """Take a trigger away; its runs stay."""
    save.remove(call.principal, trigger_id)
    return Answer(None, status=204)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/triggers/{trigger_id}/pause",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: trigger_shapes.TRIGGER},
    errors=(TriggerNotFound, TriggerChanged),
)
def pause(call: Call[Nothing, Nothing], trigger_id: str) -> Answer:
    """Let it fire no more. Twice is harmless."""
    return Answer(trigger_view(save.pause(call.principal, trigger_id)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/triggers/{trigger_id}/resume",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: trigger_shapes.TRIGGER},
    errors=(TriggerNotFound, TriggerChanged),
)
def resume(call: Call[Nothing, Nothing], trigger_id: str) -> Answer:
    """Let it fire again; a schedule makes up for what it missed as its `catch_up` says."""
    return Answer(trigger_view(save.resume(call.principal, trigger_id)))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/triggers/{trigger_id}/fire",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={202: trigger_shapes.FIRING},
    errors=(TriggerNotFound, TriggerInvalid),
    replay=Replay.OWN,
)
def fire(call: Call[Nothing, Nothing], trigger_id: str) -> Answer:
    """Fire a schedule out of turn. With an `Idempotency-Key`, asking again finds the same firing."""
    return Answer(firing_view(schedules.fire_now(call.principal, trigger_id, key=call.idempotency_key)), status=202)


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/triggers/{trigger_id}/rotate",
    scope=Scope.WORKFLOW_WRITE,
    answers={200: trigger_shapes.MADE_TRIGGER},
    errors=(TriggerNotFound, TriggerInvalid, TriggerChanged),
    replay=Replay.NEVER,
)
def rotate(call: Call[Rotation, Nothing], trigger_id: str) -> Answer:
    """Give a webhook another secret, which is told this once.

    The one before is taken for `overlap_seconds` more (a day; a week at most), others no more.
    """
    overlap = timedelta(seconds=call.body.overlap_seconds)
    trigger, secret = webhooks.rotate(call.principal, trigger_id, secret=call.body.secret, overlap=overlap)
    return Answer(_told(trigger, secret))


@endpoint(
    routes,
    HTTPMethod.POST,
    "/api/v1/triggers/{trigger_id}/backfill",
    scope=Scope.WORKFLOW_EXECUTE,
    answers={200: trigger_shapes.BACKFILL, 202: trigger_shapes.BACKFILL},
    errors=(TriggerNotFound, TriggerInvalid),
)
def backfill(call: Call[Span, Nothing], trigger_id: str) -> Answer:
    """Fire for the times of a span; those that have their run keep it.

    Both ends are included, 100 times and 400 days at most. A dry run is answered with 200 and the times alone.
    """
    done = schedules.backfill(call.principal, trigger_id, first=call.body.first, last=call.body.last, dry_run=call.body.dry_run)
    return Answer({"times": [*done.times], "firings": [firing_view(each) for each in done.firings]}, status=200 if call.body.dry_run else 202)


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/triggers/{trigger_id}/times",
    scope=Scope.WORKFLOW_READ,
    answers={200: trigger_shapes.TIMES},
    errors=(TriggerNotFound, TriggerInvalid),
)
def times(call: Call[Nothing, TimesWanted], trigger_id: str) -> Answer:
    """When a schedule fires next; none while it is paused."""
    return Answer({"times": [*schedules.upcoming(call.principal, trigger_id, call.query.count)]})


@endpoint(
    routes,
    HTTPMethod.GET,
    "/api/v1/triggers/{trigger_id}/firings",
    scope=Scope.WORKFLOW_READ,
    answers={200: trigger_shapes.FIRINGS},
    errors=(TriggerNotFound, CursorInvalid),
)
def firings(call: Call[Nothing, FiringsWanted], trigger_id: str) -> Answer:
    """What a trigger did in the last 30 days, newest first.

    `outcome` is `started` where there is a run, `failed` where there is none. It is asked of the firings as they are read: one request looks at
    1,600 at most, so that a page may be short, or empty, and still have a cursor.
    """
    page = query.list_firings(call.principal, trigger_id, call.query.wanted, limit=call.query.limit, cursor=call.query.cursor)
    return Answer({"firings": [firing_view(each) for each in page.firings], "cursor": page.cursor})


def _told(trigger: TriggerRecord, secret: str | None) -> JsonObject:
    """A trigger as it was made, with the secret that is not told again."""
    return {**trigger_view(trigger), **({"secret": secret} if secret is not None else {})}
