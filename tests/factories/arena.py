"""Runs of small workflows whose people, engine and deliveries act at the same time.

In: specs, perhaps what a model says. Out: `Arena`: the workflows published, their machines in `step_engine`, their Tasks served by the real worker,
every status change and stream record kept for the test to deliver as it likes. `together` lets several threads go at once, or one ahead of the
others; `HeldBack` stops one for a while.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from chalicelib.access.principal import Principal
from chalicelib.errors import SluiceError
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import gates, runs
from chalicelib.store.gate_records import Gate
from chalicelib.store.run_records import Run
from chalicelib.store.workflow_records import Version
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.workers.dispatch import dispatch
from chalicelib.workflows.create import create
from tests.factories.agent_scripts import Turn
from tests.factories.cloud import ANN, DAN, cloud
from tests.factories.engine import Failed
from tests.factories.faults import Answering, Faults, Reply, injected
from tests.factories.outbox import undelivered
from tests.factories.publishing import publish
from tests.factories.scripted_models import ScriptedVendor, answered_by
from tests.factories.short_way import SavedItems, by_short_way
from tests.factories.step_engine import Execution, StepEngine

_PATIENCE: Final = 60.0
_LEADER: Final = threading.local()  # `calls`: what to tell before each call to AWS of this thread


@dataclass
class Arena:
    """`payloads`: what the worker was invoked with. `charges`: how often `http.post` was asked, by idempotency key. `records`: of the stream."""

    engine: StepEngine = field(init=False)
    version: Version = field(init=False)
    payloads: list[JsonObject] = field(default_factory=list)
    charges: Counter[str] = field(default_factory=Counter)
    records: list[JsonObject] = field(default_factory=list)
    published: SavedItems = field(init=False)

    def __post_init__(self) -> None:
        self.engine = StepEngine(self.work)

    def work(self, payload: JsonObject) -> Json:
        self.payloads.append(payload)
        try:
            return dispatch(payload)
        except SluiceError as error:
            raise Failed(type(error).__name__, str(error)) from None

    def charge(self, arguments: JsonObject, surroundings: Surroundings) -> Json:
        """Gives another answer each time: whoever asks twice must not get two."""
        self.charges[surroundings.idempotency_key] += 1
        return {"status": 201, "headers": {}, "body": {"number": self.charges.total()}}

    def begin(self, by: Principal = DAN) -> Run:
        """A run, brought to where it waits or ends; what earlier ones left is forgotten."""
        self.published.put_back()
        self.engine.executions.clear()
        for kept in (self.payloads, self.records, self.charges):
            kept.clear()
        run = start(by, workflow_id=self.version.workflow_id, input={})
        self.engine.step()
        return run

    def execution(self, run: Run) -> Execution:
        return next(each for each in self.engine.executions.values() if each.name == run.execution_name)

    def gate(self, run: Run) -> Gate:
        """The one that was opened since the run was started, or resumed."""
        resume = runs.get(run.organisation_id, run.id).resume
        (found,) = (gate for gate in gates.list_of_run(run.organisation_id, run.id) if gate.fence.resume == resume)
        return found

    def tell(self) -> None:
        """Deliver the status changes, once and in order."""
        while self.engine.told:
            deliver(self.engine.told.popleft())

    def finished(self, run: Run) -> Run:
        """The run, once its execution has gone on to its end."""
        while self.engine.step() or self.engine.told:
            self.tell()
        return runs.get(run.organisation_id, run.id)


def deliver(event: JsonObject) -> None:
    change = read_change(event)
    assert change is not None
    finish(change)


@contextmanager
def arena(*specs: str, turns: Sequence[Turn] = ()) -> Iterator[Arena]:
    """The last of the specs is the one that runs; `turns` is what models say."""
    with cloud(ANTHROPIC_API_KEY="sk-ant-test"), ExitStack() as around, pytest.MonkeyPatch.context() as patch:
        found = Arena()
        patch.setitem(tools(), "http.post", Tool("http.post", found.charge))
        around.enter_context(injected(Faults(is_paused=True), _with_leader(by_short_way(found.engine.answer))))
        around.enter_context(undelivered(found.records.append))
        around.enter_context(answered_by(ScriptedVendor(turns)))
        found.version = [publish(ANN, create(ANN, text=spec).id) for spec in specs][-1]
        found.published = SavedItems()
        yield found


def _with_leader(answering: Answering) -> Answering:
    def answer(operation: str, request: dict[str, Any]) -> Reply | None:
        getattr(_LEADER, "calls", lambda: None)()
        return answering(operation, request)

    return answer


def together(pool: ThreadPoolExecutor, acts: Sequence[Callable[[], Any]], *, ahead: int = 0) -> list[Any]:
    """What each gives, or the error that it raises, when all begin at once; or the others once the first one has made `ahead` calls to AWS."""
    barrier = threading.Barrier(len(acts))
    others_go = threading.Event()
    remaining = iter(range(ahead))

    def calls() -> None:
        if next(remaining, None) is None:
            others_go.set()

    def lead(act: Callable[[], Any]) -> Any:
        barrier.wait()
        _LEADER.calls = calls
        try:
            return _outcome(act)
        finally:
            del _LEADER.calls
            others_go.set()

    def follow(act: Callable[[], Any]) -> Any:
        barrier.wait()
        if ahead:
            others_go.wait()
        return _outcome(act)

    return [future.result() for future in [pool.submit(follow if number else lead, act) for number, act in enumerate(acts)]]


class HeldBack:
    """An act in a thread of its own that stands still once it has made `after` calls to AWS, until it is let go."""

    def __init__(self, pool: ThreadPoolExecutor, act: Callable[[], Any], *, after: int) -> None:
        self._remaining, self._stands, self._go = iter(range(after)), threading.Event(), threading.Event()
        self._future = pool.submit(self._run, act)
        self._stands.wait(_PATIENCE)

    def let_go(self) -> Any:
        """What comes of it."""
        self._go.set()
        return self._future.result()

    def _run(self, act: Callable[[], Any]) -> Any:
        _LEADER.calls = self._calls
        try:
            return _outcome(act)
        finally:
            del _LEADER.calls
            self._stands.set()

    def _calls(self) -> None:
        if next(self._remaining, None) is None:
            self._stands.set()
            self._go.wait(_PATIENCE)


def _outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except SluiceError as error:
        return error
