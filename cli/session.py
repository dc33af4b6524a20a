"""What all commands share: who acts where, how answers are printed, and how faults end the command.

In: the options of the command line. Out: `Session`, and `told`, under which every fault is one line and one exit code.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console, RenderableType

from cli import address, screen
from cli.api_client import Api
from cli.client import Client, Problem, Unreachable
from cli.exits import Exit, of_status

NO_TERMINAL_WIDTH: Final = 200

UrlOption = Annotated[str | None, typer.Option("--url", help="Where Sluice is; else SLUICE_URL, else the local stack that runs here.")]
AsOption = Annotated[str, typer.Option("--as", help="Who acts, of those who have signed in here; else the last who did.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)
class Session:
    client: Client
    as_json: bool
    out: Console
    err: Console

    @property
    def api(self) -> Api:
        """The API's operations, typed."""
        return Api(self.client)

    def show(self, document: Any, *, human: Callable[[], RenderableType | str]) -> None:
        """The document as JSON, or as people read it."""
        if self.as_json:
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            self.out.print(human())

    def workflow_id(self, name_or_id: str) -> str:
        """The workflow of that name or id. Raises Problem (404)."""
        if name_or_id.startswith("wf_"):
            return name_or_id
        found = self.api.workflows_list_all(name=name_or_id)["workflows"]
        if not found:
            raise Problem(
                404, {"code": "workflow-not-found", "detail": f"no workflow is called {name_or_id}; `sluice publish` makes one from a file"}
            )
        return found[0]["id"]


def session(url: str | None, person: str, as_json: bool) -> Session:
    return Session(Client(address.find(url), person), as_json, console(), console(stderr=True))


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal; wide enough for whole ids where the output goes elsewhere."""
    made = Console(stderr=stderr)
    return made if made.is_terminal else Console(stderr=stderr, width=NO_TERMINAL_WIDTH)


@contextmanager
def sound(here: Session, name: str) -> Iterator[None]:
    """A workflow that the API refuses is shown with its diagnostics, and ends the command with 2."""
    try:
        yield
    except Problem as problem:
        if problem.code != "spec-invalid":
            raise
        here.err.print(screen.diagnostics(problem.document.get("diagnostics") or [], name))
        raise typer.Exit(Exit.INVALID) from problem


@contextmanager
def told(err: Console | None = None) -> Iterator[None]:
    """Faults of the API and of the way there, as a line and an exit code."""
    out = err or console(stderr=True)
    try:
        yield
    except Problem as problem:
        hint = "; `sluice login` signs in" if problem.code == "not-signed-in" and "sluice login" not in str(problem) else ""
        out.print(f"[red]{problem.code}[/red]: {problem}{hint}", highlight=False)
        for field in problem.document.get("errors") or []:
            out.print(f"  {field.get('field')}: {field.get('message')}", highlight=False)
        for line in problem.document.get("change") or []:
            out.print(f"  {line}", highlight=False, markup=False)
        raise typer.Exit(of_status(problem.status)) from problem
    except Unreachable as fault:
        out.print(f"[red]unreachable[/red]: {fault}; `make run` starts a local Sluice", highlight=False)
        raise typer.Exit(Exit.UNREACHABLE) from fault
