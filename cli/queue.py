"""The command on the queue: who waits for a slot; a workflow's limit set, its queue paused or emptied."""

from typing import Annotated, Any

import typer
from rich.console import Group

from cli import screen
from cli.client import Problem
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

_COLUMNS = {
    "workflow_name": "workflow",
    "limit": "limit",
    "running_count": "running",
    "high": "high",
    "normal": "normal",
    "low": "low",
    "state": "state",
}


def queue(
    workflow: Annotated[str | None, typer.Argument(help="A workflow's queue; without one, those of all.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="Sets how many of its runs go on at once; 0: as many as there are slots.")
    ] = None,
    pause: Annotated[bool | None, typer.Option("--pause/--go-on", help="Lets nobody in any more, or again. Running ones go on.")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Cancels the runs that wait.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Runs that wait for a slot, and how many go on; with options, changes a workflow's queue."""
    here = session(url, person, as_json)
    with told(here.err):
        if workflow is None:
            if limit is not None or pause is not None or empty:
                raise Problem(422, {"code": "invalid", "detail": "--limit, --pause, --go-on and --empty need a workflow"})
            found = here.client.get("/api/v1/queue")
            here.show(found, human=lambda: Group(_whole(found), _table(found["workflows"])))
            return
        _show(here, _changed(here, f"/api/v1/workflows/{here.workflow_id(workflow)}/queue", limit=limit, pause=pause, empty=empty))


def _changed(here: Session, path: str, *, limit: int | None, pause: bool | None, empty: bool) -> dict[str, Any]:
    """The workflow's queue, after what was asked. What is not named stays as it is."""
    found: dict[str, Any] = here.client.get(path)
    if limit is not None or pause is not None:
        kept = {"limit": found["limit"], "is_paused": found["is_paused"]}
        given = {**({"limit": limit or None} if limit is not None else {}), **({"is_paused": pause} if pause is not None else {})}
        found = here.client.put(path, {**kept, **given})
    while empty:
        found = here.client.post(f"{path}/empty", {})
        empty = bool(found["waiting_count"]) and bool(found["cancelled_count"])
    return found


def _show(here: Session, found: dict[str, Any]) -> None:
    here.show(found, human=lambda: _table([found]))


def _whole(found: dict[str, Any]) -> str:
    limit = "" if found["limit"] is None else f" of {found['limit']}"
    return f"{found['running_count']}{limit} running, {found['waiting_count']} waiting"


def _table(found: list[dict[str, Any]]) -> Any:
    return screen.table_of([{**each, **each["waiting"], "state": _state(each)} for each in found], _COLUMNS)


def _state(each: dict[str, Any]) -> str:
    if not each["is_paused"]:
        return ""
    return "paused, draining" if each["running_count"] else "paused, drained"
