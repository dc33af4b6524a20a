"""Many at once: deciders, a time-out and a decision, a cancellation and an end, deliveries that come twice, late or in any order. One outcome each.

Each race runs on the compiled machine with the real workers; the threads take turns between any two calls to AWS.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest

from chalicelib.access.principal import Principal
from chalicelib.errors import GateAlreadyDecided, RunEnded
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import relay
from chalicelib.runs.cancel import cancel
from chalicelib.runs.query import get_output
from chalicelib.runs.sweep import sweep
from chalicelib.store import answers, gates, runs
from chalicelib.store.gate_records import Decision
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import GateStatus, RunStatus
from chalicelib.workers.dispatch import dispatch
from tests.factories.arena import Arena, arena, deliver, together
from tests.factories.cloud import ANN, DAN
from tests.factories.run_stories import check_journal, told

pytestmark = [pytest.mark.scenario, pytest.mark.no_cover]

GATE: Final = """
sluice: 1
name: ask
nodes:
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600}
output: {choice: $approve.choice, by: $approve.by}
"""
QUORUM: Final = """
sluice: 1
name: ask-three
nodes:
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600, who: {at_least: 3}}
output: {choice: $approve.choice, by: $approve.by}
"""
EFFECT: Final = """
sluice: 1
name: act
nodes:
  charge: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  kept: {type: tool_call, tool: kv.put, with: {key: last, value: $charge.body.number}, after: [charge]}
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600, after: [kept]}
output: {number: $charge.body.number}
"""
DECIDERS: Final = 8


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(DECIDERS) as found:
        yield found


def person(number: int) -> Principal:
    return Principal("org_local", f"person_{number}")


def decider(gate_id: str, who: Principal, choice: str) -> Callable[[], Decision]:
    return lambda: decide(who, gate_id, choice=choice)


def in_turn(pool: ThreadPoolExecutor, race: int, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """What `one` gives. Race by race, one of the two is ahead by no call to AWS, by one, by two, and so on to its end."""
    ahead = race // 2 % 20
    if race % 2:
        return together(pool, [one, other], ahead=ahead)[0]
    return together(pool, [other, one], ahead=ahead)[1]


def check_agreement(scene: Arena, run: Run, choice: str) -> None:
    """The gate's record, the run's output, the machine's and the events tell the same."""
    gate = scene.gate(run)
    assert gate.decision is not None
    assert (gate.decision.choice, get_output(ANN, run.id)) == (choice, {"choice": choice, "by": gate.decision.output["by"]})
    assert scene.execution(run).output["output"] == get_output(ANN, run.id)  # type: ignore[index,call-overload]
    assert sum(event in {"gate_decided approve", "gate_timed_out approve"} for event in told(run)) == 1
    assert answers.list_undelivered("org_local") == ()
    check_journal(run)


def test_one_of_eight_deciders_wins_each_of_200_times(pool: ThreadPoolExecutor) -> None:
    with arena(GATE) as scene:
        for _ in range(200):
            run = scene.begin()
            gate_id = scene.gate(run).id
            heard = together(pool, [decider(gate_id, person(number), "approve" if number % 2 else "reject") for number in range(DECIDERS)])
            (won,) = (each for each in heard if isinstance(each, Decision))
            lost = [each for each in heard if isinstance(each, GateAlreadyDecided)]
            assert len(lost) == DECIDERS - 1
            assert all((each.decision["choice"], each.decision["by"]) == (won.choice, list(won.by)) for each in lost)
            assert scene.finished(run).status is RunStatus.SUCCEEDED
            check_agreement(scene, run, won.choice)


def test_a_quorum_counts_each_person_once_and_ends_once(pool: ThreadPoolExecutor) -> None:
    with arena(QUORUM) as scene:
        for race in range(40):
            run = scene.begin()
            gate_id = scene.gate(run).id
            choices = ["approve"] * 5 + ["reject"] * 2 + ["approve"]  # the last one is the first person again, on another device
            random.Random(race).shuffle(choices)
            voters = [person(number % (DECIDERS - 1)) for number in range(DECIDERS)]
            heard = together(pool, [decider(gate_id, who, choice) for who, choice in zip(voters, choices, strict=True)])
            final = [each for each in heard if isinstance(each, Decision) and each.is_final]
            if not final:  # the one who changed their mind left it open: somebody else decides
                final = [decide(Principal("org_local", "late"), gate_id, choice="approve")]
            gate = gates.get("org_local", gate_id)
            assert gate.decision is not None
            assert {each.choice for each in final} == {gate.decision.choice}
            assert len(set(gate.decision.by)) == len(gate.decision.by) == 3
            assert {vote.person for vote in gate.votes if vote.choice == gate.decision.choice} == set(gate.decision.by)
            assert len({vote.person for vote in gate.votes}) == len(gate.votes)
            assert scene.finished(run).status is RunStatus.SUCCEEDED
            check_agreement(scene, run, gate.decision.choice)


