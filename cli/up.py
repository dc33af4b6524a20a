"""`sluice up`: the local stack in this process; with `--demo`, the examples published and one of them run for whoever sits there.

In: a port, a directory for the data. Out: a stack that serves until Ctrl-C.
"""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.exits import Exit

ROOT: Final = Path(__file__).resolve().parent.parent


def up(
    port: Annotated[int, typer.Option(help="REST port; the next free one is taken when it is busy.")] = 8000,
    data: Annotated[Path, typer.Option(help="Directory for what survives a restart.")] = ROOT / ".sluice",
    demo: Annotated[bool, typer.Option("--demo", help="Publish the examples and run one of them.")] = False,
    reload: Annotated[bool, typer.Option(help="Pick code changes up.")] = True,
) -> None:
    """Start the local stack and keep serving. Needs no account, no key and no network."""
    from infra.local.__main__ import serve
    from infra.local.data_dir import DataDirInUseError
    from infra.local.stack import LocalStack

    def welcome(stack: LocalStack) -> None:
        from cli.demo import Demo

        Demo(stack.url, stack.websocket_url, data, signed_in(stack.url)).show(runs=demo)

    typer.echo("Starting the local stack (an AWS account in this process) …", err=True)
    try:
        raise typer.Exit(serve(data, port, watch=reload, welcome=welcome))
    except DataDirInUseError as fault:
        typer.echo(f"sluice: {fault}", err=True)
        raise typer.Exit(Exit.INVALID) from fault
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the data is kept\n")
        raise typer.Exit(Exit.OK) from None


def signed_in(url: str) -> dict[str, str]:
    """Make the first people, tell their passwords the one time that they are known, and sign the command line in; the keys of this machine."""
    from cli import credentials
    from infra.local.people import PEOPLE, first_people, machine_key

    for name, password in first_people().items():
        typer.echo(f"  {name:<6} {password}   (shown this once; `sluice users reset {name}` makes another)", err=True)
    keys = {name: machine_key(name) for name in PEOPLE}
    for name, key in keys.items():
        credentials.save(url, credentials.Credential(name, api_key=key), chosen=name == "admin")
    typer.echo(f"  signed in here as admin (--as user for the other); kept in {credentials.where()}", err=True)
    return keys
