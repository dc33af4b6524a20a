"""Who takes part in a run's story: a client, the engine, its worker, EventBridge, the table's stream, people, the sweeper. Each may die at any call.

In: the published workflow, planned faults. Out: `World`, whose members each do what they have to do when asked, in one thread, so that a plan repeats
itself. EventBridge and the stream deliver once, which is less than AWS does, so that the sweeper is needed.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from chalicelib.conversations.reply import list_waiting, reply
from chalicelib.errors import SluiceError
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import relay
from chalicelib.gates.query import list_open_gates
from chalicelib.runs.cancel import cancel
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.query import list_runs
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.start import start
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.gate_records import Decision
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.workflow_records import Version
from chalicelib.tools.failures import HostUnreachable
from chalicelib.tools.tool import Surroundings
from chalicelib.workers.dispatch import dispatch
from tests.factories.agent_scripts import Turn
from tests.factories.cloud import ANN, DAN
from tests.factories.engine import Failed
from tests.factories.faults import Crash, Faults
from tests.factories.scripted_models import ScriptedVendor
from tests.factories.step_engine import StepEngine

TRIES: Final = 8
ROUNDS: Final = 80
LOST_WORKER: Final = "Lambda.Unknown"  # as a worker that dies looks to the machine
LOST_ANSWER: Final = "Lambda.ServiceException"  # as a fault of Lambda itself
Result = TypeVar("Result")


@dataclass(frozen=True)
class Manner:
    """How the others behave. `dies_as`: what the machine hears of a worker that dies. `is_patient`: the client asks until it has an answer, not
    just once. `people`: what they do with what waits: decide and reply, say nothing until its time is over, cancel the run that they started, or
    resume the one that failed. `is_watched`: events are pushed, which costs a call each time."""

    dies_as: str = LOST_ANSWER
    is_patient: bool = True
    people: Literal["answer", "keep silent", "cancel", "resume"] = "answer"
    is_watched: bool = False


@dataclass
class World:
    """`charges`: how often each idempotency key was charged; `acknowledged`: decisions whose maker got an answer; `records`: the stream's."""

    version: Version
    faults: Faults
    manner: Manner
    turns: Sequence[Turn] = ()
    parts: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    charges: Counter[str] = field(default_factory=Counter)
    acknowledged: list[Decision] = field(default_factory=list)
    records: deque[JsonObject] = field(default_factory=deque)
    engine: StepEngine = field(init=False)
    vendor: ScriptedVendor = field(init=False)

    def __post_init__(self) -> None:
        self.engine = StepEngine(self.work)
        self.vendor = ScriptedVendor(self.turns, self.faults.at, self.parts)

    def live(self) -> bool:
        """From the start until nobody has anything to do; the sweeper comes when the others rest. False when that never is."""
        self.submit()
        for _ in range(ROUNDS):
            acted = [self.engine.step(), self.event_bus(), self.stream(), self.people()]
            if not any(acted) and not self.sweeper():
                return True
        return False

    def work(self, payload: JsonObject) -> Json:
        """The worker Lambda."""
        try:
            return dispatch(payload)
        except Crash:
            raise Failed(self.manner.dies_as) from None
        except SluiceError as error:
            raise Failed(type(error).__name__, str(error)) from None

    def charge(self, arguments: JsonObject, surroundings: Surroundings) -> Json:
        """Somebody else's service, which keeps to idempotency keys."""
        key = surroundings.idempotency_key
        try:
            self.faults.at("pay.example:Charge", lambda: self.charges.update([key]))
        except ConnectionError as lost:
            raise HostUnreachable("no answer") from lost
        return {"status": 201, "headers": {}, "body": {"charge": f"charge of {key.partition('/')[2]}"}}

    def submit(self) -> None:
        for _ in range(TRIES if self.manner.is_patient else 1):
            run = self.survive(lambda: start(DAN, workflow_id=self.version.workflow_id, input={"amount": 99}, key="order 1"))
            if run is not None:
                return

    def people(self) -> bool:
        match self.manner.people:
            case "answer":
                return self.answer()
            case "keep silent":
                return self.engine.time_out_all()
            case "cancel":
                return self.cancel()
            case "resume":
                return self.resume()

    def cancel(self) -> bool:
        """Whoever started the run cancels it once it waits, and again if it still does."""
        with self.faults.paused():
            waiting = [run for run in list_runs(ANN).runs if run.status is RunStatus.WAITING and run.parent is None]
        for run in waiting:
            self.survive(lambda: cancel(DAN, run.id, reason="no more"))  # noqa: B023
        return bool(waiting)

    def resume(self) -> bool:
        """Whoever finds a run failed says what the node that broke it shall have put out, and has it go on; again where no answer came."""
        with self.faults.paused():
            failed = [run for run in list_runs(ANN, status=RunStatus.FAILED).runs if run.parent is None]
        for run in failed:
            self.survive(lambda: self._go_on(run))  # noqa: B023
        return bool(failed)

    def _go_on(self, run: Run) -> Run:
        wish = Wanted(outputs={"breaks": {"value": 1}})
        return resume(ANN, run.id, wish, plan=prepare(ANN, run.id, wish).plan.digest, key=f"mend {run.resume}")

    def answer(self) -> bool:
        """A person decides and replies to what is open, and looks again later where no answer came."""
        with self.faults.paused():
            waiting = list_open_gates(ANN).gates
            asked = [message for run in list_runs(ANN).runs for message in list_waiting(ANN, run.id)]
        for gate in waiting:
            decision = self.survive(lambda: decide(ANN, gate.id, choice="approve"))  # noqa: B023
            self.acknowledged += [decision] if decision is not None else []
        for message in asked:
            self.survive(lambda: reply(ANN, message.run_id, text="yes", message_id=message.id))  # noqa: B023
        return bool(waiting or asked)

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
