"""The command on the queue: who waits for a slot; a workflow's limit set, its queue paused or emptied."""

from typing import Annotated, Any

import typer
from rich.console import Group

from cli import screen
from cli.api_client import Queue, WorkflowQueue
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
            found = here.api.queue_get_all()
            here.show(found, human=lambda: Group(_whole(found), _table(found["workflows"])))
            return
        _show(here, _changed(here, here.workflow_id(workflow), limit=limit, pause=pause, empty=empty))


def _changed(here: Session, workflow_id: str, *, limit: int | None, pause: bool | None, empty: bool) -> WorkflowQueue:
    """The workflow's queue, after what was asked. What is not named stays as it is."""
    found = here.api.queue_get_one(workflow_id)
    if limit is not None or pause is not None:
        kept_limit = found["limit"] if limit is None else limit or None
        found = here.api.queue_set_one(workflow_id, {"limit": kept_limit, "is_paused": found["is_paused"] if pause is None else pause})
    while empty:
        emptied = here.api.queue_empty_one(workflow_id, {})
        found, empty = emptied, bool(emptied["waiting_count"]) and bool(emptied["cancelled_count"])
    return found


def _show(here: Session, found: WorkflowQueue) -> None:
    here.show(found, human=lambda: _table([found]))


def _whole(found: Queue) -> str:
    return f"{found['running_count']} of {found['limit']} running, {found['waiting_count']} waiting"


def _table(found: list[WorkflowQueue]) -> Any:
    return screen.table_of([{**each, **each["waiting"], "state": _state(each)} for each in found], _COLUMNS)


def _state(each: WorkflowQueue) -> str:
    if not each["is_paused"]:
        return ""
    return "paused, draining" if each["running_count"] else "paused, drained"
