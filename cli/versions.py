"""Commands on versions: versions, diff, rollback; and how publications and what they touch are shown."""

from typing import Annotated, Any, cast

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli import screen
from cli.api_client import Impact, Publication, PublicationPreview, PublishedVersion, VersionSummary
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


def _all(here: Session, workflow_id: str, label: list[str], by: str | None) -> list[VersionSummary]:
    found: list[VersionSummary] = []
    cursor = None
    while True:
        page = here.api.versions_list_all(workflow_id, limit=200, cursor=cursor, label=label, created_by=by)
        found += page["versions"]
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
        workflow_id = here.workflow_id(workflow)
        with sound(here, f"{workflow}, draft"):
            found = here.api.versions_compare(workflow_id, from_=before, to=after)
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
        show_published(here, here.api.versions_roll_back(here.workflow_id(workflow), {"version": version, "note": note}))


def publish(here: Session, workflow_id: str, body: Publication) -> PublishedVersion:
    """The version that the document in the body is now, or one's draft."""
    return cast("PublishedVersion", here.api.versions_publish(workflow_id, body))  # a preview answers `dry_run` alone


def show_published(here: Session, version: PublishedVersion) -> None:
    """A publication, and what goes on beside it."""
    here.show(version, human=lambda: Group(_headline(version), *_touched(version["impact"])))


def show_preview(here: Session, workflow: str, body: Publication, *, name: str) -> None:
    """What would be published. `workflow` is its name or id."""
    with sound(here, name):
        seen = cast("PublicationPreview", here.api.versions_publish(here.workflow_id(workflow), body, dry_run=True))
    here.show(seen, human=lambda: Group(*_preview(seen)))


def _preview(seen: PublicationPreview) -> list[RenderableType]:
    if not seen["is_new"]:
        return [Text("nothing differs from the latest version: publishing changes nothing")]
    differs = seen["diff"]["text"] if seen["diff"] else "a first version"
    return [Text(screen.plain(differs).rstrip()), *_touched(seen["impact"]), Text("nothing was published", style="dim")]


def _headline(version: PublishedVersion) -> str:
    what = "[green]published[/green]" if version["is_new"] else "[yellow]unchanged[/yellow]: this is"
    return f"{what} {version['workflow_name']} version {version['number']}  {version['machine_arn']}"


def _touched(impact: Impact) -> list[RenderableType]:
    """A line for each thing that stays on what it has."""
    lines = [
        f"version {each['version']}: {each['in_flight_count']} runs go on, {each['open_gate_count']} gates wait for people"
        for each in impact["versions"]
    ]
    lines += [
        f"{each['workflow_name']} version {each['version']} goes on with version {each['calls_version']} until it is published"
        for each in impact["callers"]
        if each["calls_version"] < impact["latest_version"]
    ]
    lines += [
        f"{each['kind']} {each['name']} starts the new version from then on{'' if each['enabled'] else ', once it is resumed'}"
        for each in impact["triggers"]
        if each["version"] is None
    ]
    return [Text(line, style="dim") for line in lines]


def _row(version: VersionSummary) -> dict[str, Any]:
    """Without the runs' figures for those who may not see the runs."""
    ran = version["runs"]
    if ran is None:
        return {**version}
    rate, took, cost = ran["success_rate"], ran["median_seconds"], ran["cost_per_run"]
    return {
        **version,
        "runs": ran["started_count"],
        "open": ran["in_flight_count"],
        "rate": None if rate is None else f"{rate:.0%}",
        "took": None if took is None else f"{took:.3g} s",
        "cost": None if cost is None else screen.money(cost),
    }
