"""A run's whole story under planned faults: start, work, gate, decision, effects, finish; and what must hold of it afterwards.

In: a plan of faults. Out: `Told`: what was called, which faults were met, and what is wrong with what the story left. The workflow is compiled and
published, its machine runs in `step_engine`, its Tasks invoke the real worker. Who is there: a client that starts with a key and asks again, the
engine, EventBridge and the table's stream (each delivers once, less than AWS does, so that the sweeper is needed), a person who looks at open gates,
the sweeper. All in one thread, so that a plan repeats itself.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pytest

from chalicelib.errors import SluiceError
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import relay
from chalicelib.gates.query import list_open_gates
from chalicelib.live import announce as live
from chalicelib.runs import start as starting
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.query import get_output, list_events, list_node_runs, list_runs
from chalicelib.runs.start import start
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import answers, gates, keys, memory, table
from chalicelib.store.gate_records import Decision
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import GateStatus, RunStatus
from chalicelib.store.workflow_records import Version
from chalicelib.tools.failures import HostUnreachable
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.workers.dispatch import dispatch
from chalicelib.workflows.create import create
from chalicelib.workflows.publish import publish
from tests.factories.cloud import ANN, DAN, cloud
from tests.factories.engine import Failed
from tests.factories.faults import Crash, Faults, Plan, injected
from tests.factories.outbox import undelivered
from tests.factories.short_way import SavedItems, by_short_way
from tests.factories.step_engine import StepEngine

TRIES: Final = 8
ROUNDS: Final = 60
LOST_WORKER: Final = "Lambda.Unknown"  # as a worker that dies looks to the machine
LOST_ANSWER: Final = "Lambda.ServiceException"  # as a fault of Lambda itself
ORDER: Final = """
sluice: 1
name: order
input: {type: object, properties: {amount: {type: number}}, required: [amount]}
nodes:
  seen: {type: tool_call, tool: kv.get, with: {key: orders, default: 0}, retry: {max_attempts: 6}}
  large: {type: condition, if: "$context.amount > 10", after: [seen]}
  approve: {type: human_gate, ask: "Pay {{ $context.amount }}?", timeout_seconds: 86400}
  pay:
    type: tool_call
    tool: http.post
    effect: money
    with: {url: "https://pay.example/charges", json: {amount: $context.amount, by: $approve.by}}
    retry: {max_attempts: 6}
  counted: {type: tool_call, tool: kv.put, with: {key: orders, value: "{% $seen.value + 1 %}"}, after: [pay], retry: {max_attempts: 6}}
edges:
  - {from: large, to: approve, when: true}
  - {from: approve, to: pay, when: approve}
output: {charge: $pay.body.charge, by: $approve.by}
"""
Result = TypeVar("Result")


@dataclass
class World:
    """Who is there. `charges`: how often each idempotency key was charged; `acknowledged`: decisions whose maker got an answer."""

    version: Version
    faults: Faults
    dies_as: str = LOST_ANSWER
    is_patient: bool = True
    charges: Counter[str] = field(default_factory=Counter)
    acknowledged: list[Decision] = field(default_factory=list)
    records: deque[JsonObject] = field(default_factory=deque)
    died: int = 0
    engine: StepEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = StepEngine(self.work)

    # --- who acts -------------------------------------------------------------------------------------------------

    def work(self, payload: JsonObject) -> Json:
        """The worker Lambda."""
        try:
            return dispatch(payload)
        except Crash:
            self.died += 1
            raise Failed(self.dies_as) from None
        except SluiceError as error:
            raise Failed(type(error).__name__, str(error)) from None

    def charge(self, arguments: JsonObject, surroundings: Surroundings) -> Json:
        """Somebody else's service, which keeps to idempotency keys."""
        try:
            self.faults.at("pay.example:Charge", lambda: self.charges.update([surroundings.idempotency_key]))
        except ConnectionError as lost:
            raise HostUnreachable("no answer") from lost
        return {"status": 201, "headers": {}, "body": {"charge": f"charge of {surroundings.idempotency_key.partition('/')[2]}"}}

    def submit(self) -> None:
        """A client that asks again until it has an answer, or that asks once and goes away."""
        for _ in range(TRIES if self.is_patient else 1):
            run = self.survive(lambda: start(DAN, workflow_id=self.version.workflow_id, input={"amount": 99}, key="order 1"))
            if run is not None:
                return

    def people(self) -> bool:
        """A person decides what is open, and looks again later where no answer came."""
        with self.faults.paused():
            waiting = list_open_gates(ANN).gates
        for gate in waiting:
            decision = self.survive(lambda: decide(ANN, gate.id, choice="approve"))  # noqa: B023
            self.acknowledged += [decision] if decision is not None else []
        return bool(waiting)

    def event_bus(self) -> bool:
        told = bool(self.engine.told)
        while self.engine.told:
            change = read_change(self.engine.told.popleft())
            assert change is not None
            self.survive(lambda: finish(change))  # noqa: B023
        return told

    def stream(self) -> bool:
        told = bool(self.records)
        while self.records:
            image = self.records.popleft()
            self.survive(lambda: relay(image))  # noqa: B023
        return told

    def sweeper(self) -> bool:
        """Whether it found anything, or died of it."""
        swept = self.survive(lambda: sweep("org_local", grace_seconds=0))
        return swept is None or bool(swept.started_count or swept.finished_count or swept.cancelled_count or swept.delivered_count)

    def survive(self, act: Callable[[], Result]) -> Result | None:
        """What becomes of a process that acts: its result, or None when it died or failed."""
        try:
            return act()
        except (Crash, Exception):
            return None


@dataclass(frozen=True)
class Told:
    """What came of a story. `wrong` is empty where everything holds."""

    plan: Plan
    calls: tuple[str, ...]
    met: tuple[str, ...]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'; '.join(self.wrong)} [{', '.join(self.met)}]"


