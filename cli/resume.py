"""Commands that run things once more: resume, repeat, try."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from cli import screen
from cli.api_client import PlacedRun, Repetition, ResumePlan, Resuming, Resumption, Trial
from cli.client import Problem
from cli.exits import Exit
from cli.inputs import given_input
from cli.runs import RunArgument, begun, finish, follow_run
from cli.session import AsOption, JsonOption, Session, UrlOption, session, told

InputOption = Annotated[str | None, typer.Option("-i", "--input", help="Another input: a JSON file, JSON itself, or - for standard input.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Watch the run to its end.")]
OutputsOption = Annotated[list[str] | None, typer.Option("--set-output", help="NODE=JSON: what the node shall have put out.", metavar="NODE=JSON")]


def resume(
    run_id: RunArgument,
    from_node: Annotated[str | None, typer.Option("--from", help="Run this node again, and all that comes after it.")] = None,
    inputs: InputOption = None,
    outputs: OutputsOption = None,
    version: Annotated[str | None, typer.Option(help="Go on with another version: a number, or latest.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the run.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be kept and what would run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    follow: FollowOption = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Go on with a run that failed, timed out, was cancelled or interrupted. What has settled is not run again."""
    here = session(url, person, as_json)
    with told(here.err):
        wanted = _wanted(from_node, inputs, outputs, version)
        shown = here.api.resume_plan_resume(run_id, wanted)
        if plan:
            here.show(shown, human=lambda: Group(*_plan(shown)))
            return
        _agree(here, shown, yes)
        body: Resumption = {**wanted, "plan": shown["plan"], "reason": reason or None}
        _follow(here, here.api.resume_resume_run(run_id, body), "resumed", follow)


def repeat(
    run_id: RunArgument,
    inputs: InputOption = None,
    version: Annotated[str | None, typer.Option(help="A number, or latest; else the run's own.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key starts one run.")] = None,
    follow: FollowOption = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Start a new run with the input of an earlier one, or with another."""
    here = session(url, person, as_json)
    with told(here.err):
        body: Repetition = {"input": given_input(inputs)} if inputs is not None else {}
        if version:
            body["version"] = _version(version)
        _follow(here, here.api.resume_repeat_run(run_id, body, key=key or None), "started", follow)


def try_(
    workflow: Annotated[str, typer.Argument(help="A workflow's name or id.")],
    node: Annotated[str, typer.Argument(help="A node of the workflow's own block.")],
    inputs: InputOption = None,
    outputs: OutputsOption = None,
    run_id: Annotated[str | None, typer.Option("--run", help="Take input and outputs from this run.")] = None,
    version: Annotated[int | None, typer.Option(help="A version; else the latest.")] = None,
    allow_effects: Annotated[bool, typer.Option("--allow-effects", help="The node may do what it does to the world outside.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Try one node by itself, with what it reads pinned; shows what it puts out."""
    here = session(url, person, as_json)
    with told(here.err):
        body: Trial = {"allow_effects": allow_effects}
        if inputs is not None:
            body["input"] = given_input(inputs)
        if outputs:
            body["outputs"] = dict(map(_output, outputs))
        if run_id:
            body["run_id"] = run_id
        if version:
            body["version"] = version
        started = here.api.resume_try_one(here.workflow_id(workflow), node, body)
        finish(here, follow_run(here, started, nodes=[node]))


def _wanted(from_node: str | None, inputs: str | None, outputs: Sequence[str] | None, version: str | None) -> Resuming:
    """What is given of it."""
    body: Resuming = {"from": from_node} if from_node else {}
    if inputs is not None:
        body["input"] = given_input(inputs)
    if outputs:
        body["outputs"] = dict(map(_output, outputs))
    if version:
        body["version"] = _version(version)
    return body


def _version(given: str) -> int | str:
    return int(given) if given.isdigit() else given


def _output(given: str) -> tuple[str, Any]:
    name, equals, text = given.partition("=")
    if not equals:
        raise Problem(422, {"code": "input-invalid", "detail": f"--set-output takes NODE=JSON, not {given}"})
    try:
        return name, json.loads(text)
    except ValueError as fault:
        raise Problem(422, {"code": "input-invalid", "detail": f"the output of {name} is no JSON: {fault}"}) from fault


def _agree(here: Session, shown: ResumePlan, yes: bool) -> None:
    """Show the plan to whoever can see it, and ask, unless there is nobody to ask."""
    if not here.as_json:
        here.err.print(Group(*_plan(shown)))
    if yes:
        return
    if here.as_json or not here.out.is_terminal:
        raise Problem(422, {"code": "input-invalid", "detail": "say --yes where nobody can be asked, after a look at --plan"})
    if not typer.confirm("Resume it so?", default=not shown["warnings"]):
        raise typer.Exit(Exit.FAILED)


def _plan(shown: ResumePlan) -> list[Any]:
    head = Text(f"{shown['run_id']}  {shown['status']}  resume {shown['resume']}  version {shown['version']}", style="bold")
    rows = [{**each, "effect": "" if each["effect"] == "none" else each["effect"]} for each in shown["nodes"]]
    table = screen.table_of(rows, {"node": "node", "fate": "what becomes of it", "effect": "effect", "why": "why"})
    return [head, table, *(Text(f"! {warning}", style="yellow") for warning in shown["warnings"])]


def _follow(here: Session, started: PlacedRun, word: str, follow: bool) -> None:
    if not follow:
        here.show(started, human=lambda: f"{begun(started, word)}   sluice show {started['id']} --follow")
        return
    finish(here, follow_run(here, started))
