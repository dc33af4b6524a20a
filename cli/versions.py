"""Commands on versions: versions, diff, rollback; and how publications and what they touch are shown."""

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli import screen
from cli.session import AsOption, JsonOption, Session, UrlOption, session, sound, told

WorkflowArgument = Annotated[str, typer.Argument(help="A workflow's name or id.")]
SideArgument = Annotated[str | None, typer.Argument(help="A version's number, or draft.")]
COLUMNS = {
    "number": "version",
    "note": "note",
    "created_by": "by",
    "created_at": "at",
    "runs": "runs",
    "open": "open",
    "rate": "ok",
    "took": "median",
    "cost": "cost/run",
}


def versions(
    workflow: WorkflowArgument,
    label: Annotated[list[str] | None, typer.Option("--label", help="Only those published with NAME:VALUE. May be repeated.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Only those that this person published.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Versions, newest first: who published them and why, and what their runs came to."""
    here = session(url, person, as_json)
    with told(here.err):
        found = _all(here, here.workflow_id(workflow), label or [], by)
        here.show({"versions": found}, human=lambda: screen.table_of([_row(version) for version in found], COLUMNS))


def _all(here: Session, workflow_id: str, label: list[str], by: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = here.api.versions_list_all(workflow_id, limit=200, cursor=cursor, label=label, created_by=by)
        found += [{**version} for version in page["versions"]]
        cursor = page["cursor"]
        if cursor is None:
            return found


def diff(
    workflow: WorkflowArgument,
    before: SideArgument = None,
    after: SideArgument = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """What differs between two versions, or a version and one's own draft: `diff NAME 1 2`, `diff NAME 2 draft`, `diff NAME`."""
    here = session(url, person, as_json)
    with told(here.err):
        path = f"/api/v1/workflows/{here.workflow_id(workflow)}/diff"
        with sound(here, f"{workflow}, draft"):
            found = here.client.get(path, **{"from": before, "to": after})
        here.show(found, human=lambda: Text(f"{found['from']} -> {found['to']}\n\n{screen.plain(found['text']).rstrip()}"))


def rollback(
    workflow: WorkflowArgument,
    version: Annotated[int, typer.Argument(help="The version whose document is published again.", min=1)],
    note: Annotated[str, typer.Option("-m", "--note", help="Why: kept with the version.")] = "",
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Publish an earlier version again, as a new one. Twice is harmless."""
    here = session(url, person, as_json)
    with told(here.err), sound(here, f"{workflow}, version {version}"):
        path = f"/api/v1/workflows/{here.workflow_id(workflow)}/rollback"
        show_published(here, here.client.post(path, {"version": version, "note": note}))


def show_published(here: Session, version: dict[str, Any]) -> None:
    """A publication, and what goes on beside it."""
    here.show(version, human=lambda: Group(_headline(version), *_touched(version.get("impact") or {})))


def show_preview(here: Session, workflow: str, body: dict[str, Any], *, name: str) -> None:
    """What would be published. `workflow` is its name or id."""
    with sound(here, name):
        path = f"/api/v1/workflows/{here.workflow_id(workflow)}/versions"
        seen = here.client.post(path, body, query={"dry_run": "true"})
    here.show(seen, human=lambda: Group(*_preview(seen)))


def _preview(seen: dict[str, Any]) -> list[RenderableType]:
    if not seen["is_new"]:
        return [Text("nothing differs from the latest version: publishing changes nothing")]
    differs = seen["diff"]["text"] if seen["diff"] else "a first version"
    return [Text(screen.plain(differs).rstrip()), *_touched(seen["impact"]), Text("nothing was published", style="dim")]


def _headline(version: dict[str, Any]) -> str:
    what = "[green]published[/green]" if version.get("is_new", True) else "[yellow]unchanged[/yellow]: this is"
    return f"{what} {version['workflow_name']} version {version['number']}  {version['machine_arn']}"


def _touched(impact: dict[str, Any]) -> list[RenderableType]:
    """A line for each thing that stays on what it has."""
    lines = [
        f"version {each['version']}: {each['in_flight_count']} runs go on, {each['open_gate_count']} gates wait for people"
        for each in impact.get("versions", ())
    ]
    lines += [
        f"{each['workflow_name']} version {each['version']} goes on with version {each['calls_version']} until it is published"
        for each in impact.get("callers", ())
        if each["calls_version"] < impact["latest_version"]
    ]
    lines += [
        f"{each['kind']} {each['name']} starts the new version from then on{'' if each['enabled'] else ', once it is resumed'}"
        for each in impact.get("triggers", ())
        if each["version"] is None
    ]
    return [Text(line, style="dim") for line in lines]


def _row(version: dict[str, Any]) -> dict[str, Any]:
    ran = version["runs"]
    rate, took, cost = ran["success_rate"], ran["median_seconds"], ran["cost_per_run"]
    return {
        **version,
        "runs": ran["started_count"],
        "open": ran["in_flight_count"],
        "rate": None if rate is None else f"{rate:.0%}",
        "took": None if took is None else f"{took:.3g} s",
        "cost": None if cost is None else screen.money(cost),
    }
