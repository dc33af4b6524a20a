"""Commands on files: export, import."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli import screen
from cli.api_client import Lacks
from cli.session import AsOption, JsonOption, UrlOption, session, sound, told
from cli.specs import FileArgument, read_file
from cli.versions import WorkflowArgument

COLUMNS = {"name": "workflow", "status": "is", "version": "version", "workflow_id": "id"}


def export(
    workflow: WorkflowArgument,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the file here.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="yaml or json; else as it was written.")] = None,
    version: Annotated[int | None, typer.Option("--version", help="A version; else the latest.")] = None,
    bundle: Annotated[bool, typer.Option("--bundle", help="With all workflows that it calls, in one file.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
) -> None:
    """A workflow as a file, on standard output or in a file; what was written by people comes out as they wrote it."""
    here = session(url, person, False)
    with told(here.err):
        text = here.api.exchange_export(here.workflow_id(workflow), format_=form, version=version, bundle=bundle or None)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_bytes(text.encode())
        here.err.print(f"[green]written[/green] to {output}", highlight=False)


def import_(
    file: FileArgument,
    publish: Annotated[bool, typer.Option("--publish", help="Publish each of them too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Bring a workflow or a bundle in from a file; the same file twice is harmless."""
    here = session(url, person, as_json)
    text = read_file(file)
    with told(here.err), sound(here, str(file)):
        made = here.api.exchange_import_file({"text": text, "publish": publish, "dry_run": dry_run})
        here.show(made, human=lambda: Group(screen.table_of(made["workflows"], COLUMNS), *lacking(made["lacks"])))


def lacking(lacks: Lacks) -> list[RenderableType]:
    """A line for each kind of thing that is used and not there."""
    found = [f"lacking {kind.replace('_', ' ')}: {', '.join(names)}" for kind, names in lacks.items() if isinstance(names, list) and names]
    return [Text(line, style="yellow") for line in found]
