"""Deciding a gate: who may, what counts, and that one decision wins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.errors import DecisionInvalid, GateAlreadyDecided, GateNotFound, NotADecider, SelfApproval
from chalicelib.gates.decide import decide
from chalicelib.gates.open import Question
from chalicelib.gates.query import get_gate
from chalicelib.spec.model import JsonObject
from chalicelib.store import answers
from chalicelib.store.gate_records import Decision
from chalicelib.store.statuses import GateStatus, NodeStatus, RunStatus
from chalicelib.store.values import load
from tests.factories.cloud import ANN, BOB, DAN, STRANGER, Cloud
from tests.factories.run_stories import QUESTION, TOKEN, check_journal, events_of, node_of, now, opened_gate, started_run, told

FORM: JsonObject = {"type": "object", "properties": {"amount": {"type": "integer", "maximum": 10}}, "required": ["amount"]}


def asking(**changes: object) -> Question:
    return QUESTION.model_copy(update=changes)


def test_a_decision_is_recorded_told_and_sent(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    decision = decide(ANN, gate.id, choice="approve", reason="cheap", channel="cli")
    assert decision.is_final
    assert decision.output == {"choice": "approve", "reason": "cheap", "form": None, "by": "ann", "at": decision.at, "channel": "cli"}
    assert [(sent.token, sent.output) for sent in aws.answers] == [(TOKEN, decision.output)]
    assert told(run)[-3:] == ["gate_decided approve", "node_succeeded approve", "run_resumed"]
    assert load("org_local", node_of(run, "approve").result) == decision.output
    assert now(run).status is RunStatus.RUNNING
    assert get_gate(ANN, gate.id).status is GateStatus.DECIDED
    assert answers.list_undelivered("org_local") == ()
    check_journal(run)


def test_it_is_written_before_it_is_sent(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    aws.calls.clear()
    decide(ANN, gate.id, choice="approve")
    assert aws.calls.index("dynamodb:TransactWriteItems") < aws.calls.index("stepfunctions:SendTaskSuccess")


def test_the_first_one_wins_and_the_others_are_told_who_decided(aws: Cloud) -> None:
    gate = opened_gate(started_run())
    decide(ANN, gate.id, choice="approve")
    for choice in ("approve", "reject"):
        with pytest.raises(GateAlreadyDecided, match="approve, by ann") as refused:
            decide(BOB, gate.id, choice=choice)
        assert refused.value.decision["by"] == ["ann"]
    assert len(aws.answers) == 1


def test_the_one_who_decided_may_say_so_again(aws: Cloud) -> None:
    gate = opened_gate(started_run())
    first = decide(ANN, gate.id, choice="approve")
    assert decide(ANN, gate.id, choice="approve") == first
    with pytest.raises(GateAlreadyDecided):
        decide(ANN, gate.id, choice="reject")


def test_who_started_the_run_may_not_decide_it(aws: Cloud) -> None:
    gate = opened_gate(started_run(by=ANN))
    with pytest.raises(SelfApproval):
        decide(ANN, gate.id, choice="approve")
    assert decide(BOB, gate.id, choice="approve").is_final


def test_a_gate_may_allow_it(aws: Cloud) -> None:
    gate = opened_gate(started_run(by=ANN), question=asking(allow_self_approval=True))
    assert decide(ANN, gate.id, choice="approve").is_final


@pytest.mark.parametrize("any_of", [("role:approver",), ("person:ann", "role:director")])
def test_only_those_named_may_decide(aws: Cloud, any_of: tuple[str, ...]) -> None:
    gate = opened_gate(started_run(), question=asking(any_of=any_of))
    with pytest.raises(NotADecider):
        decide(Principal("org_local", "eve", scopes=ALL), gate.id, choice="approve")
    with pytest.raises(GateNotFound):
        decide(STRANGER, gate.id, choice="approve")
    assert decide(ANN, gate.id, choice="approve").is_final


@pytest.mark.parametrize(
    ("question", "words", "field"),
    [
        (asking(), {"choice": "perhaps"}, "/choice"),
        (asking(), {"choice": "timed_out"}, "/choice"),
        (asking(reason_rule="required"), {"choice": "approve", "reason": "  "}, "/reason"),
        (asking(reason_rule="none"), {"choice": "approve", "reason": "why not"}, "/reason"),
        (asking(), {"choice": "approve", "form": {"amount": 3}}, "/form"),
        (asking(form=FORM), {"choice": "approve"}, "/form"),
        (asking(form=FORM), {"choice": "approve", "form": {"amount": 11}}, "/form/amount"),
        (asking(form=FORM), {"choice": "approve", "form": {"amount": 1, "note": "n" * 70_000}}, "/form"),
    ],
)
def test_it_refuses_what_the_gate_does_not_ask(aws: Cloud, question: Question, words: dict[str, object], field: str) -> None:
    run = started_run()
    gate = opened_gate(run, question=question)
    with pytest.raises(DecisionInvalid) as refused:
        decide(ANN, gate.id, **words)  # type: ignore[arg-type]
    assert list(refused.value.faults) == [field]
    assert get_gate(ANN, gate.id) == gate


def test_a_form_travels_with_its_decision(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run, question=asking(form=FORM))
    assert decide(ANN, gate.id, choice="approve", form={"amount": 3}).output["form"] == {"amount": 3}
    assert "form" not in events_of(run)[-3].data


def test_a_form_holds_nothing_that_a_worker_would_follow(aws: Cloud) -> None:
    gate = opened_gate(started_run(), question=asking(form={"type": "object"}))
    with pytest.raises(DecisionInvalid) as refused:
        decide(ANN, gate.id, choice="approve", form={"a": [{"Pointer": {"key": "org_local/runs/run_1/x"}}]})
    assert list(refused.value.faults) == ["/form/a/0"]


def test_a_quorum_needs_distinct_people_who_agree(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run, question=asking(at_least=2))
    first = decide(ANN, gate.id, choice="approve")
    assert (first.is_final, first.missing_count) == (False, 1)
    assert not decide(ANN, gate.id, choice="approve").is_final
    assert not decide(BOB, gate.id, choice="reject").is_final
    assert now(run).status is RunStatus.WAITING
    final = decide(Principal("org_local", "cleo", scopes=ALL), gate.id, choice="approve")
    assert (final.is_final, final.by) == (True, ("ann", "cleo"))
    assert final.output["by"] == "ann, cleo"
    assert len(get_gate(ANN, gate.id).votes) == 3
    check_journal(run)


def test_a_person_may_think_again_while_nothing_is_decided(aws: Cloud) -> None:
    gate = opened_gate(started_run(), question=asking(at_least=2))
    decide(ANN, gate.id, choice="approve")
    decide(ANN, gate.id, choice="reject")
    assert decide(BOB, gate.id, choice="reject").by == ("ann", "bob")


def test_a_decision_stays_in_the_outbox_while_the_engine_throttles(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    assert decide(ANN, gate.id, choice="approve").is_final
    assert aws.answers == []
    assert answers.list_undelivered("org_local") == (gate.id,)
    assert node_of(run, "approve").status is NodeStatus.SUCCEEDED


def test_one_of_eight_who_decide_at_once_wins(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)

    def one(number: int) -> Decision | GateAlreadyDecided:
        try:
            return decide(Principal("org_local", f"person_{number}", scopes=ALL), gate.id, choice="approve" if number % 2 else "reject")
        except GateAlreadyDecided as refused:
            return refused

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(8)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    assert len(winners) == 1
    assert all(list(winners[0].by) == outcome.decision["by"] for outcome in outcomes if isinstance(outcome, GateAlreadyDecided))
    assert [sent.output for sent in aws.answers] == [winners[0].output]
    assert told(run).count("gate_decided approve") == 1
    check_journal(run)


def test_a_quorum_of_eight_at_once_counts_every_vote(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run, question=asking(at_least=8))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: decide(Principal("org_local", f"person_{number}", scopes=ALL), gate.id, choice="approve"), range(8)))
    assert sum(decision.is_final for decision in found) == 1
    assert len(get_gate(DAN, gate.id).votes) == 8
    assert len(aws.answers) == 1
    check_journal(run)
