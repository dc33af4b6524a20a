"""Commands on gates: gates, decide."""

import json
from typing import Annotated, Any, Literal

import typer
from rich.console import Group

from cli import screen
from cli.api_client import DecisionToMake, Gate
from cli.client import Problem
from cli.session import AsOption, JsonOption, UrlOption, session, told


def gates(
    run_id: Annotated[str | None, typer.Option("--run", help="Only this run's.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that --as may decide.")] = False,
    status: Annotated[Literal["open", "decided", "timed_out", "cancelled"], typer.Option("--status", help="Those that have ended so.")] = "open",
    due: Annotated[bool, typer.Option("--due", help="Those first whose time is over first.")] = False,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Open gates, oldest first; or those that have ended."""
    here = session(url, person, as_json)
    with told(here.err):
        page = here.api.gates_list_gates(run_id=run_id, mine=mine or None, status=status, sort="deadline_at" if due else None)
        rows = [{**gate, "choices": " / ".join(each["choice"] for each in gate["choices"])} for gate in page["gates"]]
        columns = {"id": "gate", "workflow_name": "workflow", "node": "node", "ask": "question", "choices": "choices", "opened_at": "opened"}
        here.show(page, human=lambda: screen.table_of(rows, columns))


def decide(
    gate_id: Annotated[str, typer.Argument(help="A gate's id.")],
    choice: Annotated[str | None, typer.Argument(help="One of its choices; without one, the gate is shown.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r")] = None,
    form: Annotated[str | None, typer.Option(help="The form's fields, as JSON.")] = None,
    url: UrlOption = None,
    person: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Decide a gate. Ends with 1 when somebody else has, with 4 when --as may not."""
    here = session(url, person, as_json)
    with told(here.err):
        if choice is None:
            gate = _open_gate(here.api.gates_list_gates(limit=200)["gates"], gate_id)
            here.show(gate, human=lambda: Group(screen.gate_panel(gate), screen.choices(gate)))
            return
        made = here.api.gates_decide_gate(gate_id, _decision(choice, reason, form))
        still = f"; {made['missing_count']} more must agree" if not made["is_final"] else ""
        here.show(made, human=lambda: f"[green]{made['choice']}[/green] by {person}{still}")


def _decision(choice: str, reason: str | None, form: str | None) -> DecisionToMake:
    made: DecisionToMake = {"choice": choice, "channel": "cli"}
    if reason:
        made["reason"] = reason
    if form:
        made["form"] = _form(form)
    return made


def _open_gate(found: list[Gate], gate_id: str) -> Gate:
    for gate in found:
        if gate["id"] == gate_id:
            return gate
    raise Problem(404, {"code": "gate-not-found", "detail": f"no open gate {gate_id}"})


def _form(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as fault:
        raise Problem(422, {"code": "decision-invalid", "detail": f"the form is no JSON: {fault}"}) from fault
