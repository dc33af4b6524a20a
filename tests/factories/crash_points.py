"""Crashes at chosen calls to AWS: before the call reaches it, or after it took effect and before anyone hears.

In: a plan of faults by call number, and a story. Out: what the story came to. A crash is no `Exception`, so that no code under test can swallow it;
whoever
invoked what crashed (a client, the engine, EventBridge, the schedule) tries again, as on AWS.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from chalicelib.access.principal import Principal
from chalicelib.gates.decide import decide
from chalicelib.gates.query import list_open_gates
from chalicelib.machines.names import execution_arn
from chalicelib.runs.finish import StatusChange, finish
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.runs.start import start
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import Json
from chalicelib.store import answers, gates
from chalicelib.store.gate_records import Decision
from chalicelib.store.run_records import Run
from chalicelib.store.workflow_records import Version
from tests.factories.cloud import DAN, Cloud
from tests.factories.run_stories import attempt_at, opened_gate

When = Literal["before", "after"]
TRIES: Final = 6
DECIDER: Final = Principal("org_local", "ann", frozenset({"approver"}))
Result = TypeVar("Result")


class Crashed(BaseException):
    """The process is gone."""


@dataclass
class Faults:
    """`count` is how many calls were made so far; `plan` says at which of them it crashes."""

    plan: Mapping[int, When]
    count: int = 0
    is_on: bool = True

    def before(self, operation: str) -> None:
        if not self.is_on:
            return
        self.count += 1
        if self.plan.get(self.count) == "before":
            raise Crashed(operation)

    def after(self, operation: str) -> None:
        if self.is_on and self.plan.get(self.count) == "after":
            raise Crashed(operation)

    @contextmanager
    def off(self) -> Iterator[None]:
        """The test itself looks."""
        self.is_on = False
        try:
            yield
        finally:
            self.is_on = True


@dataclass
class Story:
    """Start, work, ask a person, do something that must happen once, end. `effects` are the keys under which the work's effect was asked for."""

    aws: Cloud
    version: Version
    faults: Faults
    effects: list[str] = field(default_factory=list)

    def tell(self) -> Run:
        run = self._persist(lambda: start(DAN, workflow_id=self.version.workflow_id, input={"city": "Rome"}, key="once"))
        self._engine_has(run)
        self._work(run, "search")
        token = self._ask(run)
        decision = self._persist(lambda: self._decide(run))
        assert self._answer(token) == decision.output
        self._work(run, "book")
        arn = execution_arn(run.machine_arn, run.execution_name)
        change = StatusChange("org_local", run.execution_name, arn, "SUCCEEDED", output={"output": 1, "settled": {"enough": "true"}})
        self._persist(lambda: finish(change))
        self._persist(lambda: sweep("org_local", grace_seconds=0))
        return run

    def _persist(self, step: Callable[[], Result]) -> Result:
        """Whoever asks, asks again after a crash."""
        for _ in range(TRIES):
            try:
                return step()
            except Crashed:
                continue
        raise AssertionError("more crashes than were planned")

    def _engine_has(self, run: Run) -> None:
        """The execution runs, started by the caller or by the sweeper."""
        while "stepfunctions:StartExecution" not in self.aws.done:
            self._persist(lambda: sweep("org_local", grace_seconds=0))

    def _work(self, run: Run, node: str) -> None:
        """A Task: after a crash the engine tries it again, with the next fence."""
        for retry in range(TRIES):
            attempt = attempt_at(run, node, retry=retry)
            try:
                if node_started(attempt) is None:
                    self.effects.append(f"{run.id}/{node}/{attempt.fence.visit}")
                    node_succeeded(attempt, result={"done": node})
            except Crashed:
                continue
            return
        raise AssertionError("more crashes than were planned")

    def _ask(self, run: Run) -> str:
        for retry in range(TRIES):
            token = f"token {retry}"
            try:
                opened_gate(run, retry=retry, token=token)
            except Crashed:
                continue
            return token
        raise AssertionError("more crashes than were planned")

    def _decide(self, run: Run) -> Decision:
        """The person looks for the gate, and says it again when no answer came."""
        open_ones = list_open_gates(DECIDER, run_id=run.id).gates
        return decide(DECIDER, open_ones[0].id if open_ones else gates.gate_id(attempt_at(run, "approve")), choice="approve")

    def _answer(self, token: str) -> Json:
        """What the engine was told for the token that waits."""
        for _ in range(TRIES):
            told = [sent.output for sent in self.aws.answers if sent.token == token]
            if told:
                return told[0]
            self._persist(lambda: sweep("org_local", grace_seconds=0))
        raise AssertionError("the decision is lost")


def told_to_nobody(organisation_id: str) -> tuple[str, ...]:
    """Answers that are still on their way."""
    return answers.list_undelivered(organisation_id)
