"""Commands on people and API keys: users list, invite, roles, disable, reset …; keys list, make, delete. What is secret is shown once."""

from typing import Annotated, cast

import typer

from cli import screen
from cli.api_client import MemberToChange, NewKey, Scope
from cli.session import AsOption, JsonOption, UrlOption, session, told

users = typer.Typer(no_args_is_help=True, help="People and service accounts of the organisation; for its admins.")
keys = typer.Typer(no_args_is_help=True, help="API keys: what machines come in with.")

Name = Annotated[str, typer.Argument(help="A person's or a service account's name.")]
Roles = Annotated[list[str] | None, typer.Argument(help="admin, editor, operator, approver, viewer, or the organisation's own.")]


@users.command("list")
def list_users(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Who belongs to the organisation."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.people_list_people(limit=200)
        rows = [{**each, "roles": ", ".join(each["roles"]), "disabled": "disabled" if each["disabled"] else ""} for each in found["people"]]
        here.show(found, human=lambda: screen.table_of(rows, {"name": "name", "kind": "kind", "roles": "roles", "disabled": ""}))


@users.command("invite")
def invite(
    roles: Roles = None,
    note: Annotated[str, typer.Option(help="Whom it is for.")] = "",
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Invite somebody for a week; the invitation is shown once."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.people_invite({"roles": roles or [], "note": note})
        here.show(made, human=lambda: f"[green]invited[/green]; send this to them:\n{made['invitation']}")


@users.command("roles")
def set_roles(name: Name, roles: Roles = None, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Give somebody these roles, in place of those they have."""
    _change(name, {"roles": roles or []}, "changed", url, person, as_json)


@users.command("disable")
def disable(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Shut somebody out; their sessions and keys end."""
    _change(name, {"disabled": True}, "disabled", url, person, as_json)


@users.command("enable")
def enable(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Let somebody in again."""
    _change(name, {"disabled": False}, "enabled", url, person, as_json)


@users.command("remove")
def remove(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Take somebody out of the organisation; what they made stays."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.people_remove_person(name)
        here.show({"name": name, "removed": True}, human=lambda: f"[green]removed[/green] {name}")


@users.command("reset")
def reset(name: Name, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """A new random password for somebody, shown once; all their sessions end."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.people_reset_password(name)
        here.show(made, human=lambda: f"{name}   {made['password']}")


@users.command("add-service")
def add_service(name: Name, roles: Roles = None, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """An account for a machine; `sluice keys make --for` gives it a key."""
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.people_add_service_account({"name": name, "roles": roles or []})
        here.show(made, human=lambda: f"[green]added[/green] {made['name']}")


@keys.command("list")
def list_keys(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """One's own keys; an admin sees all."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.people_list_keys()
        columns = {"id": "id", "name": "name", "owner": "owner", "lapses_at": "lapses", "used_on": "last used"}
        here.show(found, human=lambda: screen.table_of(found["keys"], columns))


@keys.command("make")
def make(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    owner: Annotated[str, typer.Option("--for", help="A service account (service:…); else the key is one's own.")] = "",
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Only this; may be given several times.")] = None,
    days: Annotated[int | None, typer.Option(help="How long it holds.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key; it is shown once."""
    here = session(url, person, as_json)
    with told(here.err):
        wanted: NewKey = {"name": name}
        if owner:
            wanted["owner"] = owner
        if scope:
            wanted["scopes"] = [cast("Scope", each) for each in scope]  # the API says what is none
        if days:
            wanted["expires_in_days"] = days
        made = here.api.people_make_key(wanted)
        here.show(made, human=lambda: made["key"])


@keys.command("delete")
def delete(
    key_id: Annotated[str, typer.Argument(help="A key's id.")], url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False
) -> None:
    """Delete a key; it is refused from then on."""
    here = session(url, person, as_json)
    with told(here.err):
        here.api.people_delete_key(key_id)
        here.show({"id": key_id, "deleted": True}, human=lambda: f"[green]deleted[/green] {key_id}")


def _change(name: str, changes: MemberToChange, done: str, url: str | None, person: str, as_json: bool) -> None:
    here = session(url, person, as_json)
    with told(here.err):
        made = here.api.people_change_person(name, changes)
        here.show(made, human=lambda: f"[green]{done}[/green] {name}: {', '.join(made['roles']) or 'no role'}")
