"""Runs on the local stack, driven over its REST API as people do it.

In: a stack's address. Out: `LocalRuns`: publish, start, watch the status, decide what waits, read what is recorded. Nothing here knows the inside.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from cli.api_client import Api, DecisionToMake
from cli.client import Client, Problem
from cli.credentials import Credential
from tests.factories.credentials import credential

ENDED: Final = frozenset({"succeeded", "failed", "timed_out", "cancelled"})
STARTER: Final = "sam"
Document = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True)
class LocalRuns:
    """`as_` gives the client of a person, who signs in by `credentials`: that of a stack in this process unless a test says otherwise."""

    url: str
    workflow_ids: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict, repr=False)
    credentials: Callable[[str], Credential] = credential

    def as_(self, person: str) -> Client:
        if person not in self.clients:
            self.clients[person] = Client(self.url, person, credential=self.credentials(person))
        return self.clients[person]

    def close(self) -> None:
        for client in self.clients.values():
            if client._http is not None:
                client._http.close()

    @property
    def client(self) -> Client:
        return self.as_(STARTER)

    @property
    def api(self) -> Api:
        return Api(self.client)

    def publish(self, spec: str | Mapping[str, Any]) -> Document:
        """The version. A name that was published before gets a new one."""
        text = spec if isinstance(spec, str) else json.dumps(spec)
        workflow_id = self._workflow_id(text)
        version: Document = {**self.api.versions_publish(workflow_id, {"text": text})}
        self.workflow_ids[version["workflow_name"]] = workflow_id
        return version

    def _workflow_id(self, text: str) -> str:
        try:
            return self.api.workflows_create_workflow({"text": text})["id"]
        except Problem as problem:
            if problem.code != "workflow-name-taken":
                raise
            return next(found for name, found in self.workflow_ids.items() if f"name: {name}\n" in text or f'"name": "{name}"' in text)

    def start(self, name: str, given: Mapping[str, Any] | None = None, *, key: str | None = None) -> str:
        """The run's id."""
        return self.api.runs_start_run(self.workflow_ids[name], {"input": dict(given or {})}, key=key)["id"]

    def run(self, run_id: str, *, counts: bool = False) -> Document:
        return {**self.api.runs_get_run(run_id, counts=counts or None)}

    def nodes(self, run_id: str) -> dict[str, Document]:
        """Node runs by node; items of maps by `node item_path`."""
        found = self.api.runs_list_nodes(run_id, limit=1000)["nodes"]
        return {f"{each['node']} {each['item_path']}".strip(): {**each} for each in found}

    def events(self, run_id: str) -> list[Document]:
        """All of them, in order."""
        found: list[Document] = []
        while True:
            page = self.api.runs_list_events(run_id, since=len(found), limit=1000)["events"]
            if not page:
                return found
            found += [{**event} for event in page]

    def forecast(self, run: Document) -> Document:
        return {**self.api.versions_get_forecast(run["workflow_id"], str(run["version"]))}

    def open_gates(self, run_id: str) -> list[Document]:
        return [{**gate} for gate in self.api.gates_list_gates(run_id=run_id)["gates"]]

    def gate(self, run_id: str, *, seconds: float = 20) -> Document:
        """The gate that the run waits at."""
        return eventually(lambda: self.open_gates(run_id), seconds=seconds, what=f"a gate of {run_id}")[0]

    def decide(self, gate: Document, choice: str, *, by: str, **fields: Any) -> Document:
        return {**Api(self.as_(by)).gates_decide_gate(gate["id"], cast("DecisionToMake", {"choice": choice, **fields}))}

    def ended(self, run_id: str, *, seconds: float = 40) -> Document:
        """The run once it has ended."""

        def look() -> Document | None:
            run = self.run(run_id)
            return run if run["status"] in ENDED else None

        return eventually(look, seconds=seconds, what=f"the end of {run_id}")

    def check_log(self, run_id: str) -> list[Document]:
        """Events without gaps, the last one ends the run, no node run is left open. Returns the events."""
        events, run = self.events(run_id), self.run(run_id)
        assert [event["number"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["type"] == f"run_{run['status']}"
        assert sum(event["type"].removeprefix("run_") in ENDED for event in events if event["type"].startswith("run_")) == 1
        assert {node["status"] for node in self.nodes(run_id).values()} <= {*ENDED, "skipped"}
        return events


@dataclass(frozen=True)
class Answer:
    """What people say at a gate: one choice each, in this order."""

    choice: str
    by: Sequence[str] = ("ann",)
    fields: Mapping[str, Any] = field(default_factory=dict)


def carry_out(runs: LocalRuns, run_ids: Sequence[str], answers: Mapping[str, Answer], *, seconds: float = 60) -> dict[str, Document]:
    """Let runs go on to their ends; gates are answered by their node's name. Returns the ended runs by id."""
    ended: dict[str, Document] = {}
    deadline = time.monotonic() + seconds
    while len(ended) < len(run_ids):
        for run_id in (each for each in run_ids if each not in ended):
            run = runs.run(run_id)
            if run["status"] in ENDED:
                ended[run_id] = run
            elif run["status"] == "waiting":
                _answer(runs, run_id, answers)
        assert time.monotonic() < deadline, f"not ended: {[runs.run(each)['status'] for each in run_ids]}"
        time.sleep(0.05)
    return ended


def _answer(runs: LocalRuns, run_id: str, answers: Mapping[str, Answer]) -> None:
    for gate in runs.open_gates(run_id):
        answer = answers[gate["node"]]
        for person in answer.by:
            runs.decide(gate, answer.choice, by=person, **answer.fields)


def eventually(look: Callable[[], Found | None], *, seconds: float = 10, what: str = "it") -> Found:
    """What `look` gives once that is true. Raises AssertionError when it never is."""
    started = time.monotonic()
    while (waited := time.monotonic() - started) < seconds:
        if found := look():
            return found
        time.sleep(min(0.2, 0.01 + waited / 10))  # looking takes its time from what is awaited
    raise AssertionError(f"{what} did not come within {seconds:g} s")
