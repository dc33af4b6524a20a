"""Who takes part in a queue: clients that start and cancel runs, an engine whose executions end when told to, EventBridge, the sweeper. Each may die
at any call.

In: limits, workflows' names, a plan of faults. Out: `QueueWorld`, whose members do one thing at a time when asked, and `check`, what holds at every
moment. EventBridge delivers once, which is less than AWS does, so that the sweeper is needed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from chalicelib.runs.cancel import cancel
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.start import InLine, start
from chalicelib.runs.sweep import sweep
from chalicelib.store import keys, runs, slots, table
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.workflow_records import Version
from tests.factories.cloud import ANN, cloud
from tests.factories.faults import Crash, Faults, injected
from tests.factories.queues import ORG, check_slots, version_of
from tests.factories.short_way import SavedItems, by_short_way
from tests.factories.step_engine import StepEngine

TRIES: Final = 4
ROUNDS: Final = 40
Result = TypeVar("Result")


@dataclass
class QueueWorld:
    """`faults` may be changed at any time. `wanted`: the keys under which runs were asked for."""

    limit: int
    versions: Mapping[str, Version]
    engine: StepEngine
    faults: Faults = field(default_factory=Faults)
    wanted: int = 0

    def submit(self, workflow: str, priority: Priority = Priority.NORMAL) -> None:
        """A client that asks under one key until it has an answer."""
        self.wanted += 1
        for _ in range(TRIES):
            if self.survive(
                lambda: start(ANN, workflow_id=self.versions[workflow].workflow_id, input={}, key=str(self.wanted), line=InLine(priority))
            ):
                return

    def all_runs(self) -> list[Run]:
        with self.faults.paused():
            page = runs.list_page(ORG, keys.runs_of_organisation(ORG), limit=200, cursor=None, newest_first=False)
            return list(page.runs)

    def end(self, number: int = 0) -> bool:
        """One of the executions that run comes to its end, and the status change is told once. False where none runs."""
        running = [each.name for each in self.engine.executions.values() if each.status == "RUNNING"]
        if not running:
            return False
        self.engine.succeed(running[number % len(running)])
        self.tell()
        return True

    def tell(self) -> None:
        while self.engine.told:
            change = read_change(self.engine.told.popleft())
            assert change is not None
            self.survive(lambda: finish(change))  # noqa: B023

    def cancel(self, number: int = 0) -> None:
        """One of the open runs is cancelled, again where no answer came."""
        able = [run.id for run in self.all_runs() if not run.status.is_terminal]
        for _ in range(TRIES if able else 0):
            if self.survive(lambda: cancel(ANN, able[number % len(able)])):
                break
        self.tell()

    def resume(self, number: int = 0) -> None:
        """A run that broke goes on, if there is one."""
        broken = [run.id for run in self.all_runs() if run.status.is_resumable]
        if broken:
            run_id = broken[number % len(broken)]
            self.survive(lambda: resume(ANN, run_id, Wanted(), plan=prepare(ANN, run_id, Wanted()).plan.digest))

    def sweeper(self) -> None:
        self.survive(lambda: sweep(ORG, grace_seconds=0))
        self.tell()

    def live(self) -> bool:
        """Until all runs have ended; the sweeper comes when nothing runs. False when that never is."""
        for _ in range(ROUNDS):
            if not self.end():
                self.sweeper()
            self.check()
            if all(run.status.is_terminal for run in self.all_runs()):
                self.sweeper()
                return True
        return False

    def survive(self, act: Callable[[], Result]) -> Result | None:
        try:
            return act()
        except (Crash, Exception):
            return None

    def check(self) -> None:
        """No more run than may, at the engine neither; counts and lines are those of the runs; nobody overtook in a line."""
        found = self.all_runs()
        with self.faults.paused():
            check_slots(ORG, found, limit=self.limit)
        open_ids = {run.execution_name for run in found if not run.status.is_terminal}
        assert sum(each.status == "RUNNING" and each.name in open_ids for each in self.engine.executions.values()) <= self.limit
        for run in found:
            if run.slot == "waiting" and run.resume == 0:  # a resumed run came later than its id says
                assert not [other.id for other in found if _line(other) == _line(run) and other.admitted_at and other.id > run.id]

    def check_rest(self) -> None:
        """Every run that was asked for is there once, and began at most once."""
        found = self.all_runs()
        assert len(found) == self.wanted
        assert len(self.engine.started) == len(set(self.engine.started))
        with self.faults.paused():
            assert table.query_index(keys.open_runs(ORG)).items == ()
            assert table.query_index(keys.organisations_in_line()).items == ()
            assert slots.read(ORG).organisation.model_dump(include={"taken", "waiting"}) == {"taken": 0, "waiting": 0}


def _line(run: Run) -> tuple[str, Priority]:
    return (run.workflow_id, run.priority)


@contextmanager
def queue_world(limit: int, *workflows: str) -> Iterator[Callable[[], QueueWorld]]:
    """A cloud with these workflows published; each call gives a world in which nothing has happened yet."""
    with cloud(SLUICE_MAX_RUNNING_OF_ORGANISATION=str(limit)):
        machines = StepEngine(lambda payload: None)
        faults = Faults()
        with injected(faults, by_short_way(machines.answer)):
            versions = {name: version_of(name) for name in workflows}
            saved = SavedItems()

            def fresh() -> QueueWorld:
                saved.put_back()
                for kept in (machines.executions, machines.told, machines.started, faults.calls, faults.met):
                    kept.clear()
                faults.plan = {}
                return QueueWorld(limit, versions, machines, faults)

            yield fresh
