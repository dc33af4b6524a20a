"""Commands on workflow files: validate, compile, publish."""

import json
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.compiler import asl
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.model_facts import model_facts
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load
from cli import api_client, screen, versions
from cli.api_client import Publication, PublishedVersion
from cli.client import Problem
from cli.exits import Exit
from cli.session import AsOption, JsonOption, Session, UrlOption, session, sound, told

FileArgument = Annotated[Path, typer.Argument(help="A workflow file, YAML or JSON; - reads standard input.")]


def validate(file: FileArgument, as_json: JsonOption = False) -> None:
    """Check a workflow file; nothing is sent anywhere. Ends with 2 when it has errors."""
    here = session(None, "", as_json)
    compiled = _compiled(file)
    found = compiled.diagnostics
    document = {"valid": isinstance(compiled, Compilation), "diagnostics": [_document(each) for each in found]}
    if isinstance(compiled, Compilation) and not as_json:
        here.out.print(f"[green]valid[/green]  {len(compiled.source_map)} states", highlight=False)
    here.show(document, human=lambda: screen.diagnostics([_document(each) for each in found], str(file)))
    if isinstance(compiled, Refused):
        raise typer.Exit(Exit.INVALID)


def compile_(
    file: FileArgument,
    plan: Annotated[bool, typer.Option("--plan", help="Print the plan instead.")] = False,
    forecast: Annotated[bool, typer.Option("--forecast", help="Print what a run counts and costs instead.")] = False,
    source_map: Annotated[bool, typer.Option("--map", help="Print which line, node and state belong together instead.")] = False,
    bind: Annotated[str | None, typer.Option("--bind", help="The worker's ARN, put in place of ${Worker}.")] = None,
) -> None:
    """Compile a workflow file; the state machine goes to standard output as canonical ASL."""
    here = session(None, "", False)
    compiled = _compiled(file)
    if isinstance(compiled, Refused):
        here.err.print(screen.diagnostics([_document(each) for each in compiled.diagnostics], str(file)))
        raise typer.Exit(Exit.INVALID)
    typer.echo(_asked(compiled, plan=plan, forecast=forecast, source_map=source_map, bind=bind).rstrip("\n"))


NoteOption = Annotated[str, typer.Option("-m", "--note", help="Why: kept with the version.")]
BaseOption = Annotated[int | None, typer.Option("--base", help="The version that the file was made from: none may have come since.")]
LabelOption = Annotated[list[str] | None, typer.Option("--label", help="name=value, kept with the version.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be published and what it touches; publish nothing.")]


def publish(
    file: FileArgument,
    note: NoteOption = "",
    label: LabelOption = None,
    base: BaseOption = None,
    dry_run: DryOption = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Publish a workflow file: create or update the workflow and make a version of it."""
    here = session(url, person, as_json)
    text = read_file(file)
    with told(here.err):
        body = publication(note, label or [], base)
        if dry_run:
            versions.show_preview(here, named(text, here, name=str(file)), {**body, "text": text}, name=str(file))
        else:
            versions.show_published(here, published(here, text, name=str(file), told_with=body))


def publication(note: str, labels: list[str], base: int | None) -> Publication:
    """What is told with a publication, as far as it was said. Raises Problem (422) for a label without a value."""
    if wrong := [each for each in labels if "=" not in each]:
        raise Problem(422, {"code": "invalid", "detail": f"a label is name=value, not {wrong[0]}"})
    told_with: Publication = {}
    if note:
        told_with["note"] = note
    if labels:
        told_with["labels"] = dict(each.split("=", 1) for each in labels)
    if base:
        told_with["base_version"] = base
    return told_with


def published(here: Session, text: str, *, name: str, told_with: Publication | None = None) -> PublishedVersion:
    """The version that the text is now; its workflow is made where there is none. Prints diagnostics and ends with 2 for a text with errors."""
    workflow_name = named(text, here, name=name)
    with sound(here, name):
        found = here.api.workflows_list_all(name=workflow_name)["workflows"]
        workflow = found[0] if found else here.api.workflows_create_workflow({"text": text})
        return versions.publish(here, workflow["id"], {**(told_with or {}), "text": text})


def named(text: str, here: Session, *, name: str) -> str:
    """The name that a text gives its workflow. Prints diagnostics and ends with 2 for a text with errors."""
    loaded = load(text, name=name)
    if loaded.spec is None:
        here.err.print(screen.diagnostics([_document(each) for each in loaded.diagnostics], name))
        raise typer.Exit(Exit.INVALID)
    return loaded.spec.name


def _asked(compiled: Compilation, *, plan: bool, forecast: bool, source_map: bool, bind: str | None) -> str:
    if plan:
        return compiled.plan_text
    if forecast:
        return json.dumps(compiled.forecast.as_json(), indent=2)
    if source_map:
        return "\n".join(f"{each.line:>5}  {each.node or '-':<24} {each.state}" for each in compiled.source_map)
    machine = compiled.state_machine if bind is None else asl.bind(compiled.state_machine, {"Worker": bind})
    return asl.pretty(machine)


def _compiled(file: Path) -> Compilation | Refused:
    loaded = load(read_file(file), name=str(file))
    if loaded.spec is None or any(each.is_error for each in loaded.diagnostics):
        return Refused(loaded.diagnostics)
    return compile_workflow(loaded.spec, loaded.positions, facts=model_facts(loaded.spec))


def read_file(file: Path) -> str:
    if str(file) == "-":
        return typer.get_text_stream("stdin").read()
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        typer.echo(f"{file}: {fault.strerror if isinstance(fault, OSError) else 'no UTF-8 text'}", err=True)
        raise typer.Exit(Exit.INVALID) from fault


def _document(found: Diagnostic) -> api_client.Diagnostic:
    where = found.location
    return {
        "code": found.code,
        "severity": "error" if found.is_error else "warning",
        "message": found.message,
        "hint": found.hint,
        "line": where.line,
        "column": where.column,
        "path": where.path,
    }
