"""Closing a gate whose time is over: the time-out competes with decisions."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import GateAlreadyDecided, GateTimedOut, RunEnded
from chalicelib.gates.close import close_gate
from chalicelib.gates.decide import decide
from chalicelib.gates.query import get_gate, list_open_gates
from chalicelib.spec.model import JsonObject
from chalicelib.store import answers
from chalicelib.store.statuses import GateStatus, NodeStatus
from chalicelib.store.values import load
from tests.factories.cloud import ANN, BOB, Cloud
from tests.factories.run_stories import attempt_at, check_journal, ended, node_of, opened_gate, started_run, told


def test_a_time_out_is_a_decision_of_nobody(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    output = close_gate(attempt_at(run, "approve"))
    assert {**output, "at": ""} == {"choice": "timed_out", "reason": None, "form": None, "by": None, "at": "", "channel": "engine"}
    assert told(run)[-3:] == ["gate_timed_out approve", "node_succeeded approve", "run_resumed"]
    assert get_gate(ANN, gate.id).status is GateStatus.TIMED_OUT
    assert load("org_local", node_of(run, "approve").result) == output
    assert list_open_gates(ANN).gates == ()
    assert answers.list_undelivered("org_local") == ()
    check_journal(run)


def test_asking_again_gives_the_same(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run)
    output = close_gate(attempt_at(run, "approve"))
    assert close_gate(attempt_at(run, "approve")) == output
    check_journal(run)


def test_a_decision_that_came_first_wins_though_the_engine_heard_nothing(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    aws.refuse("stepfunctions:SendTaskSuccess", "InternalServerError", status=500)
    decision = decide(ANN, gate.id, choice="approve")
    assert close_gate(attempt_at(run, "approve"), on_timeout="fail") == decision.output
    assert answers.list_undelivered("org_local") == ()
    assert "gate_timed_out approve" not in told(run)


def test_who_comes_after_the_time_out_is_told(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    close_gate(attempt_at(run, "approve"))
    with pytest.raises(GateAlreadyDecided, match="nobody"):
        decide(ANN, gate.id, choice="approve")


def test_it_may_take_a_choice(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run)
    assert close_gate(attempt_at(run, "approve"), on_timeout="reject")["choice"] == "reject"


def test_it_may_fail_the_node(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run)
    for _ in range(2):
        with pytest.raises(GateTimedOut):
            close_gate(attempt_at(run, "approve"), on_timeout="fail")
    found = node_of(run, "approve")
    assert found.status is NodeStatus.FAILED
    assert found.error is not None
    assert found.error.name == "GateTimedOut"
    assert told(run)[-3:] == ["gate_timed_out approve", "node_failed approve", "run_resumed"]
    check_journal(run)


def test_a_gate_that_never_opened_is_timed_out_too(aws: Cloud) -> None:
    run = started_run()
    assert close_gate(attempt_at(run, "approve"))["choice"] == "timed_out"
    assert node_of(run, "approve").status is NodeStatus.SUCCEEDED
    check_journal(run)


def test_it_speaks_for_the_attempt_that_waits(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run, retry=2)
    assert close_gate(attempt_at(run, "approve"))["choice"] == "timed_out"
    check_journal(run)


def test_an_ended_run_is_left_alone(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run, "other")
    ended(run, "ABORTED")
    with pytest.raises(RunEnded):
        close_gate(attempt_at(run, "approve"))


def test_time_out_and_decision_at_once_have_one_outcome(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)

    def decided() -> JsonObject | None:
        try:
            return decide(BOB, gate.id, choice="approve").output
        except GateAlreadyDecided:
            return None

    with ThreadPoolExecutor(2) as pool:
        person, engine = pool.submit(decided), pool.submit(close_gate, attempt_at(run, "approve"))
    outcome = engine.result()
    assert person.result() in (None, outcome)
    assert (person.result() is None) == (outcome["choice"] == "timed_out")
    assert len([event for event in told(run) if event in {"gate_decided approve", "gate_timed_out approve"}]) == 1
    check_journal(run)
