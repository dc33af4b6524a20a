"""Many at once at an agent that waits: deciders, a time-out and a decision, an entry that comes twice, late or is given up. One outcome, one effect.

Each race runs on the compiled machine with the real workers behind a scripted model; the threads take turns between any two calls to AWS.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest

from chalicelib.access.principal import Principal
from chalicelib.errors import GateAlreadyDecided, StaleAttempt
from chalicelib.gates.decide import decide
from chalicelib.runs.query import get_output
from chalicelib.spec.model import JsonObject
from chalicelib.store import answers, gates
from chalicelib.store.gate_records import Decision
from chalicelib.store.run_records import NodeRun, Run
from chalicelib.store.statuses import GateStatus, RunStatus
from chalicelib.workers.dispatch import dispatch
from tests.factories.agent_scripts import Turn
from tests.factories.arena import Arena, HeldBack, arena, together
from tests.factories.cloud import ANN
from tests.factories.engine import Failed
from tests.factories.run_stories import check_journal, node_of, told

pytestmark = [pytest.mark.scenario, pytest.mark.no_cover]

CHILD: Final = """
sluice: 1
name: child
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600, after: [pay]}
output: {number: $pay.body.number}
"""
AGENT: Final = """
sluice: 1
name: agent
nodes:
  work:
    type: agent_call
    model: anthropic:claude-opus-5-5
    prompt: Pay.
    tools:
      - {tool: http.post, name: pay, policy: POLICY, with: {url: "https://pay.example"}}
      - {tool: kv.put, policy: allow}
MORE
    ask: {timeout_seconds: 600}
