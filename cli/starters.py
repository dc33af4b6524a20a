"""Commands on starters: starters [SEARCH], starters show, deploy, share, withdraw."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer
from rich.console import Group
from rich.text import Text
from typer.core import TyperGroup

from cli import screen
from cli.api_client import DeployedStarter, Deployment, StarterToShare, StarterWithAll
from cli.client import Problem
from cli.exchange import lacking
from cli.session import AsOption, JsonOption, UrlOption, session, sound, told
from cli.versions import WorkflowArgument

_LIST: Final = "list"
COLUMNS = {"name": "starter", "title": "title", "tags": "tags", "source": "from", "use_count": "used"}
PARAMETERS = {"name": "parameter", "title": "sets", "default": "is"}


class Searching(TyperGroup):
    """A word that is no command is searched for: `starters invoice` is `starters list invoice`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        asks_help = bool(args) and args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if asks_help or (args and args[0] in self.commands) else [_LIST, *args])


starters = typer.Typer(cls=Searching, help="Starters: ready workflows to begin from. `starters WORDS` searches them.")
Name = Annotated[str, typer.Argument(help="A starter's name.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="parameter=value; a value that is JSON is taken as JSON.")]


@starters.command(_LIST)
def list_starters(
    search: Annotated[list[str] | None, typer.Argument(help="Words that it must have.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag that it must have.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Starters that have all the words and tags."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.starters_list_all(search=" ".join(search or []) or None, tag=",".join(tag or []) or None, limit=200)
        rows = [{**each, "tags": ", ".join(each["tags"])} for each in found["starters"]]
        here.show(found, human=lambda: screen.table_of(rows, COLUMNS))


@starters.command("show")
def show(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """What a starter does and takes: its plan, its parameters, its samples."""
    here = session(url, person, as_json)
    with told(here.err):
        seen = here.api.starters_get_one(name)
        here.show(seen, human=lambda: Group(*_shown(seen)))


@starters.command("deploy")
def deploy(
    name: Name,
    values: SetOption = None,
    workflow: Annotated[str | None, typer.Option("--name", help="The new workflow's name; else the starter's.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it, and what it calls, too.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a workflow of a starter. The same again finds the same workflow."""
    here = session(url, person, as_json)
    with told(here.err), sound(here, name):
        body: Deployment = {"parameters": _values(values or []), "publish": publish}
        if workflow:
            body["name"] = workflow
        made = here.api.starters_deploy_one(name, body)
        here.show(made, human=lambda: Group(Text.from_markup(_deployed(made)), *lacking(made["lacks"])))


@starters.command("share")
def share(
    workflow: WorkflowArgument,
    name: Annotated[str | None, typer.Option("--name", help="The starter's name; else the workflow's.")] = None,
    about: Annotated[Path | None, typer.Option("--about", help="A JSON file with tags, parameters and samples.")] = None,
    version: Annotated[int | None, typer.Option("--version", help="A version; else the latest.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put a published workflow into the organisation's gallery, or change what is there."""
    here = session(url, person, as_json)
    with told(here.err):
        body = {"workflow_id": here.workflow_id(workflow), **_about(about), **({"version": version} if version else {})}
        shared = here.api.starters_share_one(name or workflow, cast("StarterToShare", body))  # the API says what is wrong with the file
        here.show(shared, human=lambda: f"[green]shared[/green] {shared['name']} version {shared['version']}")


@starters.command("withdraw")
def withdraw(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Take a starter out of the organisation's gallery; what was made of it stays."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.starters_withdraw_one(name)
        here.show({"name": name, "withdrawn": True}, human=lambda: f"[green]withdrawn[/green] {name}")


def _shown(seen: StarterWithAll) -> list[Any]:
    head = Text.assemble((f"{seen['title']}\n", "bold"), seen["description"])
    samples = [Text(f"sample: {each['title']}", style="dim") for each in seen["samples"]]
    return [head, Text(), Text(seen["plan"].rstrip()), Text(), screen.table_of(seen["parameters"], PARAMETERS), *samples, *lacking(seen["lacks"])]


def _deployed(made: DeployedStarter) -> str:
    version = f" version {made['version']}" if made["version"] else ", a draft"
    return f"[green]{'made' if made['is_new'] else 'there already'}[/green]: {made['name']}{version}  {made['workflow_id']}"


def _values(given: list[str]) -> dict[str, Any]:
    """Raises Problem (422) for what is no `name=value`."""
    found: dict[str, Any] = {}
    for each in given:
        name, is_set, text = each.partition("=")
        if not is_set:
            raise Problem(422, {"code": "invalid", "detail": f"a parameter is name=value, not {each}"})
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _about(file: Path | None) -> dict[str, Any]:
    """Raises Problem (422) for a file that is no JSON object."""
    if file is None:
        return {}
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError) as fault:
        raise Problem(422, {"code": "invalid", "detail": f"{file}: {fault}"}) from fault
    if not isinstance(document, dict):
        raise Problem(422, {"code": "invalid", "detail": f"{file}: an object of tags, parameters and samples is wanted"})
    return document
