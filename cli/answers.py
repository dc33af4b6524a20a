"""Gates and questions answered at the prompt while a run is watched.

In: the events of a run. Out: decisions and replies, as the person types them. Without a terminal nothing is asked and the run waits.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import typer

from cli import screen
from cli.client import Problem
from cli.session import Session
from cli.watch import Event

_ASKING: Final = frozenset({"gate_opened", "node_waiting"})


@dataclass
class Answers:
    """`is_asking`: whether there is somebody at the terminal."""

    here: Session
    is_asking: bool

    def is_wanted(self, event: Event) -> bool:
        return self.is_asking and event["type"] in _ASKING

    def consider(self, event: Event, run_id: str) -> None:
        """Ask, where the event is a question."""
        if not self.is_wanted(event):
            return
        if event["type"] == "gate_opened":
            for gate in self.here.client.get("/api/v1/gates", run_id=run_id)["gates"]:
                self.decide(gate)
        elif event.get("data", {}).get("waiting_for") == "reply":
            text = typer.prompt("Your reply")
            self.here.client.post(f"/api/v1/runs/{run_id}/replies", {"text": text, "node": event["node"]})

    def decide(self, gate: dict[str, Any]) -> None:
        """One gate, until a decision is taken or the person leaves it to others (an empty answer)."""
        out = self.here.out
        out.print()
        out.print(screen.gate_panel(gate))
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

    def _send(self, gate: dict[str, Any], choice: str) -> bool:
        rule = gate.get("reason_rule", "optional")
        reason = typer.prompt("Reason" if rule == "required" else "Reason (may be empty)", default="", show_default=False) if rule != "none" else ""
        body: dict[str, Any] = {"choice": choice, "channel": "cli"} | ({"reason": reason} if reason else {})
        if gate.get("form"):
            fields = next((each.get("fields") for each in gate["choices"] if each["choice"] == choice), None)
            body["form"] = _fill(gate["form"], fields)
        try:
            decision = self.here.client.post(f"/api/v1/gates/{gate['id']}/decision", body)
        except Problem as problem:
            self.here.out.print(f"[red]{problem.code}[/red]: {problem}", highlight=False)
            if problem.code in ("not-a-decider", "self-approval"):
                self.here.out.print(f"Somebody else decides with: sluice decide {gate['id']} {choice} --as NAME", highlight=False)
            return problem.code in ("gate-already-decided", "not-a-decider", "self-approval", "gate-not-found")
        if not decision["is_final"]:
            self.here.out.print(
                f"Noted; {decision['missing_count']} more must agree. Others decide with: sluice decide {gate['id']} {choice} --as NAME"
            )
        return True


def _fill(schema: dict[str, Any], fields: list[str] | None = None) -> dict[str, Any]:
    """The form's fields, one prompt each; only those that go with the choice, where the gate says which."""
    filled: dict[str, Any] = {}
    required = set(schema.get("required") or []) | set(fields or [])
    for name, field in (schema.get("properties") or {}).items():
        if fields is not None and name not in fields:
            continue
        label = str(field.get("title") or field.get("description") or name) + ("" if name in required else " (may be empty)")
        text = typer.prompt(label, default="" if name not in required else None, show_default=False)
        if text != "":
            filled[name] = _typed(text, field.get("type"))
    return filled


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