def test_one_person_makes_no_quorum(pool: ThreadPoolExecutor) -> None:
    with arena(QUORUM) as scene:
        for _ in range(20):
            run = scene.begin()
            gate_id = scene.gate(run).id
            heard = together(pool, [decider(gate_id, person(1), "approve")] * DECIDERS)
            assert [each.is_final for each in heard] == [False] * DECIDERS
            assert [vote.person for vote in gates.get("org_local", gate_id).votes] == ["person_1"]


def test_a_time_out_and_a_decision_have_one_outcome_each_of_200_times(pool: ThreadPoolExecutor) -> None:
    outcomes: list[str] = []
    with arena(GATE) as scene:
        for race in range(200):
            run = scene.begin()
            token = scene.execution(run).token
            assert token is not None

            def time_out(token: str = token) -> None:
                if scene.engine.time_out(token):
                    scene.engine.step()

            heard = in_turn(pool, race, decider(scene.gate(run).id, person(1), "approve"), time_out)
            assert isinstance(heard, Decision | GateAlreadyDecided)
            choice = "approve" if isinstance(heard, Decision) else "timed_out"
            assert scene.finished(run).status is RunStatus.SUCCEEDED
            check_agreement(scene, run, choice)
            outcomes.append(choice)
    assert len(set(outcomes)) == 2, "a race that always ends the same way is none"


def test_a_cancellation_and_an_end_have_one_outcome(pool: ThreadPoolExecutor) -> None:
    outcomes: list[str] = []
    with arena(GATE) as scene:
        for race in range(100):
            run = scene.begin()

            def end(run: Run = run) -> None:
                decide(person(1), scene.gate(run).id, choice="approve")
                scene.engine.step()
                scene.tell()

            cancelled = in_turn(pool, race, partial(cancel, DAN, run.id), end)
            ended = scene.finished(run)
            assert ended.status == {"SUCCEEDED": "succeeded", "ABORTED": "cancelled"}[scene.execution(run).status]
            assert isinstance(cancelled, RunEnded) == (ended.status is RunStatus.SUCCEEDED)
            assert scene.gate(run).status is not GateStatus.OPEN
            sweep("org_local", grace_seconds=0)
            assert answers.list_undelivered("org_local") == ()
            check_journal(run)
            outcomes.append(ended.status)
    assert len(set(outcomes)) == 2, "a race that always ends the same way is none"


def test_status_changes_may_come_twice_and_in_any_order(pool: ThreadPoolExecutor) -> None:
    with arena(GATE) as scene:
        for race in range(60):
            run = scene.begin()
            decide(person(1), scene.gate(run).id, choice="approve")
            scene.engine.step()
            events = list(scene.engine.told) * 3
            scene.engine.told.clear()
            random.Random(race).shuffle(events)
            together(pool, [partial(deliver, event) for event in events[:DECIDERS]])
            for event in events:
                deliver(event)
            assert runs.get("org_local", run.id).status is RunStatus.SUCCEEDED
            check_agreement(scene, run, "approve")


def test_stream_records_may_come_twice_and_late(pool: ThreadPoolExecutor) -> None:
    with arena(GATE) as scene:
        for race in range(60):
            run = scene.begin()
            together(pool, [decider(scene.gate(run).id, person(number), "approve") for number in range(2)])
            records = scene.records * 4
            random.Random(race).shuffle(records)
            together(pool, [partial(relay, record) for record in records[:DECIDERS]])
            assert scene.finished(run).status is RunStatus.SUCCEEDED
            for record in records:
                assert relay(record)
            check_agreement(scene, run, "approve")


def test_an_invocation_that_comes_twice_has_its_effect_once(pool: ThreadPoolExecutor) -> None:
    with arena(EFFECT) as scene:
        for _ in range(60):
            run = scene.begin()
            for payload in list(scene.payloads):
                check_twice(scene, pool, run, payload)
            assert len(scene.charges) == 1
            assert told(run).count("gate_opened approve") == 1
            check_journal(run)


def check_twice(scene: Arena, pool: ThreadPoolExecutor, run: Run, payload: dict[str, Any]) -> None:
    """A late second delivery of what was done: the recorded result, nothing told again."""
    before = told(run)
    first, second = together(pool, [partial(dispatch, payload)] * 2)
    assert first == second
    if payload["node"] == "charge":
        assert first == scene.execution(run).results[0]
    assert told(run) == before


def test_two_workers_at_one_task_agree_on_its_result(pool: ThreadPoolExecutor) -> None:
    with arena(EFFECT) as scene:
        twice: list[list[Any]] = []

        def work(payload: dict[str, Any]) -> Any:
            """Lambda's event comes twice, at once."""
            twice.append(together(pool, [partial(Arena.work, scene, payload)] * 2))
            return twice[-1][0]

        scene.engine.worker = work
        for _ in range(100):
            twice.clear()
            run = scene.begin()
            results = {payload["node"]: pair for payload, pair in zip(scene.payloads[::2], twice, strict=True)}
            assert results["charge"][0] == results["charge"][1]
            assert results["approve"][0] == results["approve"][1]
            assert len(scene.charges) == 1
            assert [told(run).count(event) for event in ("node_started charge", "node_succeeded charge", "gate_opened approve")] == [1, 1, 1]
            check_journal(run)
