"""Runs on the local stack, with somebody who answers: what they counted.

In: specs and inputs. Out: `Counted`: what was forecast, and what the run took. Gates get the first choice that approves, from as many people as it
takes; messages a reply.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, sleep
from typing import Any, Final

from rich.console import Console

from cli.api_client import Api, Decision, Message, RunWithValues
from cli.client import Client, Problem
from cli.credentials import Credential
from cli.session import Session
from cli.specs import published
from infra.local.people import token_of
from infra.local.stack import LocalStack

PATIENCE_SECONDS: Final = 240
PEOPLE: Final = tuple(f"decider{number}" for number in range(1, 6))
WRITES_TOLD: Final = 3  # of anything told of a node: its record, the event, the run
MEASURED: Final = {"transitions": "transition_count", "invocations": "invocation_count", "writes": "write_count"}


@dataclass(frozen=True)
class Counted:
    """`forecast` and `counted` by the forecast's names; `status` of the run.

    No forecast counts `retries` (attempts after a failed one) and what is told of `failures` that are or would be tried again.
    """

    name: str
    status: str
    retries: int
    failures: int
    forecast: Mapping[str, Mapping[str, int]]
    counted: Mapping[str, int]

    def without_retries(self, figure: str) -> int:
        """What the run would have counted had every attempt been the last."""
        told = WRITES_TOLD * (self.retries + self.failures)
        return self.counted[figure] - (told if figure == "writes" else self.retries)

    def is_inside(self, figure: str) -> bool:
        expected = self.forecast[figure]
        return expected["least"] <= self.without_retries(figure) <= expected["most"]

    def is_exact(self, figure: str) -> bool:
        return self.forecast[figure]["least"] == self.forecast[figure]["most"]


@dataclass
class Stage:
    """A running local stack."""

    url: str
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        quiet = Console(quiet=True)
        self.session = Session(self.client("admin"), as_json=False, out=quiet, err=quiet)

    def client(self, person: str) -> Client:
        """Somebody who may do everything."""
        return Client(self.url, person, credential=Credential(person, api_key=token_of(person, ("admin", "approver"))))

    def publish(self, text: str, *, name: str) -> str:
        """The workflow's id."""
        return published(self.session, text, name=name)["workflow_id"]

    def start(self, workflow_id: str, given: Any) -> str:
        """The run's id."""
        with self.client("starter") as starter:
            return Api(starter).runs_start_run(workflow_id, {"input": given})["id"]

    def count(self, name: str, workflow_id: str, given: Any) -> Counted:
        ended = self.ended(self.start(workflow_id, given))
        forecast: dict[str, Any] = {**self.session.api.versions_get_forecast(workflow_id, str(ended["version"]))}
        run: dict[str, Any] = {**self.session.api.runs_get_run(ended["id"], counts=True)}
        events = self.session.api.runs_list_events(ended["id"], limit=1_000)["events"]
        return Counted(
            name=name,
            status=ended["status"],
            retries=sum(event["type"] == "node_started" and event["data"].get("attempt", 1) > 1 for event in events),
            failures=sum(event["type"] == "node_retrying" for event in events),
            forecast={each: forecast[each] for each in MEASURED},
            counted={each: run[counter] for each, counter in MEASURED.items()},
        )

    def waiting(self, run_id: str) -> None:
        """Come back when the run waits for somebody."""
        until = monotonic() + PATIENCE_SECONDS
        while self.session.api.runs_get_run(run_id)["status"] != "waiting":
            if monotonic() > until:
                raise TimeoutError(f"{run_id} does not wait for anybody")
            sleep(0.05)

    def ended(self, run_id: str) -> RunWithValues:
        """The run as it ended, whoever it asked on its way."""
        until, pause = monotonic() + PATIENCE_SECONDS, 0.05
        while monotonic() < until:
            run = self.session.api.runs_get_run(run_id)
            if run["status"] in {"succeeded", "failed", "timed_out", "cancelled"}:
                return run
            if run["status"] == "waiting":
                self._answer(run_id)
            sleep(pause)
            pause = min(0.25, pause * 1.2)
        raise TimeoutError(f"{run_id} has not ended after {PATIENCE_SECONDS} s")

    def _answer(self, run_id: str) -> None:
        for gate in self.session.api.gates_list_gates(run_id=run_id)["gates"]:
            choice = next(each["choice"] for each in gate["choices"] if each["approves"])
            for person in PEOPLE[: gate["at_least"]]:
                self._try(partial(self.api(person).gates_decide_gate, gate["id"], {"choice": choice, "reason": "measured"}))
        self._try(partial(self.api(PEOPLE[0]).replies_reply_to_message, run_id, {"text": "yes"}))

    def api(self, person: str) -> Api:
        return Api(self.client(person))

    @staticmethod
    def _try(act: Callable[[], Decision | Message]) -> None:
        try:
            act()
        except Problem:
            return  # decided by another, or nothing waits for a reply


@contextmanager
def stage() -> Iterator[Stage]:
    with LocalStack(data_dir=None, port=0) as stack:
        yield Stage(stack.url)
