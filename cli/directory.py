"""Commands on the directory of agents: agents list, find, show, add, remove."""

from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli import screen
from cli.api_client import Agent, Agents, FoundAgent, NewAgent, Skill
from cli.session import AsOption, JsonOption, UrlOption, session, told

agents = typer.Typer(no_args_is_help=True, help="Who may do an agent node: presets, published workflows, external agents.")
_COLUMNS: Final = {"agent": "agent", "source": "from", "does": "does"}
_FITTING: Final = {"agent": "agent", "score": "score", "fit": "fit", "does": "does"}
_SAID: Final = "said by the agent itself"

KindOption = Annotated[str | None, typer.Option("--kind", help="preset, workflow or a2a: of this kind alone.")]


@agents.command("list")
def list_agents(kind: KindOption = None, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """The directory: presets, published workflows, external agents."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.agents_list_all(kind=kind)
        here.show(found, human=lambda: _listed(found, _COLUMNS))


@agents.command("find")
def find(
    skill: Annotated[str, typer.Argument(help="What somebody is to be able to do, in a few words.")],
    kind: KindOption = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Who has a skill, best first: as a workflow that is published now would choose."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.agents_list_all(skill=skill, kind=kind)
        here.show(found, human=lambda: _listed(found, _FITTING))


@agents.command("show")
def show(
    agent: Annotated[str, typer.Argument(help="researcher, workflow:NAME or a2a:NAME.")],
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """One agent with its skills."""
    here = session(url, person, as_json)
    kind, colon, name = agent.partition(":")
    with told(here.err):
        found = here.api.agents_get_one(name if colon else agent, kind=kind if colon else None)
        here.show(found, human=lambda: _whole(found))


@agents.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Under which nodes ask it, as a2a:NAME.")],
    address: Annotated[str, typer.Argument(help="Its base address, below which /.well-known/agent-card.json is.")],
    header: Annotated[list[str] | None, typer.Option(help="NAME=TEXT, which goes with each request to it.")] = None,
    secret_header: Annotated[
        list[str] | None, typer.Option(help="NAME=SECRET of the organisation, after a prefix where one belongs: 'Authorization=Bearer clerk'.")
    ] = None,
    signed_by: Annotated[str | None, typer.Option(help="URL of a key set (JWKS): a card that none of its keys signed is refused.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Register an external agent; its card is read now."""
    here = session(url, person, as_json)
    with told(here.err):
        asked: NewAgent = {"name": name, "url": address}
        if headers := _headers(header or [], secret_header or []):
            asked["headers"] = headers
        if signed_by:
            asked["signed_by"] = {"jwks_url": signed_by}
        made = here.api.agents_register(asked)
        here.show(made, human=lambda: Group(Text.from_markup(f"[green]added[/green] {made['agent']}"), _whole(made)))


@agents.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Its name, with or without a2a:.")],
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Forget a registered external agent; nodes that name it fail from then on."""
    here = session(url, person, as_json)
    bare = name.removeprefix("a2a:")
    with told(here.err):
        here.api.agents_delete_one(bare)
        here.show({"name": bare, "removed": True}, human=lambda: f"[green]removed[/green] a2a:{bare}")


def _headers(plain: list[str], secret: list[str]) -> dict[str, Any]:
    """As the API takes them. A secret's name is the last word of what stands for it."""
    found: dict[str, Any] = dict(map(_split, plain))
    for name, text in map(_split, secret):
        prefix, _, named = text.rpartition(" ")
        found[name] = {"secret": named, "prefix": f"{prefix} " if prefix else ""}
    return found


def _split(given: str) -> tuple[str, str]:
    name, equals, text = given.partition("=")
    if not equals:
        raise typer.BadParameter(f"{given}: a header is written NAME=TEXT")
    return name.strip(), text.strip()


def _listed(found: Agents, columns: dict[str, str]) -> RenderableType:
    notes = [screen.plain(f"{each['agent']}: its card is missing or old: {each['fault']}") for each in found["agents"] if each["fault"]]
    notes += [f"{found['left_out_count']} more do not fit the answer"] if found["left_out_count"] else []
    return Group(screen.table_of([{**each, "does": _does(each)} for each in found["agents"]], columns), *(Text(note, style="dim") for note in notes))


def _does(agent: FoundAgent) -> str:
    """Its skills in a line, else its description."""
    skills = ", ".join(skill["name"] for skill in agent["skills"])
    return screen.plain(f"{skills or agent['description'].partition(chr(10))[0]}{f' ({_SAID})' if agent['from_outside'] else ''}")


def _whole(agent: Agent) -> RenderableType:
    known = {
        "agent": agent["agent"],
        "title": agent["title"],
        "from": agent["source"],
        "does": f"{agent['description']}{f' ({_SAID})' if agent['from_outside'] else ''}",
        "card": agent["card_url"],
        "version": agent["version"],
        "takes a prompt": None if agent["takes_text"] else "no: use a `workflow` node",
        "fault": agent["fault"],
        **{f"skill {number}": _skill(skill) for number, skill in enumerate(agent["skills"], start=1)},
    }
    table = Table.grid(padding=(0, 2))
    for name, value in known.items():
        if value:
            table.add_row(Text(name, style="dim"), Text(screen.plain(str(value))))
    return table


def _skill(skill: Skill) -> str:
    tags = f" [{', '.join(skill['tags'])}]" if skill["tags"] else ""
    return f"{skill['name']}{tags}{': ' if skill['description'] else ''}{skill['description']}"
