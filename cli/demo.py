"""The first ten minutes: the examples published, the invoice example run live on its real input, what it took beside what was forecast.

In: the addresses of a running local stack. Out: what a newcomer sees. With a terminal the person decides the gate; without one the demo decides it
itself, as `admin`, for this example only. The invoice is sent in by `user`: nobody decides on a run of their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import boto3
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli import screen
from cli.answers import Answers
from cli.api_client import Api, Gate, RunEvent, RunWithValues
from cli.client import ROOT, Client
from cli.credentials import Credential
from cli.runs import follow_run
from cli.session import Session
from cli.specs import published

EXAMPLES: Final = Path(__file__).resolve().parent.parent / "examples"
SHOWN: Final = "invoice-approval"
STARTER: Final = "user"  # who sends the invoice in; whoever sits here decides
DECIDER: Final = "admin"


@dataclass
class DemoAnswers(Answers):
    """Answers at the prompt, or, without a terminal, by themselves."""

    def is_wanted(self, event: RunEvent) -> bool:
        return bool(event["type"] == "gate_opened")

    def decide(self, gate: Gate) -> None:
        if self.is_asking:
            super().decide(gate)
            return
        choice = next(each["choice"] for each in gate["choices"] if each["approves"])
        self.here.api.gates_decide_gate(gate["id"], {"choice": choice, "channel": "cli"})
        self.here.out.print(f"No terminal: decided by {DECIDER}: {choice}")


@dataclass
class Demo:
    """`keys` are the API keys of this machine, by person."""

    url: str
    websocket_url: str
    data: Path
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    def show(self, *, runs: bool) -> None:
        out = Console()
        if runs:
            with self._client(DECIDER) as client:
                here = Session(client, as_json=False, out=out, err=out)
                self._publish(here)
                self._run(here)
        self._farewell(out)

    def _publish(self, here: Session) -> None:
        with here.out.status("Publishing the examples …"):
            versions = [published(here, path.read_text(), name=str(path)) for path in sorted(EXAMPLES.glob("*/*.yaml"))]
            for version in versions:
                self._share(here, version["workflow_id"])
        here.out.print(f"Published {len(versions)} workflows: " + ", ".join(version["workflow_name"] for version in versions), highlight=False)

    def _share(self, here: Session, workflow_id: str) -> None:
        """Let everybody who is an editor run an example, unless somebody has said otherwise."""
        if here.api.sharing_get_access(workflow_id)["revision"] == 0:
            here.api.sharing_put_access(workflow_id, {"shares": [{"who": "role:editor", "level": "run"}], "revision": 0})

    def _run(self, here: Session) -> None:
        given = json.loads((EXAMPLES / SHOWN / "input.json").read_text())
        workflow_id = here.workflow_id(SHOWN)
        here.out.print(Panel(Text(given["invoice"].strip()), title="an invoice comes in", title_align="left", border_style="dim"))
        with self._client(STARTER) as starter:
            started = Api(starter).runs_start_run(workflow_id, {"input": given})
        ended = follow_run(here, started, answers=DemoAnswers(here, is_asking=here.out.is_terminal))
        here.out.print(Text(json.dumps(ended["output"] or ended["error"], ensure_ascii=False, indent=2)))
        self._account(here, ended)

    def _client(self, person: str) -> Client:
        return Client(self.url, person, credential=Credential(person, api_key=self.keys.get(person, "")))

    def _account(self, here: Session, ended: RunWithValues) -> None:
        """The way through the machine, and what was forecast beside what was counted."""
        here.out.print(Text("Through the state machine: " + " → ".join(_path(ended)), style="dim"))
        forecast = here.api.versions_get_forecast(ended["workflow_id"], str(ended["version"]))
        counted = here.api.runs_get_run(ended["id"], counts=True)
        table = Table(box=None, header_style="dim", pad_edge=False)
        for heading in ("", "forecast", "this run"):
            table.add_column(heading)
        rows = {
            "states entered": (forecast["transitions"], counted["transition_count"]),
            "Lambda invocations": (forecast["invocations"], counted["invocation_count"]),
            "table writes": (forecast["writes"], counted["write_count"]),
        }
        for title, (expected, measured) in rows.items():
            table.add_row(title, _range(expected), f"{measured}")
        price = forecast["price_microdollars"]
        table.add_row("price on AWS", f"${price['least'] / 1e6:.6f} to ${price['most'] / 1e6:.6f}", "")
        table.add_row("price of models", screen.models_price(forecast["models"]), screen.money(counted["usage"]["cost"]))
        here.out.print(table)

    def _farewell(self, out: Console) -> None:
        out.print()
        for name, value in (
            ("Watch and decide", f"{self.url}/"),
            ("REST", f"{self.url}{ROOT}"),
            ("WebSocket", self.websocket_url),
            ("Data", str(self.data)),
        ):
            out.print(f"  [bold]{name:<17}[/bold] {value}", highlight=False)
        out.print("\n  In a second terminal:  .venv/bin/sluice run support-triage -i examples/support-triage/input.json --follow", highlight=False)
        out.print("  Ctrl-C stops; the data is kept.", highlight=False)


def _range(found: dict[str, int]) -> str:
    return str(found["least"]) if found["least"] == found["most"] else f"{found['least']} to {found['most']}"


def _path(run: RunWithValues) -> list[str]:
    """The states that the run's execution entered, from the engine's own history."""
    arn = run["machine_arn"].replace(":stateMachine:", ":execution:") + f":{run['execution_name']}"
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event["stateEnteredEventDetails"]["name"] for page in pages for event in page["events"] if "stateEnteredEventDetails" in event]
