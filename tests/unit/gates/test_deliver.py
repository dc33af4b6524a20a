"""Delivering answers: sent until the engine has them, taken once."""

import pytest

from chalicelib.errors import EngineUnavailable
from chalicelib.gates.decide import decide
from chalicelib.gates.deliver import deliver, relay
from chalicelib.store import answers, keys, table
from tests.factories.cloud import ANN, Cloud
from tests.factories.run_stories import opened_gate, started_run


def undelivered(aws: Cloud) -> str:
    """A gate whose decision the engine has not heard."""
    gate = opened_gate(started_run())
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    decide(ANN, gate.id, choice="approve")
    return gate.id


def test_it_sends_what_is_left(aws: Cloud) -> None:
    gate_id = undelivered(aws)
    assert deliver("org_local", gate_id)
    assert len(aws.answers) == 1
    assert answers.list_undelivered("org_local") == ()
    assert deliver("org_local", gate_id)
    assert len(aws.answers) == 1


def test_an_open_gate_has_nothing_to_send(aws: Cloud) -> None:
    gate = opened_gate(started_run())
    assert not deliver("org_local", gate.id)
    assert deliver("org_local", "gate_unknown")
    assert aws.answers == []


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_the_engine_forgot_is_settled_elsewhere(aws: Cloud, code: str) -> None:
    gate_id = undelivered(aws)
    aws.refuse("stepfunctions:SendTaskSuccess", code)
    assert deliver("org_local", gate_id)
    assert answers.list_undelivered("org_local") == ()


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("Whatever", 503)])
def test_it_says_so_when_the_engine_cannot_be_reached(aws: Cloud, code: str, status: int) -> None:
    gate_id = undelivered(aws)
    aws.refuse("stepfunctions:SendTaskSuccess", code, status=status, times=5)
    with pytest.raises(EngineUnavailable):
        deliver("org_local", gate_id)
    assert answers.list_undelivered("org_local") == (gate_id,)


def test_a_stream_record_is_relayed(aws: Cloud) -> None:
    gate_id = undelivered(aws)
    image = table.get(keys.gate("org_local", gate_id))
    assert image is not None
    assert relay(image)
    assert len(aws.answers) == 1
    assert relay(image)
    assert len(aws.answers) == 1


def test_other_stream_records_are_left_alone(aws: Cloud) -> None:
    run = started_run()
    image = table.get(keys.run("org_local", run.id))
    assert image is not None
    assert not relay(image)
    assert not relay({})


def test_a_token_that_came_while_the_old_one_was_answered_stays_to_be_answered(aws: Cloud) -> None:
    gate_id = undelivered(aws)
    waiter = answers.find("org_local", gate_id)
    assert waiter is not None
    answers.replace_token("org_local", gate_id, "newer")
    answers.mark_delivered(waiter)
    assert answers.list_undelivered("org_local") == (gate_id,)
