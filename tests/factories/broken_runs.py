"""Runs that break at a chosen point, are resumed, and are held against the same run unbroken.

In: workflows, an input, what people say at gates. Out: `Theatre.unbroken`, a run with all that its workers did; `Theatre.broken`, the same with a
worker that dies at one point until the run has failed, and then a resume, on the version that it ran on or on one that is published once the run has
broken. A point is one invocation of a worker that the unbroken run has. Effects are counted by their keys: what the same key did twice somebody
else's service does once."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.errors import SluiceError
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import relay
from chalicelib.gates.query import list_open_gates
from chalicelib.runs.finish import finish, read_change
from chalicelib.runs.query import get_output, list_runs
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.start import start
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import messages, runs
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.workflow_records import Version
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.workers.dispatch import dispatch
from chalicelib.workflows.create import create
from chalicelib.workflows.publish import Wish, publish
from tests.factories.cloud import ANN, BOB, DAN, cloud
from tests.factories.engine import Failed
from tests.factories.faults import Faults, injected
from tests.factories.local_runs import Answer
from tests.factories.outbox import undelivered
from tests.factories.short_way import SavedItems, by_short_way
from tests.factories.step_engine import StepEngine

ROUNDS: Final = 60
LOST: Final = "Lambda.Unknown"
_TIMES: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\b(?:run|gate|msg|ver)_[0-9A-Z]{26}\b")


@dataclass(frozen=True, order=True)
class Point:
    """One invocation of a worker. `role`: `close`, `wait` or `collect` of a node's own states; `dies`: before its work, or after it, unheard."""

    run: str  # the workflow's name
    node: str
    item_path: str = ""
    visit: int = 0
    entry: int = 0
    role: str = ""
    dies: str = "before"

    def __str__(self) -> str:
        return " ".join(filter(None, (self.run, self.node, self.item_path, self.role, self.dies)))


@dataclass
class Told:
    """What came of a run: `served` by point (its death left out), `effects`: how often each was asked for, by node, item and visit, `keys`: under how
    many keys, `sent`: how many messages each node sent. `settled_before`: what had its output when the run had broken, and is left out of the
    residual machine."""

    run: Run
    output: Json
    served: Counter[Point]
    effects: Counter[str]
    sent: Counter[str]
    keys: Counter[str]
    settled_before: frozenset[Point] = frozenset()

    def doubled(self, whole: "Told") -> set[str]:
        """The nodes that had an effect under a key that the unbroken run did not need, or sent a message more."""
        under_other_keys = {effect.partition("/")[0] for effect, count in self.keys.items() if count > whole.keys[effect]}
        return under_other_keys | {node for node, count in self.sent.items() if count > whole.sent[node]}

    def again(self, whole: "Told") -> set[str]:
        """The nodes that had settled and were served again."""
        return {each.node for each in self.settled_before if self.served[each] > whole.served[each]}


