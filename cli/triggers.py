"""Commands on triggers: what starts runs of a workflow by itself."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast, get_args

import typer

from cli import screen
from cli.api_client import (
    Fault,
    Firing,
    MadeTrigger,
    ScheduleGiven,
    TriggerGiven,
    TriggerWithTally,
)
from cli.client import Problem
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

app = typer.Typer(no_args_is_help=True, help="What starts runs by itself: schedules, webhooks, events, ends of other runs.")
Trigger = Annotated[str, typer.Argument(help="A trigger's id, or WORKFLOW/NAME.")]
COLUMNS: Final = {"workflow_name": "workflow", "name": "name", "what": "starts", "state": "state", "fired_count": "fired", "last": "last", "id": "id"}
_CatchUp = Literal["none", "latest", "all"]
_Scheme = Literal["token", "sha256", "standard", "stripe"]
_How = Literal["cron", "rate", "at", "webhook", "event", "after"]
_HOW: Final[tuple[_How, ...]] = get_args(_How)


@app.command("list")
def list_(
    workflow: Annotated[str | None, typer.Argument(help="One workflow's; without it, all.")] = None,
    kind: Annotated[Literal["schedule", "webhook", "event", "run_end"] | None, typer.Option("--kind", help="Only those of a kind.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Only those that are paused.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Triggers with what they did so far."""
    here = session(url, person, as_json)
    with told(here.err):
        enabled = False if paused else None
        found = _of_workflow(here, workflow, kind=kind, enabled=enabled) if workflow else _all(here, kind=kind, enabled=enabled)
        here.show({"triggers": found}, human=lambda: screen.table_of([_row(each) for each in found], COLUMNS))


