"""Gates and questions answered at the prompt while a run is watched.

In: the events of a run. Out: decisions and replies, as the person types them. Without a terminal nothing is asked and the run waits.
What a form suggests stands at the prompt already, to be changed there; only the fields that go with the choice are asked.
"""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from cli import screen
from cli.api_client import DecisionToMake, Gate, RunEvent
from cli.client import Problem
from cli.session import Session


@dataclass
class Answers:
    """`is_asking`: whether there is somebody at the terminal."""

    here: Session
    is_asking: bool

    def is_wanted(self, event: RunEvent) -> bool:
        """Whether the event is a question to whoever sits here."""
        return self.is_asking and (event["type"] == "gate_opened" or event["data"].get("waiting_for") == "reply")

    def consider(self, event: RunEvent, run_id: str) -> None:
        """Ask, where the event is a question."""
        if not self.is_wanted(event):
            return
        if event["type"] == "gate_opened":
            for gate in self.here.api.gates_list_gates(run_id=run_id)["gates"]:
                self.decide(gate)
        else:
            text = typer.prompt("Your reply")
            self.here.api.replies_reply_to_message(run_id, {"text": text, "node": event["node"]})

    def decide(self, gate: Gate) -> None:
        """One gate, until a decision is taken or the person leaves it to others (an empty answer)."""
        out = self.here.out
        out.print()
        out.print(screen.gate_panel(gate))
        out.print(screen.choices(gate))
        choices = [each["choice"] for each in gate["choices"]]
        while True:
            choice = typer.prompt(f"{' / '.join(choices)} (empty: leave it to others)", default="", show_default=False).strip().lower()
            choice = next((each for each in choices if each.lower() == choice), choice)
            if not choice:
                return
            if choice not in choices:
                out.print(f"[yellow]{choice} is none of the choices[/yellow]")
                continue
            if self._send(gate, choice):
                return

    def _send(self, gate: Gate, choice: str) -> bool:
        fields = next((each["fields"] for each in gate["choices"] if each["choice"] == choice), None)
        body: DecisionToMake = {"choice": choice, "channel": "cli"}
        if gate["form"]:
            body["form"] = self._fill(gate["form"], fields)
        rule = gate["reason_rule"]
        reason = typer.prompt("Reason" if rule == "required" else "Reason (may be empty)", default="", show_default=False) if rule != "none" else ""
        if reason:
            body["reason"] = reason
        try:
            decision = self.here.api.gates_decide_gate(gate["id"], body)
        except Problem as problem:
            self.here.out.print(f"[red]{problem.code}[/red]: {problem}", highlight=False)
            if problem.code in ("not-a-decider", "self-approval"):
                self.here.out.print(f"Somebody else decides with: {_command(gate, body)}", highlight=False, soft_wrap=True)
            return problem.code in ("gate-already-decided", "not-a-decider", "self-approval", "gate-not-found")
        if not decision["is_final"]:
            self.here.out.print(
                f"Noted; {decision['missing_count']} more must agree. Others decide with: {_command(gate, body)}", highlight=False, soft_wrap=True
            )
        return True

    def _fill(self, schema: dict[str, Any], fields: list[str] | None = None) -> dict[str, Any]:
        """The form's fields, one prompt each; only those that go with the choice, where the gate says which."""
        filled: dict[str, Any] = {}
        required = set(schema.get("required") or []) | set(fields or [])
        for name, field in (schema.get("properties") or {}).items():
            if fields is not None and name not in fields:
                continue
            value = self._ask(name, field, is_required=name in required)
            if value is not None:
                filled[name] = value
        return filled

    def _ask(self, name: str, field: dict[str, Any], *, is_required: bool) -> Any:
        """One field. JSON is asked again until it is some; None: left empty."""
        is_json = field.get("type") in ("object", "array")
        label = (
            str(field.get("title") or field.get("description") or name) + (" (JSON)" if is_json else "") + ("" if is_required else " (may be empty)")
        )
        text = _suggested(field)
        while True:
            text = _prompt(label, text, is_required=is_required)
            if text == "":
                return None
            value = _typed(text, field.get("type"))
            if not (is_json and isinstance(value, str)):
                return value
            self.here.out.print("[yellow]this is no JSON[/yellow]")


def _suggested(field: dict[str, Any]) -> str:
    suggested = field.get("default")
    return suggested if isinstance(suggested, str) else "" if suggested is None else json.dumps(suggested, ensure_ascii=False)


def _prompt(label: str, suggested: str, *, is_required: bool) -> str:
    """What was typed. A suggestion stands in the line, where the terminal can be edited; else, or with nothing typed, it is taken as it is."""
    if suggested and sys.stdin.isatty():
        return _edited(label, suggested) or suggested
    return str(typer.prompt(label, default=suggested if suggested or not is_required else None, show_default=bool(suggested)))


def _edited(label: str, text: str) -> str:
    """The line as the person has changed it. Asked without typer, whose prompt the line editor does not know and would write over."""
    with _standing(text):
        try:
            return input(f"{label}: ").strip()
        except EOFError:
            raise typer.Abort from None


@contextmanager
def _standing(text: str) -> Iterator[None]:
    try:
        import readline
    except ImportError:  # Windows
        yield
        return
    readline.set_startup_hook(lambda: readline.insert_text(text))
    try:
        yield
    finally:
        readline.set_startup_hook()


def _command(gate: Gate, body: DecisionToMake) -> str:
    """The same decision as a command for another."""
    form = f" --form {shlex.quote(json.dumps(body['form'], ensure_ascii=False))}" if body.get("form") else ""
    return f"sluice decide {gate['id']} {shlex.quote(body['choice'])}{form} --as NAME"


def _typed(text: str, kind: Any) -> Any:
    """What was typed, as the form's type; what cannot be read so stays a text, and the API says what is wrong with it."""
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
        if kind in ("object", "array"):
            return json.loads(text)
    except ValueError:
        return text
    return text.strip().lower() in ("y", "yes", "true", "1") if kind == "boolean" else text