@dataclass
class Theatre:
    version: Version
    given: JsonObject
    answers: Mapping[str, Answer]
    names: dict[str, str]  # of workflows, by version id
    published: SavedItems = field(init=False)
    engine: StepEngine = field(init=False)
    served: Counter[Point] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    records: list[JsonObject] = field(default_factory=list)
    dying: Point | None = None

    def __post_init__(self) -> None:
        self.engine = StepEngine(self.work)

    # --- what happens ---------------------------------------------------------------------------------------------

    def work(self, payload: JsonObject) -> Json:
        point = self.point_of(payload)
        if self.dying == Point(**{**_fields(point), "dies": "before"}):
            raise Failed(LOST)
        try:
            result = dispatch(payload)
        except SluiceError as error:
            raise Failed(type(error).__name__, str(error)) from None
        if self.dying == Point(**{**_fields(point), "dies": "after"}):
            raise Failed(LOST)
        self.served[point] += 1
        return result

    def point_of(self, payload: Mapping[str, Any]) -> Point:
        role = next((role for role in ("close", "wait", "collect") if payload.get(role)), "")
        fence, name = payload["fence"], self.names[payload["version_id"]]
        node = payload["node"] or "resume--load"
        return Point(name, node, payload.get("item_path") or "", int(fence["visit"]), int(fence.get("entry", 0)), role)

    def act(self, arguments: JsonObject, surroundings: Surroundings) -> Json:
        """Somebody else's service, which keeps to idempotency keys: what it answers depends on what it is asked alone."""
        self.effects[surroundings.idempotency_key] += 1
        return {"status": 201, "headers": {}, "body": {"id": len(json.dumps(arguments))}}

    def counted(self, tool: Tool) -> Tool:
        """The tool itself, its effects counted."""

        def run(arguments: JsonObject, surroundings: Surroundings) -> Json:
            self.effects[surroundings.idempotency_key] += 1
            return tool.run(arguments, surroundings)

        return Tool(tool.name, run)

    def go_on(self) -> None:
        """Until nobody has anything to do."""
        for _ in range(ROUNDS):
            acted = [self.engine.step(), self._tell(), self._relay(), self._decide()]
            if not any(acted) and not sweep("org_local", grace_seconds=0).finished_count:
                return
        raise AssertionError("it does not come to rest")

    def _tell(self) -> bool:
        told = bool(self.engine.told)
        while self.engine.told:
            change = read_change(self.engine.told.popleft())
            assert change is not None
            finish(change)
        return told

    def _relay(self) -> bool:
        told = bool(self.records)
        while self.records:
            relay(self.records.pop(0))
        return told

    def _decide(self) -> bool:
        waiting = list_open_gates(ANN).gates
        for gate in waiting:
            answer = self.answers[gate.node]
            for person in (ANN, BOB)[: max(len(answer.by), gate.at_least)]:
                decide(person, gate.id, choice=answer.choice, reason=answer.fields.get("reason"), form=answer.fields.get("form"))
        return bool(waiting)

    # --- runs -----------------------------------------------------------------------------------------------------

    def unbroken(self) -> Told:
        self._begin(None)
        run = start(DAN, workflow_id=self.version.workflow_id, input=self.given)
        self.go_on()
        return self._told(run)

    def broken(self, point: Point, *, newer: str = "") -> Told | None:
        """None where the run does not break there: something takes care of it. `newer`: the text of the version that it is resumed on, if not on its
        own."""
        self._begin(point)
        run = start(DAN, workflow_id=self.version.workflow_id, input=self.given)
        self.go_on()
        self.dying = None
        if not runs.get(run.organisation_id, run.id).status.is_resumable:
            return None
        settled = self._settled()
        wish = Wanted(version=self._published(newer)) if newer else Wanted()
        resume(ANN, run.id, wish, plan=prepare(ANN, run.id, wish).plan.digest)
        self.go_on()
        told = self._told(run)
        told.settled_before = settled
        return told

    def _published(self, text: str) -> int:
        version = publish(ANN, self.version.workflow_id, Wish(text=text, base_version=self.version.number)).version
        self.names[version.id] = version.workflow_name
        return version.number

    def _settled(self) -> frozenset[Point]:
        """The points of the nodes, in no map, that have settled in any of the runs."""
        kept: set[tuple[str, str]] = set()
        for run in (*list_runs(ANN).runs,):
            found = runs.list_node_runs(run.organisation_id, run.id)
            kept |= {(run.workflow_name, each.node) for each in found if each.status is NodeStatus.SUCCEEDED and not each.item_path}
        return frozenset(point for point in self.served if (point.run, point.node) in kept and not point.role)

    def points(self) -> list[Point]:
        """Every invocation of the unbroken run, dying before its work and after it."""
        self.unbroken()
        return [Point(**{**_fields(point), "dies": dies}) for point in sorted(self.served) for dies in ("before", "after")]

    def _begin(self, dying: Point | None) -> None:
        self.published.put_back()
        self.engine.executions.clear()
        self.engine.tokens.clear()
        self.engine.told.clear()
        for kept in (self.served, self.effects, self.records):
            kept.clear()
        self.dying = dying

    def _told(self, run: Run) -> Told:
        now = runs.get(run.organisation_id, run.id)
        effects = Counter({key.partition("/")[2]: count for key, count in self.effects.items()})
        keys = Counter(key.partition("/")[2] for key in self.effects)
        sent = Counter(message.node for each in list_runs(ANN).runs for message in messages.list_of_run(each.organisation_id, each.id))
        return Told(now, timeless(get_output(ANN, run.id)), self.served.copy(), effects, sent, keys)


def _fields(point: Point) -> dict[str, Any]:
    return {name: getattr(point, name) for name in Point.__dataclass_fields__}


def timeless(value: Json) -> Json:
    """A value without what differs from run to run by itself: times and ids."""
    found: Json = json.loads(_TIMES.sub("…", json.dumps(value)))
    return found


@contextmanager
def theatre(texts: Sequence[str], given: JsonObject, answers: Mapping[str, Answer] | None = None, **environment: str) -> Iterator[Theatre]:
    """The last of the workflows is the one that runs."""
    with cloud(**environment), ExitStack() as around, pytest.MonkeyPatch.context() as patch:
        engine = StepEngine(lambda payload: None)
        around.enter_context(injected(Faults(is_paused=True), _answering(lambda: engine)))
        versions = [publish(ANN, create(ANN, text=text).id).version for text in texts]
        found = Theatre(versions[-1], given, answers or {}, {version.id: version.workflow_name for version in versions})
        found.engine.machines.update(engine.machines)
        engine = found.engine
        around.enter_context(undelivered(found.records.append))
        for tool in ("http.post", "http.get", "http.put"):
            patch.setitem(tools(), tool, Tool(tool, found.act))
        patch.setitem(tools(), "kv.put", found.counted(tools()["kv.put"]))
        found.published = SavedItems()
        yield found


def _answering(engine: Callable[[], StepEngine]) -> Any:
    return by_short_way(lambda operation, request: engine().answer(operation, request))


def example_texts(folder: Path) -> list[str]:
    """An example's workflows, its sub-workflows first."""
    return [path.read_text() for path in sorted(folder.glob("*.yaml"), key=lambda path: path.name == "workflow.yaml")]