@app.command("add")
def add(
    workflow: Annotated[str, typer.Argument(help="The workflow whose runs it starts.")],
    name: Annotated[str, typer.Argument(help="Its name, unique in the workflow.")],
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields of plain cron, or EventBridge's six: '0 7 * * 1-5'.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="'5 minutes', '1 hour', '2 days'.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="Once: 2026-12-24T18:00.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Of --cron and --at.")] = "UTC",
    catch_up: Annotated[_CatchUp, typer.Option("--catch-up", help="Which missed times are made up for.")] = "none",
    webhook: Annotated[_Scheme | None, typer.Option("--webhook", help="How calls are verified.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="EventBridge's pattern as JSON, or @FILE.")] = None,
    after: Annotated[str | None, typer.Option("--after", help="The workflow whose runs' ends it waits for.")] = None,
    on: Annotated[list[str] | None, typer.Option("--on", help="With --after: succeeded, failed, timed_out, cancelled. May be repeated.")] = None,
    input_: Annotated[str, typer.Option("--input", help="The template of the run's input as JSON, or @FILE.")] = "{}",
    version: Annotated[int | None, typer.Option("--version", min=1, help="The version to run; else the latest of the day.")] = None,
    priority: Annotated[Literal["high", "normal", "low"], typer.Option("--priority", help="Of its runs, where they wait for a slot.")] = "normal",
    paused: Annotated[bool, typer.Option("--paused", help="It begins paused.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a trigger. A webhook's secret is shown this once."""
    here = session(url, person, as_json)
    with told(here.err):
        given = dict(zip(_HOW, (cron, rate, at, webhook, event, after), strict=True))
        body: TriggerGiven = {"name": name, "input": _read(input_), "enabled": not paused, "priority": priority}
        if version:
            body["version"] = version
        _wait_for(body, {how: value for how, value in given.items() if value is not None}, timezone, catch_up, on)
        made = here.api.triggers_create(here.workflow_id(workflow), body)
        here.show(made, human=lambda: _made(made))


@app.command("show")
def show(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """A trigger, and its last firings."""
    here = session(url, person, as_json)
    with told(here.err):
        found = _find(here, trigger)
        firings = here.api.triggers_firings(found["id"], limit=10)["firings"]
        here.show({**found, "firings": firings}, human=lambda: screen.table_of([_row(found)], COLUMNS))
        if not as_json and firings:
            here.out.print(screen.table_of([_firing_row(each) for each in firings], {"at": "at", "run_id": "run", "told": "error"}))


@app.command("pause")
def pause(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let it fire no more."""
    here = session(url, person, as_json)
    with told(here.err):
        here.show(here.api.triggers_pause(_find(here, trigger)["id"]), human=lambda: "paused")


@app.command("resume")
def resume(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let it fire again; missed times are made up for as its catch-up says."""
    here = session(url, person, as_json)
    with told(here.err):
        here.show(here.api.triggers_resume(_find(here, trigger)["id"]), human=lambda: "resumed")


@app.command("next")
def next_(
    trigger: Trigger,
    count: Annotated[int, typer.Option("--count", min=1, max=100)] = 10,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """When a schedule fires next (UTC)."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.triggers_times(_find(here, trigger)["id"], count=count)
        here.show(found, human=lambda: "\n".join(found["times"]) or "never: it is paused, or over")


@app.command("backfill")
def backfill(
    trigger: Trigger,
    first: Annotated[str, typer.Option("--from", help="The first time, with an offset: 2026-11-01T00:00:00Z.")],
    last: Annotated[str, typer.Option("--to", help="The last time.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell the times.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fire a schedule for times of the past. A time that has its run keeps it."""
    here = session(url, person, as_json)
    with told(here.err):
        done = here.api.triggers_backfill(_find(here, trigger)["id"], {"from": first, "to": last, "dry_run": dry_run})
        rows: list[dict[str, Any]] = [_firing_row(each) for each in done["firings"]] or [{"at": at} for at in done["times"]]
        here.show(done, human=lambda: screen.table_of(rows, {"at": "at", "run_id": "run", "told": "error"}))


@app.command("fire")
def fire(
    trigger: Trigger,
    key: Annotated[str | None, typer.Option("--key", help="An idempotency key: firing again with it finds the same run.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fire a schedule now."""
    here = session(url, person, as_json)
    with told(here.err):
        fired = here.api.triggers_fire(_find(here, trigger)["id"], key=key or None)
        here.show(fired, human=lambda: _said(fired["error"]) or f"fired {fired['run_id'] or ''}".strip())


@app.command("rotate")
def rotate(
    trigger: Trigger,
    overlap: Annotated[int, typer.Option("--overlap", metavar="SECONDS", min=0, help="How long the secret before is still taken.")] = 86_400,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a webhook another secret, shown this once."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.triggers_rotate(_find(here, trigger)["id"], {"overlap_seconds": overlap})
        here.show(made, human=lambda: _made(made))


@app.command("remove")
def remove(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Take a trigger away; its runs stay."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.triggers_remove(_find(here, trigger)["id"])
        here.show({"removed": True}, human=lambda: "removed")


def _find(here: Session, trigger: str) -> TriggerWithTally:
    """By id, or by workflow and name. Raises Problem (404)."""
    workflow, slash, name = trigger.partition("/")
    if not slash:
        return here.api.triggers_get_one(trigger)
    for each in _of_workflow(here, workflow):
        if each["name"] == name:
            return each
    raise Problem(404, {"code": "trigger-not-found", "detail": f"{workflow} has no trigger called {name}"})


def _of_workflow(here: Session, workflow: str, *, kind: str | None = None, enabled: bool | None = None) -> list[TriggerWithTally]:
    return here.api.triggers_list_of_workflow(here.workflow_id(workflow), kind=kind, enabled=enabled)["triggers"]


def _all(here: Session, *, kind: str | None = None, enabled: bool | None = None) -> list[TriggerWithTally]:
    found: list[TriggerWithTally] = []
    cursor = None
    while True:
        page = here.api.triggers_list_all(limit=200, cursor=cursor, kind=kind, enabled=enabled)
        found += page["triggers"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def _wait_for(body: TriggerGiven, given: dict[_How, str], timezone: str, catch_up: _CatchUp, on: list[str] | None) -> None:
    """Say in the body what the trigger waits for. Raises Problem (422)."""
    if len(given) != 1:
        raise Problem(422, {"code": "invalid", "detail": f"give one of {', '.join(f'--{how}' for how in _HOW)}"})
    ((how, value),) = given.items()
    match how:
        case "webhook":
            body["webhook"] = {"scheme": cast("_Scheme", value)}  # the option takes nothing else
        case "event":
            body["event"] = {"pattern": _read(value)}
        case "after":
            body["run_end"] = {"workflow": value, "statuses": on or ["succeeded"]}
        case _:
            schedule: ScheduleGiven = {"timezone": timezone, "catch_up": catch_up}
            schedule[how] = value
            body["schedule"] = schedule


def _read(text: str) -> Any:
    """JSON as it is given, or from a file. Raises Problem (422)."""
    try:
        return json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as fault:
        raise Problem(422, {"code": "invalid", "detail": f"{text[:60]}: {fault}"}) from fault


def _made(trigger: MadeTrigger) -> str:
    lines = [f"{trigger['workflow_name']}/{trigger['name']}  {trigger['id']}"]
    if trigger.get("secret"):
        lines += [f"called at  {trigger['webhook']['path']}", f"secret     {trigger['secret']}  (it is not shown again)"]
    return "\n".join(lines)


def _row(trigger: TriggerWithTally) -> dict[str, Any]:
    error = trigger["last_error"]
    last = f"{trigger['last_at'] or ''} {error['name'] if error else ''}".strip()
    return {**trigger, "what": _what(trigger), "state": "on" if trigger["enabled"] else "paused", "last": last}


def _what(trigger: TriggerWithTally) -> str:
    match trigger["kind"]:
        case "schedule":
            return f"{trigger['schedule']['expression']} {trigger['schedule']['timezone']}"
        case "webhook":
            return f"webhook, {trigger['webhook']['scheme']}"
        case "event":
            return f"event {json.dumps(trigger['event']['pattern'])[:60]}"
        case "run_end":
            return f"after {trigger['run_end']['workflow_id']}: {', '.join(trigger['run_end']['statuses'])}"


def _firing_row(firing: Firing) -> dict[str, Any]:
    return {**firing, "run_id": firing["run_id"] or "", "told": _said(firing["error"])[:100]}


def _said(error: Fault | None) -> str:
    return f"{error['name']}: {error['message']}" if error else ""
