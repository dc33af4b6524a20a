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
from cli import screen
from cli.client import Problem
from cli.exits import Exit
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

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


def publish(file: FileArgument, url: UrlOption = None, person: AsOption = "", as_json: JsonOption = False) -> None:
    """Publish a workflow file: create or update the workflow and make a version of it."""
    here = session(url, person, as_json)
    text = _read(file)
    with told(here.err):
        version = published(here, text, name=str(file))
        here.show(version, human=lambda: f"[green]published[/green] {version['workflow_name']} version {version['number']}  {version['machine_arn']}")


def published(here: Session, text: str, *, name: str) -> Any:
    """The version that the text is now; its workflow is made where there is none. Prints diagnostics and ends with 2 for a text with errors."""
    loaded = load(text, name=name)
    if loaded.spec is None:
        here.err.print(screen.diagnostics([_document(each) for each in loaded.diagnostics], name))
        raise typer.Exit(Exit.INVALID)
    try:
        found = here.client.get("/api/v1/workflows", name=loaded.spec.name)["workflows"]
        workflow = found[0] if found else here.client.post("/api/v1/workflows", {"text": text})
        return here.client.post(f"/api/v1/workflows/{workflow['id']}/versions", {"text": text})
    except Problem as problem:
        if problem.code != "spec-invalid":
            raise
        here.err.print(screen.diagnostics(problem.document.get("diagnostics") or [], name))
        raise typer.Exit(Exit.INVALID) from problem


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
    loaded = load(_read(file), name=str(file))
    if loaded.spec is None or any(each.is_error for each in loaded.diagnostics):
        return Refused(loaded.diagnostics)
    return compile_workflow(loaded.spec, loaded.positions, facts=model_facts(loaded.spec))


def _read(file: Path) -> str:
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
