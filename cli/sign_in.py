"""Commands: login, logout, whoami. A password is typed unseen or comes from standard input; never an argument, which others could see."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from cli import address, credentials
from cli.api_client import Api, Login, Me
from cli.client import Client, Problem, credential_of
from cli.credentials import Credential
from cli.session import AsOption, JsonOption, UrlOption, session, told


def login(
    name: Annotated[str, typer.Argument(help="Who signs in; asked for where it is missing.")] = "",
    organisation: Annotated[str, typer.Option("--organisation", help="The id of an organisation; else the first one's.")] = "",
    key: Annotated[bool, typer.Option("--key", help="An API key comes instead of a password.")] = False,
    aws: Annotated[bool, typer.Option("--aws", help="Sign with this machine's AWS credentials instead.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in; from then on commands at this address act as this person."""
    where = address.find(url)
    here = session(url, "", as_json)
    with told(here.err):
        if key:
            found = _by_key(where, _secret("API key"))
        elif aws:
            found = _by_signature(where)
        else:
            found = _by_password(where, name or str(typer.prompt("Name", err=True)), organisation)
        credentials.save(where, found, chosen=True)
        here.show({"person": found.person, "url": where}, human=lambda: f"[green]signed in[/green] as {found.person}; kept in {credentials.where()}")


def logout(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """End the session and forget what is kept of it here."""
    where = address.find(url)
    here = session(url, person, as_json)
    with told(here.err):
        kept = credentials.find(where, person)
        if kept is None:
            raise Problem(401, {"code": "not-signed-in", "detail": f"{person or 'nobody'} has signed in here"})
        try:
            here.api.sign_in_logout()
        except Problem as problem:
            if problem.status != 401:  # it is over already
                raise
        credentials.forget(where, kept.person)
        here.show({"person": kept.person}, human=lambda: f"[green]signed out[/green] {kept.person}")


def whoami(url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Who acts here, and what they may do."""
    here = session(url, person, as_json)
    with told(here.err):
        found = here.api.sign_in_me()
        here.show(found, human=lambda: _account(found))


def _account(found: Me) -> Text:
    lines = (
        f"{found['person']} in {found['organisation_id']}",
        f"roles   {', '.join(found['roles']) or 'none'}",
        f"scopes  {', '.join(found['scopes']) or 'none'}",
    )
    return Text("\n".join(lines))


def _by_password(url: str, name: str, organisation: str) -> Credential:
    body: Login = {"username": name, "password": _secret("Password")}
    if organisation:
        body["organisation_id"] = organisation
    with Client(url, credential=Credential(name)) as client:
        return credential_of(Api(client).sign_in_login(body))


def _by_key(url: str, key: str) -> Credential:
    with Client(url, credential=Credential("", api_key=key)) as client:
        return Credential(Api(client).sign_in_me()["person"], api_key=key)


def _by_signature(url: str) -> Credential:
    """A token for this machine's AWS credentials; there is none to refresh it with. Raises Problem, Unreachable."""
    from cli.signature import NoCredentialsError, sign

    try:
        with Client(url, credential=Credential(""), sign=sign) as client:
            return credential_of(Api(client).sign_in_exchange_signature())
    except NoCredentialsError as fault:
        raise Problem(401, {"code": "not-signed-in", "detail": str(fault)}) from fault


def _secret(what: str) -> str:
    """Raises Problem (422) for an empty one."""
    given = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    value = str(given).removesuffix("\n").removesuffix("\r")
    if not value:
        raise Problem(
            422, {"code": "credentials-invalid", "detail": f"no {what.lower()} came in: type it at the prompt, or send it to standard input"}
        )
    return value
