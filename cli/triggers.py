"""Commands on triggers: what starts runs of a workflow by itself."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cli import screen
from cli.client import Problem
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

app = typer.Typer(no_args_is_help=True, help="What starts runs by itself: schedules, webhooks, events, ends of other runs.")
Trigger = Annotated[str, typer.Argument(help="A trigger's id, or WORKFLOW/NAME.")]
COLUMNS: Final = {"workflow_name": "workflow", "name": "name", "what": "starts", "state": "state", "fired_count": "fired", "last": "last", "id": "id"}
_HOW: Final = ("cron", "rate", "at", "webhook", "event", "after")


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
        wanted = {"kind": kind, "enabled": "false" if paused else None}
        found = _of_workflow(here, workflow, **wanted) if workflow else _all(here, **wanted)
        here.show({"triggers": found}, human=lambda: screen.table_of([_row(each) for each in found], COLUMNS))


@app.command("add")
def add(
    workflow: Annotated[str, typer.Argument(help="The workflow whose runs it starts.")],
    name: Annotated[str, typer.Argument(help="Its name, unique in the workflow.")],
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields of plain cron, or EventBridge's six: '0 7 * * 1-5'.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="'5 minutes', '1 hour', '2 days'.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="Once: 2026-12-24T18:00.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Of --cron and --at.")] = "UTC",
    catch_up: Annotated[Literal["none", "latest", "all"], typer.Option("--catch-up", help="Which missed times are made up for.")] = "none",
    webhook: Annotated[Literal["token", "sha256", "standard", "stripe"] | None, typer.Option("--webhook", help="How calls are verified.")] = None,
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
        source = _source({how: value for how, value in given.items() if value is not None}, timezone, catch_up, on)
        body = {
            "name": name,
            "input": _read(input_),
            "enabled": not paused,
            "priority": priority,
            **({"version": version} if version else {}),
            **source,
        }
        made = here.client.post(f"/api/v1/workflows/{here.workflow_id(workflow)}/triggers", body)
        here.show(made, human=lambda: _made(made))


@app.command("show")
def show(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """A trigger, and its last firings."""
    here = session(url, person, as_json)
    with told(here.err):
        found = _find(here, trigger)
        firings = here.client.get(f"/api/v1/triggers/{found['id']}/firings", limit=10)["firings"]
        here.show({**found, "firings": firings}, human=lambda: screen.table_of([_row(found)], COLUMNS))
        if not as_json and firings:
            here.out.print(screen.table_of([_firing_row(each) for each in firings], {"at": "at", "run_id": "run", "told": "error"}))


@app.command("pause")
def pause(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let it fire no more."""
    _do(session(url, person, as_json), trigger, "pause", said="paused")


@app.command("resume")
def resume(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let it fire again; missed times are made up for as its catch-up says."""
    _do(session(url, person, as_json), trigger, "resume", said="resumed")


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
        found = here.client.get(f"/api/v1/triggers/{_find(here, trigger)['id']}/times", count=count)
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
        body = {"from": first, "to": last, "dry_run": dry_run}
        done = here.client.post(f"/api/v1/triggers/{_find(here, trigger)['id']}/backfill", body)
        rows = [_firing_row(each) for each in done["firings"]] or [{"at": at} for at in done["times"]]
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
    _do(session(url, person, as_json), trigger, "fire", headers={"Idempotency-Key": key} if key else {}, said="fired")


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
        made = here.client.post(f"/api/v1/triggers/{_find(here, trigger)['id']}/rotate", {"overlap_seconds": overlap})
        here.show(made, human=lambda: _made(made))


@app.command("remove")
def remove(trigger: Trigger, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Take a trigger away; its runs stay."""
    here = session(url, person, as_json)
    with told(here.err):
        here.client.delete(f"/api/v1/triggers/{_find(here, trigger)['id']}")
        here.show({"removed": True}, human=lambda: "removed")


def _do(here: Session, trigger: str, verb: str, *, said: str, headers: dict[str, str] | None = None) -> None:
    with told(here.err):
        found = here.client.post(f"/api/v1/triggers/{_find(here, trigger)['id']}/{verb}", headers=headers)
        error = found.get("error") or {}
        here.show(found, human=lambda: f"{error['name']}: {error['message']}" if error else f"{said} {found.get('run_id') or ''}".strip())


def _find(here: Session, trigger: str) -> dict[str, Any]:
    """By id, or by workflow and name. Raises Problem (404)."""
    workflow, slash, name = trigger.partition("/")
    if not slash:
        found: dict[str, Any] = here.client.get(f"/api/v1/triggers/{trigger}")
        return found
    for each in _of_workflow(here, workflow):
        if each["name"] == name:
            return each
    raise Problem(404, {"code": "trigger-not-found", "detail": f"{workflow} has no trigger called {name}"})


def _of_workflow(here: Session, workflow: str, **wanted: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.client.get(f"/api/v1/workflows/{here.workflow_id(workflow)}/triggers", **wanted)["triggers"]
    return found


def _all(here: Session, **wanted: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = here.client.get("/api/v1/triggers", limit=200, cursor=cursor, **wanted)
        found += page["triggers"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def _source(given: dict[str, str], timezone: str, catch_up: str, on: list[str] | None) -> dict[str, Any]:
    """The part of the body that says what the trigger waits for. Raises Problem (422)."""
    if len(given) != 1:
        raise Problem(422, {"code": "invalid", "detail": f"give one of {', '.join(f'--{how}' for how in _HOW)}"})
    ((how, value),) = given.items()
    match how:
        case "webhook":
            return {"webhook": {"scheme": value}}
        case "event":
            return {"event": {"pattern": _read(value)}}
        case "after":
            return {"run_end": {"workflow": value, "statuses": on or ["succeeded"]}}
        case _:
            return {"schedule": {how: value, "timezone": timezone, "catch_up": catch_up}}


def _read(text: str) -> Any:
    """JSON as it is given, or from a file. Raises Problem (422)."""
    try:
        return json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as fault:
        raise Problem(422, {"code": "invalid", "detail": f"{text[:60]}: {fault}"}) from fault


def _made(trigger: dict[str, Any]) -> str:
    lines = [f"{trigger['workflow_name']}/{trigger['name']}  {trigger['id']}"]
    if trigger.get("secret"):
        lines += [f"called at  {trigger['webhook']['path']}", f"secret     {trigger['secret']}  (it is not shown again)"]
    return "\n".join(lines)


def _row(trigger: dict[str, Any]) -> dict[str, Any]:
    error = trigger.get("last_error") or {}
    last = f"{trigger.get('last_at') or ''} {error.get('name', '')}".strip()
    return {**trigger, "what": _what(trigger), "state": "on" if trigger["enabled"] else "paused", "last": last}


def _what(trigger: dict[str, Any]) -> str:
    match trigger["kind"]:
        case "schedule":
            return f"{trigger['schedule']['expression']} {trigger['schedule']['timezone']}"
        case "webhook":
            return f"webhook, {trigger['webhook']['scheme']}"
        case "event":
            return f"event {json.dumps(trigger['event']['pattern'])[:60]}"
        case _:
            return f"after {trigger['run_end']['workflow_id']}: {', '.join(trigger['run_end']['statuses'])}"


def _firing_row(firing: dict[str, Any]) -> dict[str, Any]:
    error = firing.get("error") or {}
    return {**firing, "run_id": firing["run_id"] or "", "told": f"{error['name']}: {error['message']}"[:100] if error else ""}
