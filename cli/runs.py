"""Commands on runs: run, runs, show, cancel, reply."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Annotated, Any, cast

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli import agents, screen
from cli.answers import Answers
from cli.api_client import NodeRun, PlacedRun, PlaceInLine, Priority, Run, RunEvent, Runs, RunToStart, RunWithValues
from cli.exits import Exit
from cli.inputs import given_input
from cli.progress import Progress
from cli.questions import moment, pairs
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told
from cli.watch import Ahead, ahead, watch

RunArgument = Annotated[str, typer.Argument(help="A run's id.")]


def run(
    workflow: Annotated[str, typer.Argument(help="A workflow's name or id.")],
    inputs: Annotated[str | None, typer.Option("-i", "--input", help="A JSON file, JSON itself, or - for standard input.")] = None,
    version: Annotated[int | None, typer.Option(help="A version; else the latest.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key starts one run.")] = None,
    priority: Annotated[str | None, typer.Option(help="Where runs wait for a slot: high, normal or low.")] = None,
    start_within: Annotated[int | None, typer.Option(min=1, metavar="SECONDS", help="Ends as timed out where it waits longer for a slot.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch the run to its end.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Start a run. With --follow, ends with 1 unless the run succeeds."""
    here = session(url, person, as_json)
    with told(here.err):
        body: RunToStart = {"input": given_input(inputs)}
        if version:
            body["version"] = version
        if priority:
            body["priority"] = cast("Priority", priority)  # the API says what is none
        if start_within:
            body["start_within_seconds"] = start_within
        workflow_id = here.workflow_id(workflow)
        with ahead(here.client, workflow_id) if follow else nullcontext() as listening:
            started = here.api.runs_start_run(workflow_id, body, key=key or None)
            if not follow:
                here.show(started, human=lambda: f"{begun(started)}   sluice show {started['id']} --follow")
                return
            ended = follow_run(here, started, listening=listening)
        finish(here, ended)


def begun(started: PlacedRun, word: str = "started") -> str:
    """What is told of a run that was asked for, which goes on or waits in line."""
    place = started["queue"]
    return f"[green]{word}[/green] {started['id']}" if not place else f"[yellow]waits[/yellow] {started['id']}, {_waits(place)}"


def _waits(place: PlaceInLine) -> str:
    """Where a run stands in line, and until when by estimate."""
    until = f", until about {place['estimated_start_at']}" if place["estimated_start_at"] else ""
    return f"{place['position']} of {place['waiting_count']} in line{until}{', which is paused' if place['is_paused'] else ''}"


