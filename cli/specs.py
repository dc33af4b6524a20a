"""Commands on workflow files: validate, compile, publish."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib.compiler import asl
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.model_facts import model_facts
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load
from cli import screen, versions
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
            versions.show_preview(here, named(text, here, name=str(file)), {"text": text, **body}, name=str(file))
        else:
            versions.show_published(here, published(here, text, name=str(file), **body))


def publication(note: str, labels: list[str], base: int | None) -> dict[str, Any]:
    """What is told with a publication, as far as it was said. Raises Problem (422) for a label without a value."""
    if wrong := [each for each in labels if "=" not in each]:
        raise Problem(422, {"code": "invalid", "detail": f"a label is name=value, not {wrong[0]}"})
    told_with = {"note": note, "labels": dict(each.split("=", 1) for each in labels), "base_version": base}
    return {name: value for name, value in told_with.items() if value}


def published(here: Session, text: str, *, name: str, **more: Any) -> Any:
    """The version that the text is now; its workflow is made where there is none. Prints diagnostics and ends with 2 for a text with errors."""
    workflow_name = named(text, here, name=name)
    with sound(here, name):
        found = here.client.get("/api/v1/workflows", name=workflow_name)["workflows"]
        workflow = found[0] if found else here.client.post("/api/v1/workflows", {"text": text})
        return here.client.post(f"/api/v1/workflows/{workflow['id']}/versions", {"text": text, **more})


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


def _document(found: Diagnostic) -> dict[str, Any]:
    where = found.location
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "hint": found.hint,
        "line": where.line,
        "column": where.column,
        "path": where.path,
    }