@dataclass(frozen=True)
class Stage:
    """A cloud with the workflow published; each story begins with the table as it was then."""

    version: Version
    machines: Mapping[str, JsonObject]
    published: SavedItems

    def tell(self, plan: Plan, *, dies_as: str = LOST_ANSWER, is_patient: bool = True, is_watched: bool = False) -> Told:
        """One story from start to idle, and what is to be said of it. `is_watched`: events are pushed, which costs a call each time."""
        self.published.put_back()
        world = World(self.version, Faults(plan), dies_as, is_patient)
        world.engine.machines.update(self.machines)
        with undelivered(world.records.append), pytest.MonkeyPatch.context() as patch, injected(world.faults, by_short_way(world.engine.answer)):
            patch.setitem(tools(), "http.post", Tool("http.post", world.charge))
            if not is_watched:
                patch.setattr(live, "publish", lambda events: None)
                patch.setattr(starting, "publish", lambda events: None)
            world.submit()
            restless = not _until_idle(world)
            with world.faults.paused():
                wrong = (*(["it never comes to rest"] if restless else []), *faults_of(world))
        return Told(plan, tuple(world.faults.calls), tuple(world.faults.met), wrong)


@contextmanager
def stage() -> Iterator[Stage]:
    with cloud(), ExitStack() as closing:
        engine = StepEngine(lambda payload: None)
        closing.enter_context(injected(Faults(), engine.answer))
        workflow = create(ANN, text=ORDER)
        version = publish(ANN, workflow.id)
        closing.close()
        yield Stage(version, engine.machines, SavedItems())


def _until_idle(world: World) -> bool:
    """Everybody acts until nobody has anything to do; the sweeper comes when the others rest. False when that never is."""
    for _ in range(ROUNDS):
        acted = [world.engine.step(), world.event_bus(), world.stream(), world.people()]
        if not any(acted) and not world.sweeper():
            return True
    return False


# --- what must hold ----------------------------------------------------------------------------------------------


def faults_of(world: World) -> list[str]:
    """What is wrong with what the story left, in words."""
    found = list_runs(ANN).runs
    if not found and not world.is_patient:
        return list(_of_rest())  # the client never heard of a run, and there is none
    if len(found) != 1:
        return [f"{len(found)} runs, not one"]
    run = found[0]
    return [*_of_end(world, run), *_of_effects(world, run), *_of_decision(world, run), *_of_journal(run), *_of_rest()]


def _of_end(world: World, run: Run) -> Iterator[str]:
    if not run.status.is_terminal:
        yield f"the run is {run.status}"
    execution = next((each for each in world.engine.executions.values() if each.name == run.execution_name), None)
    if execution is None:
        yield "the engine never got the run"
        return
    if world.engine.started != [run.execution_name]:
        yield f"started: {world.engine.started}"
    if (execution.status == "SUCCEEDED") != (run.status is RunStatus.SUCCEEDED):
        yield f"the execution {execution.status}, the run {run.status}"
    if run.status is not RunStatus.SUCCEEDED:
        yield f"the run {run.status}: {run.error}"
    if run.status is RunStatus.SUCCEEDED and get_output(ANN, run.id) != execution.output["output"]:  # type: ignore[index,call-overload]
        yield "the run's output is not the execution's"


def _of_effects(world: World, run: Run) -> Iterator[str]:
    if len(world.charges) > 1:
        yield f"charged under {len(world.charges)} keys"
    counted = memory.recall("org_local", run.workflow_id, "orders")
    wanted = run.status is RunStatus.SUCCEEDED
    if wanted and (len(world.charges), counted) != (1, 1):
        yield f"{len(world.charges)} charges, counted {counted}"
    if counted not in {None, 1}:
        yield f"counted {counted} orders"


def _of_decision(world: World, run: Run) -> Iterator[str]:
    found = gates.list_of_run("org_local", run.id)
    if len(found) > 1:
        yield f"{len(found)} gates"
    for gate in found:
        if gate.status is GateStatus.OPEN:
            yield "a gate is left open"
        if any(decision.at != (gate.decision and gate.decision.at) for decision in world.acknowledged):
            yield "somebody was told of another decision than the one that counts"
        heard = list(world.engine.answers.values())
        if gate.decision is not None and heard != [gate.decision.output]:
            yield f"decided {gate.decision.output}, the engine heard {heard}"
    if run.status is RunStatus.SUCCEEDED and not found:
        yield "nobody was asked"


def _of_journal(run: Run) -> Iterator[str]:
    events, nodes = list_events(ANN, run.id).events, list_node_runs(ANN, run.id)
    if [event.number for event in events] != list(range(1, run.event_count + 1)):
        yield f"event numbers {[event.number for event in events]} of {run.event_count}"
    kinds = Counter(str(event.type) for event in events)
    if run.status.is_terminal and kinds[f"run_{run.status}"] != 1:
        yield f"endings: {kinds}"
    if doubled := [kind for kind in ("run_queued", "run_started", "gate_opened", "gate_decided") if kinds[kind] > 1]:
        yield f"told twice: {doubled}"
    if [node_run.node for node_run in nodes if not node_run.status.is_terminal] and run.status.is_terminal:
        yield f"left open: {[node_run.node for node_run in nodes if not node_run.status.is_terminal]}"
    if run.running_count or run.waiting_count:
        yield f"counts {run.running_count} running, {run.waiting_count} waiting nodes"


def _of_rest() -> Iterator[str]:
    if left := answers.list_undelivered("org_local"):
        yield f"undelivered: {left}"
    if table.query_index(keys.open_runs("org_local")).items:
        yield "the run is still listed as open"