output: {said: $work.text}
"""
ASKS: Final = AGENT.replace("POLICY", "ask").replace("MORE", "")
PAYS: Final = AGENT.replace("POLICY", "allow").replace("MORE", "")
CALLS: Final = AGENT.replace("POLICY", "allow").replace("MORE", "      - {workflow: child, policy: allow}")
PAY: Final[tuple[Turn, ...]] = ([("pay", {"json": {"n": 1}}), ("kv_put", {"key": "last", "value": 1})], "Done.")
CALL: Final[tuple[Turn, ...]] = ([("child", {})], "Done.")
DECIDERS: Final = 8
DONE: Final = {"said": "Done."}


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(DECIDERS) as found:
        yield found


def person(number: int) -> Principal:
    return Principal("org_local", f"person_{number}")


def decider(gate_id: str, number: int, choice: str) -> Callable[[], Decision]:
    return lambda: decide(person(number), gate_id, choice=choice)


def check_end(scene: Arena, run: Run, *, charges: int = 1) -> NodeRun:
    """The run has succeeded, its agent told of each turn once, nothing is doubled and nothing left to do. Its node run."""
    assert scene.finished(run).status is RunStatus.SUCCEEDED
    assert get_output(ANN, run.id) == DONE
    assert len(scene.charges) == charges
    assert answers.list_undelivered("org_local") == ()
    check_journal(run)
    work = node_of(run, "work")
    assert (work.usage.cost, work.details["turns"]) == (10, 2)
    assert told(run).count("node_succeeded work") == 1
    return work


def came(work: NodeRun) -> list[Any]:
    calls: Any = work.details["calls"]
    return [call["came"] for call in calls]


def test_one_of_eight_deciders_wins_each_of_12_times(pool: ThreadPoolExecutor) -> None:
    with arena(ASKS, turns=PAY) as scene:
        for _ in range(12):
            run = scene.begin()
            gate_id = scene.gate(run).id
            heard = together(pool, [decider(gate_id, number, "approve" if number % 2 else "reject") for number in range(DECIDERS)])
            (won,) = (each for each in heard if isinstance(each, Decision))
            assert sum(isinstance(each, GateAlreadyDecided) for each in heard) == DECIDERS - 1
            work = check_end(scene, run, charges=int(won.choice == "approve"))
            assert came(work) == ["ran" if won.choice == "approve" else "rejected", "ran"]
            assert told(run).count("gate_decided work") == told(run).count("node_resumed work") == 1


def test_a_decision_and_a_time_out_have_one_outcome_each_of_40_times(pool: ThreadPoolExecutor) -> None:
    outcomes: list[str] = []
    with arena(ASKS, turns=PAY) as scene:
        for race in range(40):
            run = scene.begin()
            token = scene.execution(run).token
            assert token is not None

            def time_out(token: str = token) -> None:
                if scene.engine.time_out(token):
                    scene.engine.step()

            acts: list[Callable[[], Any]] = [decider(scene.gate(run).id, 1, "approve"), time_out]
            ahead, is_first = race // 2, race % 2 == 0
            heard = together(pool, acts if is_first else acts[::-1], ahead=ahead)[0 if is_first else 1]
            assert isinstance(heard, Decision | GateAlreadyDecided)
            is_decided = isinstance(heard, Decision)
            work = check_end(scene, run, charges=int(is_decided))
            assert came(work) == ["ran" if is_decided else "timed_out", "ran"]
            assert scene.gate(run).status is (GateStatus.DECIDED if is_decided else GateStatus.TIMED_OUT)
            assert sum(event in {"gate_decided work", "gate_timed_out work"} for event in told(run)) == 1
            outcomes.append(came(work)[0])
    assert len(set(outcomes)) == 2, "a race that always ends the same way is none"


@pytest.mark.parametrize("hears", [0, 1], ids=["hears-the-one", "hears-the-other"])
def test_two_workers_at_one_entry_come_to_one_end(pool: ThreadPoolExecutor, hears: int) -> None:
    """Whichever of the two the machine hears, and however far the one is ahead of the other."""
    stale = 0
    with arena(PAYS, turns=PAY) as scene:

        def work(payload: JsonObject) -> Any:
            heard = together(pool, [partial(dispatch, payload)] * 2, ahead=ahead)
            if isinstance(heard[hears], Exception):
                nonlocal stale
                stale += 1
                raise Failed(type(heard[hears]).__name__)
            return heard[hears]

        scene.engine.worker = work
        for race in range(40):
            ahead = race % 20
            run = scene.begin()
            check_end(scene, run)
            assert told(run).count("node_started work") >= 1
    assert stale > 0, "a race in which nobody loses is none"


def test_an_entry_that_comes_again_late_closes_no_gate_that_is_waited_for() -> None:
    with arena(ASKS, turns=PAY) as scene:
        run = scene.begin()
        (entry, _wait) = scene.payloads
        with pytest.raises(StaleAttempt):
            dispatch(entry)
        assert scene.gate(run).status is GateStatus.OPEN
        decide(person(1), scene.gate(run).id, choice="approve")
        assert came(check_end(scene, run)) == ["ran", "ran"]


def twin_of_first_entry(scene: Arena, pool: ThreadPoolExecutor, *, after: int) -> tuple[Run, Any]:
    """A run whose first entry comes twice: the machine hears the one and comes to wait, then the other goes on after so many calls to AWS."""
    twins: list[HeldBack] = []

    def work(payload: JsonObject) -> Any:
        if not twins:
            twins.append(HeldBack(pool, partial(dispatch, payload), after=after))
        return Arena.work(scene, payload)

    scene.engine.worker = work
    run = scene.begin()
    return run, twins[0].let_go()


def test_an_entry_that_comes_twice_closes_no_gate_that_is_waited_for(pool: ThreadPoolExecutor) -> None:
    with arena(ASKS, turns=PAY) as scene:
        for after in range(0, 24, 2):
            run, _ = twin_of_first_entry(scene, pool, after=after)
            assert scene.gate(run).status is GateStatus.OPEN
            decide(person(1), scene.gate(run).id, choice="approve")
            assert came(check_end(scene, run)) == ["ran", "ran"]


def test_an_entry_that_comes_twice_stops_no_run_that_is_waited_for(pool: ThreadPoolExecutor) -> None:
    with arena(CHILD, CALLS, turns=CALL) as scene:
        for after in range(0, 24, 2):
            run, _ = twin_of_first_entry(scene, pool, after=after)
            scene.engine.step()
            (gate,) = gates.list_open("org_local", limit=10, after=None)[0]
            decide(person(1), gate.id, choice="approve")
            assert came(check_end(scene, run)) == ["ran"]


@pytest.mark.parametrize("lead", [4, 8, 16], ids=lambda lead: f"{lead}-calls-on")
def test_a_newer_attempt_takes_over_from_one_that_is_still_at_it(pool: ThreadPoolExecutor, lead: int) -> None:
    """The machine gives an entry up that has made so many calls to AWS, and enters again; when the new one is some calls on, the first goes on."""
    with arena(PAYS, turns=PAY) as scene:
        for after in range(0, 40, 2):
            held: list[HeldBack] = []

            def work(payload: JsonObject, held: list[HeldBack] = held, after: int = after) -> Any:
                held.append(HeldBack(pool, partial(dispatch, payload), after=lead if held else after))
                if len(held) == 1:
                    raise Failed("Lambda.Unknown")
                assert isinstance(held[0].let_go(), StaleAttempt | dict)
                return held[-1].let_go()

            scene.engine.worker = work
            run = scene.begin()
            check_end(scene, run)
            assert len(held) == 2, "the newer one is never told that it is stale"
