"""What must hold of every story: no run lost, no effect doubled, no decision lost, one journal without gaps, nothing left to do.

In: a `World` at rest, and what the story should come to. Out: what is wrong, by the harm that it does, in words; nothing where all is well.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from chalicelib.runs.query import get_output, list_events, list_node_runs, list_runs
from chalicelib.spec.model import Json
from chalicelib.store import answers, gates, keys, ledger, memory, messages, slots, table
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import GateStatus, RunStatus
from tests.factories.cloud import ANN
from tests.factories.crash_world import World
from tests.factories.scripted_models import COST
from tests.factories.step_engine import Execution

_ONCE = ("run_queued", "run_started")
_ONCE_PER_NODE = ("node_succeeded", "gate_opened", "gate_decided", "gate_timed_out")


_EXECUTIONS = {RunStatus.SUCCEEDED: "SUCCEEDED", RunStatus.FAILED: "FAILED", RunStatus.CANCELLED: "ABORTED"}


class Harm(Enum):
    """What a fault may do at worst. `JOURNAL`: the record does not tell what happened. `UNREST`: something is left to do."""

    LOST = "run lost"
    DOUBLED = "effect doubled"
    DECISION = "decision lost"
    JOURNAL = "journal wrong"
    UNREST = "left undone"


@dataclass(frozen=True)
class Wrong:
    harm: Harm
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Expected:
    """`runs`: the workflows that run, each with the status that it ends with. `orders`: what the started workflow counts in its memory.

    `output`: what the started workflow puts out; `turns`: those of its agent `work`, none where it has no agent; `handed_on`: those
    of agents that it hands tasks to. `resumes`: how often the runs were resumed at least.
    """

    runs: Mapping[str, str]
    charges: int = 1
    orders: int | None = 1
    output: Json = None
    turns: int = 0
    handed_on: int = 0
    resumes: int = 0

    @property
    def answers(self) -> int:
        """Of models, in the whole tree."""
        return self.turns + self.handed_on


def faults_of(world: World, expected: Expected) -> list[Wrong]:
    """What is wrong with what the story left."""
    found = list_runs(ANN).runs
    if not found and not world.manner.is_patient:
        return list(_of_rest())  # the client never heard of a run, and there is none
    statuses = sorted((run.workflow_name, run.status.value) for run in found)
    if statuses != sorted(expected.runs.items()):
        harm = Harm.DOUBLED if len(found) > len(expected.runs) else Harm.LOST
        return [Wrong(harm, f"ended: {statuses} {[run.error for run in found if run.error]}")]
    of_runs = (fault for run in found for fault in _of_run(world, run))
    return [*_of_effects(world, expected), *_of_agent(world, expected, found), *_of_rest(), *of_runs]


def _of_run(world: World, run: Run) -> Iterator[Wrong]:
    execution = next((each for each in world.engine.executions.values() if each.name == run.execution_name), None)
    if execution is None:
        yield Wrong(Harm.LOST, f"the engine never got {run.workflow_name}")
        return
    yield from _of_end(world, run, execution)
    yield from _of_answers(world, run)
    yield from _of_journal(run)


def _of_end(world: World, run: Run, execution: Execution) -> Iterator[Wrong]:
    if world.engine.started.count(run.execution_name) != 1:
        yield Wrong(Harm.DOUBLED, f"started: {world.engine.started}")
    if execution.status != _EXECUTIONS[run.status]:
        yield Wrong(Harm.LOST, f"the execution {execution.status}, the run {run.status}")
    told = execution.output
    if run.status is RunStatus.SUCCEEDED and (not isinstance(told, dict) or get_output(ANN, run.id) != told["output"]):
        yield Wrong(Harm.LOST, "the run's output is not the execution's")


def _of_effects(world: World, expected: Expected) -> Iterator[Wrong]:
    counted = memory.recall("org_local", world.version.workflow_id, "orders")
    if (len(world.charges), counted) != (expected.charges, expected.orders):
        is_less = len(world.charges) < expected.charges or (counted is None and expected.orders is not None)
        yield Wrong(Harm.LOST if is_less else Harm.DOUBLED, f"charged under {len(world.charges)} keys, counted {counted}")
    resumes = sum(run.resume for run in list_runs(ANN).runs)
    if len(world.engine.started) != len(expected.runs) + resumes or resumes < expected.resumes:
        yield Wrong(Harm.DOUBLED, f"executions: {world.engine.started} with {resumes} resumes")
    if left := [arn for arn in world.engine.machines if "_r" in arn]:
        yield Wrong(Harm.UNREST, f"residual machines are left: {left}")


def _of_agent(world: World, expected: Expected, found: Sequence[Run]) -> Iterator[Wrong]:
    """Its output; every turn in its usage once; in the ledger every answer that it heard, each that a crash had asked for again, too."""
    if not expected.turns:
        return
    run = next(run for run in found if run.workflow_id == world.version.workflow_id)
    (work,) = (node_run for node_run in list_node_runs(ANN, run.id) if node_run.node == "work")
    if get_output(ANN, run.id) != expected.output:
        yield Wrong(Harm.LOST, f"put out {get_output(ANN, run.id)}")
    if work.usage.cost != expected.answers * COST or work.details.get("turns") != expected.turns:
        yield Wrong(Harm.JOURNAL, f"told of {work.details.get('turns')} turns that cost {work.usage.cost}")
    booked = ledger.cost_of_run("org_local", run.id)
    unheard = world.vendor.answered - booked.call_count
    if booked.call_count < expected.answers or not 0 <= unheard <= len(world.faults.met) or booked.cost != booked.call_count * COST:
        yield Wrong(Harm.JOURNAL, f"the ledger has {booked.call_count} calls for {booked.cost}, the vendor {world.vendor.answered}")


def _of_answers(world: World, run: Run) -> Iterator[Wrong]:
    """What people said is what the record holds, and what the engine heard, once."""
    heard = list(world.engine.answers.values())
    for gate in gates.list_of_run("org_local", run.id):
        if gate.status is GateStatus.OPEN or (gate.decision is None and run.status is not RunStatus.CANCELLED):
            yield Wrong(Harm.DECISION, f"a gate is left {gate.status}")
        elif gate.status is GateStatus.DECIDED and (gate.decision is None or heard.count(gate.decision.output) != 1):
            yield Wrong(Harm.DECISION, f"decided {gate.decision}, the engine heard {heard}")
        for decision in world.acknowledged:
            if decision.gate_id == gate.id and decision != gate.decision:
                yield Wrong(Harm.DECISION, "somebody was told of another decision than the one that counts")
    sent = messages.list_of_run("org_local", run.id)
    if len({message.node for message in sent}) != len(sent):
        yield Wrong(Harm.DOUBLED, f"sent twice: {[message.node for message in sent]}")
    for message in sent:
        said: Json = {"message_id": message.id, "reply": message.reply}
        if message.waits_for_reply and heard.count(said) != 1:
            yield Wrong(Harm.DECISION, f"replied {message.reply}, the engine heard {heard}")


def _of_journal(run: Run) -> Iterator[Wrong]:
    events, nodes = list_events(ANN, run.id).events, list_node_runs(ANN, run.id)
    if [event.number for event in events] != list(range(1, run.event_count + 1)):
        yield Wrong(Harm.JOURNAL, f"event numbers {[event.number for event in events]} of {run.event_count}")
    kinds = Counter(str(event.type) for event in events)
    due = dict.fromkeys((*_ONCE, f"run_{run.status}"), 1) | {"run_started": 1 + run.resume}
    if other := [kind for kind, count in due.items() if kinds[kind] != count]:
        yield Wrong(Harm.JOURNAL, f"not told as often as it was: {other}")
    told = Counter((str(event.type), event.node) for event in events if event.type in _ONCE_PER_NODE)
    if twice := [each for each, count in told.items() if count > 1]:
        yield Wrong(Harm.JOURNAL, f"told twice: {twice}")
    if left := [node_run.node for node_run in nodes if not node_run.status.is_terminal]:
        yield Wrong(Harm.JOURNAL, f"left open: {left}")
    if run.running_count or run.waiting_count:
        yield Wrong(Harm.JOURNAL, f"counts {run.running_count} running, {run.waiting_count} waiting nodes")


def _of_rest() -> Iterator[Wrong]:
    if left := answers.list_undelivered("org_local"):
        yield Wrong(Harm.UNREST, f"undelivered: {left}")
    if table.query_index(keys.open_runs("org_local")).items:
        yield Wrong(Harm.UNREST, "a run is still listed as open")
    held = slots.read("org_local")
    if counts := [(each.taken, each.waiting) for each in (held.organisation, *held.workflows.values()) if each.taken or each.waiting]:
        yield Wrong(Harm.UNREST, f"slots held and waited for: {counts}")
