"""Commands on secrets: secrets list, put, delete, access, share. A value is typed unseen or comes from standard input.

In: names, levels. Out: what the API tells. Never: a value as an argument, which others could see.
"""

import sys
from typing import Annotated, Literal, cast, get_args

import typer

from cli import screen
from cli.api_client import SecretAccess, SecretAccessToSet
from cli.client import Problem
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

secrets = typer.Typer(no_args_is_help=True, help="Secrets that tools and providers are given: `{secret: name}` in a workflow.")

_Everybody = Literal["none", "see", "use"]
_Level = Literal["see", "use", "rotate"]
Name = Annotated[str, typer.Argument(help="A small letter, then small letters, digits, _ or -.")]
DeploymentOption = Annotated[bool, typer.Option("--deployment", help="The whole deployment's, for keys of providers.")]


@secrets.command("list")
def list_secrets(deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Names and times; values are never shown."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.secrets_list_all(scope=_scope(deployment))
        columns = {"name": "secret", "created_at": "created", "changed_at": "changed", "mine": "you may"}
        here.show(found, human=lambda: screen.table_of(found["secrets"], columns))


@secrets.command("put")
def put(name: Name, deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Create a secret or replace its value, which is asked for at the prompt or read from standard input (without the line's end)."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.secrets_put(name, {"value": typed_secret()}, scope=_scope(deployment))
        here.show(made, human=lambda: f"[green]put[/green] {made['name']}; workers that hold an earlier value use it for five minutes at most")


@secrets.command("delete")
def delete(name: Name, deployment: DeploymentOption = False, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Delete a secret for good; twice is harmless."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.secrets_delete(name, scope=_scope(deployment))
        here.show({"name": name, "deleted": True}, human=lambda: f"[green]deleted[/green] {name}")


@secrets.command("access")
def access(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Who may do what with a secret of the organisation."""
    here = session(url, person, as_json)
    with told(here.err):
        _show(here, here.api.secrets_get_access(name))


@secrets.command("share")
def share(
    name: Name,
    everybody: Annotated[_Everybody | None, typer.Option("--everybody", help="What all of the organisation may do.")] = None,
    with_: Annotated[list[str] | None, typer.Option("--with", metavar="WHO=LEVEL", help="person:NAME or role:NAME, see, use or rotate.")] = None,
    without: Annotated[list[str] | None, typer.Option("--without", metavar="WHO", help="Takes somebody's share away.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say who may see, use or rotate a secret; what is not named stays as it is. Also before it has a value."""
    here = session(url, person, as_json)
    with told(here.err):
        before = here.api.secrets_get_access(name)
        shares = {each["who"]: each["level"] for each in before["shares"] if each["who"] not in (without or ())}
        shares |= dict(_share(text) for text in with_ or ())
        wanted: SecretAccessToSet = {
            "everybody": everybody or before["everybody"],
            "shares": [{"who": who, "level": level} for who, level in shares.items()],
            "revision": before["revision"],
        }
        _show(here, here.api.secrets_put_access(name, wanted))


def _share(text: str) -> tuple[str, _Level]:
    """Raises Problem (422)."""
    who, equals, level = text.rpartition("=")
    if not equals or level not in get_args(_Level):
        raise Problem(422, {"code": "invalid", "detail": f"{text} is no share such as role:finance=use; levels are {', '.join(get_args(_Level))}"})
    return who, cast("_Level", level)


def _show(here: Session, found: SecretAccess) -> None:
    rows = [{"who": "everybody", "may": found["everybody"]}, *({"who": each["who"], "may": each["level"]} for each in found["shares"])]
    here.show(found, human=lambda: screen.table_of(rows, {"who": found["name"], "may": "may"}))


def _scope(deployment: bool) -> str:
    return "deployment" if deployment else "organisation"


def typed_secret(what: str = "Value") -> str:
    """What is typed unseen at the prompt, or comes from standard input. Raises Problem (422) for an empty one."""
    given = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    value = str(given).removesuffix("\n").removesuffix("\r")
    if not value:
        raise Problem(422, {"code": "secret-invalid", "detail": f"no {what.lower()} came in: type it at the prompt, or send it to standard input"})
    return value