def show(
    run_id: RunArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """A run: its nodes, what each put out, its result."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.runs_get_run(run_id)
        if follow:
            finish(here, follow_run(here, found))
            return
        nodes = here.api.runs_list_nodes(run_id, limit=1000)["nodes"]
        here.show({**found, "nodes": nodes}, human=lambda: Group(*_details(found, nodes)))


def runs(
    workflow: Annotated[str | None, typer.Argument(help="Only this workflow's.")] = None,
    status: Annotated[str | None, typer.Option(help="Only those with this status.")] = None,
    of: Annotated[str | None, typer.Option("--workflow", help="As the argument.")] = None,
    version: Annotated[int | None, typer.Option(help="Only those of this version.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only those whose workflow has this label: name=value.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Only those whose input has this value: path=value, of the fields in `indexed`.")] = None,
    error: Annotated[str | None, typer.Option(help="Only those that failed by this error.")] = None,
    since: Annotated[str | None, typer.Option(help="Only those from then on: a time, or 90m, 24h, 7d ago.")] = None,
    until: Annotated[str | None, typer.Option(help="Only those until then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on after a page: what it said.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Runs, newest first: all, or those that fit what is asked."""
    here = session(url, person, as_json)
    named = of or workflow
    with told(here.err):
        page = here.api.runs_list_runs(
            workflow_id=here.workflow_id(named) if named else None,
            status=status,
            version=version,
            label=pairs(label),
            where=pairs(where),
            error=error,
            since=moment(since),
            until=moment(until),
            limit=limit,
            cursor=cursor,
        )
        here.show(page, human=lambda: Group(*_page(page)))


def _page(page: Runs) -> list[Any]:
    columns = {"id": "run", "workflow_name": "workflow", "version": "version", "status": "status", "created_at": "created", "started_by": "by"}
    more = [Text(f"more: --cursor {page['cursor']}", style="dim")] if page["cursor"] else []
    return [screen.table_of(page["runs"], columns), *more]


def cancel(
    run_id: RunArgument,
    reason: Annotated[str | None, typer.Option()] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Cancel a run; twice is harmless."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.runs_cancel_run(run_id, {"reason": reason} if reason else {})
        here.show(found, human=lambda: f"{found['id']} {found['status']}")


def reply(
    run_id: RunArgument,
    text: str,
    node: Annotated[str | None, typer.Option()] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Reply to a message that a run waits for."""
    here = session(url, person, as_json)
    with told(here.err):
        message = here.api.replies_reply_to_message(run_id, {"text": text, "node": node} if node else {"text": text})
        here.show(message, human=lambda: "[green]replied[/green]")


def follow_run(
    here: Session,
    started: Run,
    *,
    answers: Answers | None = None,
    listening: Ahead | None = None,
    nodes: list[str] | None = None,
) -> RunWithValues:
    """Watch the run to its end and give it as it ended; of its version's nodes, or of those named. Ctrl-C leaves it running and says how to
    return."""
    run_id = started["id"]
    nodes = nodes or list(here.api.versions_get_one(started["workflow_id"], str(started["version"]))["spec"]["nodes"])
    progress = Progress()
    answers = answers or Answers(here, is_asking=here.out.is_terminal and not here.as_json)
    title = f"{started['workflow_name']} v{started['version']}  {run_id}"
    events = watch(here.client, run_id, on_text=progress.hear, listening=listening)
    try:
        _watch(here, events, progress, tree=lambda: screen.run_tree(progress, nodes, title=title), answers=answers)
    except KeyboardInterrupt:
        here.err.print(f"\nThe run goes on. Return with: sluice show {run_id} --follow   Stop it with: sluice cancel {run_id}")
        raise typer.Exit(Exit.INTERRUPTED) from None
    return here.api.runs_get_run(run_id)


def _watch(here: Session, events: Iterator[RunEvent], progress: Progress, *, tree: Callable[[], RenderableType], answers: Answers) -> None:
    if here.as_json:
        for event in events:
            typer.echo(json.dumps(event, ensure_ascii=False))
            progress.take(event)
            answers.consider(event, event["run_id"])
        return
    while True:
        with Live(get_renderable=tree, console=here.out, refresh_per_second=8):
            asked = _until_asked(events, progress, answers)
        if asked is None:
            return
        answers.consider(asked, asked["run_id"])  # outside: a live display would write over what is said here


def _until_asked(events: Iterator[RunEvent], progress: Progress, answers: Answers) -> RunEvent | None:
    """Go on to the next event that is a question to whoever watches; None at the end."""
    for event in events:
        progress.take(event)
        if answers.is_wanted(event):
            return event
    return None


def finish(here: Session, found: RunWithValues) -> None:
    here.show(found, human=lambda: Group(*_result(found)))
    if found["status"] != "succeeded":
        raise typer.Exit(Exit.FAILED)


def _result(found: RunWithValues) -> list[Any]:
    lines: list[Any] = []
    if found["error"]:
        lines.append(Text(f"{found['failed_node'] or ''} {found['error']['name']}: {found['error']['message']}", style="red"))
    if found["output"] is not None:
        lines.append(Text(json.dumps(found["output"], ensure_ascii=False, indent=2)))
    return lines


def _tries(node: NodeRun) -> str:
    """How often the node was begun, and since which resume of the run it stands."""
    count, resume = node["attempt_count"], node["fence"]["resume"]
    return (str(count) if count > 1 else "") + (f" (resume {resume})" if resume else "")


def _put_out(node: NodeRun) -> str | None:
    """Its output, or why there is none."""
    if node["output"] is not None:
        return json.dumps(node["output"], ensure_ascii=False)[:100]
    return node["error"]["message"] if node["error"] else None


def _details(found: RunWithValues, nodes: list[NodeRun]) -> list[Any]:
    took = screen.duration(found["started_at"], found["ended_at"])
    resumed = f"  resumed {found['resume']}×" if found["resume"] else ""
    head = Text(
        f"{found['id']}  {found['workflow_name']} v{found['version']}  {found['status']}  {took}{resumed}",
        style="bold",
    )
    rows = [
        {
            "node": each["node"] + (f" [{each['item_path']}]" if each["item_path"] else ""),
            "status": "failed, went on" if each["details"].get("continued") else each["status"],
            "tries": _tries(each),
            "took": screen.duration(each["started_at"], each["ended_at"]),
            "cost": screen.cost(each["usage"], each["details"]),
            "output": _put_out(each),
        }
        for each in nodes
    ]
    columns = {"node": "node", "status": "status", "tries": "tries", "took": "took", "cost": "cost", "output": "output"}
    worked = [told for each in nodes if (told := agents.account(each)) is not None]
    place = [Text(f"waits for a slot: {_waits(found['queue'])}")] if found["queue"] else []
    return [head, *place, screen.table_of(rows, columns), *worked, *_result(found)]
