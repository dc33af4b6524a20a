"""Commands on secrets: secrets list, put, delete. A value is typed unseen or comes from standard input; never an argument, which others could see."""

import sys
from typing import Annotated

import typer

from cli import screen
from cli.client import Problem
from cli.session import AsOption, JsonOption, UrlOption, session, told

secrets = typer.Typer(no_args_is_help=True, help="Secrets that tools and providers are given: `{secret: name}` in a workflow.")

Name = Annotated[str, typer.Argument(help="A small letter, then small letters, digits, _ or -.")]
DeploymentOption = Annotated[bool, typer.Option("--deployment", help="The whole deployment's, for keys of providers.")]


@secrets.command("list")
def list_secrets(deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Names and times; values are never shown."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.secrets_list_all(scope=_scope(deployment))
        columns = {"name": "secret", "created_at": "created", "changed_at": "changed"}
        here.show(found, human=lambda: screen.table_of(found["secrets"], columns))


@secrets.command("put")
def put(name: Name, deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Create a secret or replace its value, which is asked for at the prompt or read from standard input (without the line's end)."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.secrets_put(name, {"value": _value()}, scope=_scope(deployment))
        here.show(made, human=lambda: f"[green]put[/green] {made['name']}; workers that hold an earlier value use it for five minutes at most")


@secrets.command("delete")
def delete(name: Name, deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Delete a secret for good; twice is harmless."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.secrets_delete(name, scope=_scope(deployment))
        here.show({"name": name, "deleted": True}, human=lambda: f"[green]deleted[/green] {name}")


def _scope(deployment: bool) -> str:
    return "deployment" if deployment else "organisation"


def _value() -> str:
    """Raises Problem (422) for an empty one."""
    given = typer.prompt("Value", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    value = str(given).removesuffix("\n").removesuffix("\r")
    if not value:
        raise Problem(422, {"code": "secret-invalid", "detail": "no value came in: type it at the prompt, or send it to standard input"})
    return value
