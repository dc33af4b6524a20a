"""Commands on channels: the organisation's numbers, pages and mailboxes."""

from typing import Annotated, Any, Final, Literal

import typer

from cli import screen
from cli.api_client import AppSecretGiven, ChannelGiven, MadeChannel
from cli.api_client import Channel as ChannelShown
from cli.client import Problem
from cli.inputs import given_input
from cli.secrets import typed_secret
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

app = typer.Typer(no_args_is_help=True, help="Numbers, pages and mailboxes that messages come in by.")
Channel = Annotated[str, typer.Argument(help="A channel's id or name.")]
COLUMNS: Final = {"name": "name", "type": "type", "account": "account", "state": "state", "workflow_id": "starts", "id": "id"}
_APP_SECRET: Final = "The app's secret"  # noqa: S105  (a question)
_Type = Literal["whatsapp", "messenger", "instagram", "email"]


@app.command("list")
def list_(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Channels by name."""
    here = session(url, person, as_json)
    with told(here.err):
        found = _all(here)
        here.show({"channels": found}, human=lambda: screen.table_of([_row(each) for each in found], COLUMNS))


@app.command("add")
def add(
    type_: Annotated[_Type, typer.Argument(metavar="TYPE", help="whatsapp, messenger, instagram or email.")],
    name: Annotated[str, typer.Argument(help="Its name, unique in the organisation.")],
    account: Annotated[str, typer.Argument(help="The vendor's id of the number or page, or the mailbox.")],
    token: Annotated[str | None, typer.Option("--token", metavar="SECRET", help="The organisation's secret that holds the access token.")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="What a person's message starts, by name or id.")] = None,
    settings: Annotated[str, typer.Option("--settings", help="What the channel's adapter reads: JSON, or a file of it.")] = "{}",
    no_secret: Annotated[bool, typer.Option("--no-secret", help="Without the app's secret: it takes no webhooks yet.")] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Its messages start no runs yet.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a channel. The secret that the vendor signs with is asked for; the verify token is shown this once."""
    here = session(url, person, as_json)
    with told(here.err):
        body: ChannelGiven = {"type": type_, "name": name, "account": account, "settings": given_input(settings), "enabled": not paused}
        if token:
            body["token_secret"] = token
        if workflow:
            body["workflow_id"] = here.workflow_id(workflow)
        if not no_secret:
            body["app_secret"] = typed_secret(_APP_SECRET)
        made = here.api.channels_create(body)
        here.show(made, human=lambda: _made(made))


@app.command("pause")
def pause(channel: Channel, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let its messages start no runs; they are kept."""
    here = session(url, person, as_json)
    with told(here.err):
        here.show(here.api.channels_pause(_id(here, channel)), human=lambda: "paused")


@app.command("resume")
def resume(channel: Channel, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let messages that come from now on start runs again."""
    here = session(url, person, as_json)
    with told(here.err):
        here.show(here.api.channels_resume(_id(here, channel)), human=lambda: "resumed")


@app.command("rotate")
def rotate(
    channel: Channel,
    overlap: Annotated[int, typer.Option("--overlap", metavar="SECONDS", min=0, help="How long the secret before is still taken.")] = 86_400,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell another secret of the vendor's app, which is asked for."""
    here = session(url, person, as_json)
    with told(here.err):
        body: AppSecretGiven = {"app_secret": typed_secret(_APP_SECRET), "overlap_seconds": overlap}
        here.show(here.api.channels_rotate(_id(here, channel), body), human=lambda: "rotated")


@app.command("remove")
def remove(channel: Channel, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Take a channel away; its conversations stay."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.channels_remove(_id(here, channel))
        here.show({"removed": True}, human=lambda: "removed")


def _id(here: Session, channel: str) -> str:
    """By id or name. Raises Problem (404)."""
    if channel.startswith("chan_"):
        return channel
    for each in _all(here):
        if each["name"] == channel:
            return each["id"]
    raise Problem(404, {"code": "channel-not-found", "detail": f"no channel is called {channel}"})


def _all(here: Session) -> list[ChannelShown]:
    found: list[ChannelShown] = []
    cursor = None
    while True:
        page = here.api.channels_list_all(limit=200, cursor=cursor)
        found += page["channels"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def _made(channel: MadeChannel) -> str:
    lines = [f"{channel['name']}  {channel['id']}", f"called at     {channel['webhook_path']}"]
    return "\n".join([*lines, f"verify token  {channel['verify_token']}  (it is not shown again)"])


def _row(channel: ChannelShown) -> dict[str, Any]:
    return {**channel, "workflow_id": channel["workflow_id"] or "", "state": "on" if channel["enabled"] else "paused"}
