"""Opening a gate: once for each visit; a new token takes the answer over."""

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.errors import RunEnded, StaleAttempt
from chalicelib.gates.close import close_call, close_gate
from chalicelib.gates.decide import decide
from chalicelib.gates.open import Question, open_gate
from chalicelib.gates.query import gate_view, get_gate, list_open_gates
from chalicelib.store import keys, table
from chalicelib.store.gate_records import Gate
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import GateStatus, NodeStatus, RunStatus
from tests.factories.cloud import ANN, BOB, DAN, STRANGER, Cloud, Sent
from tests.factories.run_stories import QUESTION, TOKEN, attempt_at, check_journal, ended, node_of, now, opened_gate, started_run, told


def test_it_asks_and_waits(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    assert told(run)[1:] == ["run_started", "node_started approve", "node_waiting approve", "gate_opened approve", "run_waiting"]
    assert now(run).status is RunStatus.WAITING
    assert (gate.status, gate.ask, gate.started_by) == (GateStatus.OPEN, "Book it?", "dan")
    assert node_of(run, "approve").reference == gate.id
    assert list_open_gates(ANN).gates == (gate,)
    assert list_open_gates(ANN, run_id=run.id).gates == (gate,)
    check_journal(run)


def test_it_opens_once_however_often_it_is_asked(aws: Cloud) -> None:
    run = started_run()
    first = opened_gate(run)
    before = told(run)
    assert opened_gate(run).id == first.id
    assert told(run) == before


def test_it_opens_another_gate_for_another_visit(aws: Cloud) -> None:
    run = started_run()
    first = opened_gate(run)
    decide(ANN, first.id, choice="reject")
    assert opened_gate(run, visit=1).id != first.id
    check_journal(run)


def test_a_new_token_takes_the_place_of_the_old_one(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    opened_gate(run, token="another token", retry=1)
    decide(ANN, gate.id, choice="approve")
    assert [sent.token for sent in aws.answers] == ["another token"]
    check_journal(run)


def test_a_decided_gate_answers_a_new_token_at_once(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    decision = decide(ANN, gate.id, choice="approve")
    opened_gate(run, token="another token", retry=1)
    assert aws.answers == [Sent(TOKEN, decision.output), Sent("another token", decision.output)]


def test_a_stale_attempt_takes_nothing(aws: Cloud) -> None:
    run = started_run()
    opened_gate(run, retry=1, token="newer")
    with pytest.raises(StaleAttempt):
        opened_gate(run, retry=0, token="older")


def test_an_ended_run_opens_no_gate(aws: Cloud) -> None:
    run = started_run()
    ended(run, "ABORTED")
    with pytest.raises(RunEnded):
        opened_gate(run)
    assert list_open_gates(ANN).gates == ()


def test_the_end_of_a_run_closes_its_gates(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    ended(run, "ABORTED")
    assert get_gate(ANN, gate.id).status is GateStatus.CANCELLED
    assert list_open_gates(ANN).gates == ()
    assert node_of(run, "approve").status is NodeStatus.CANCELLED
    with pytest.raises(RunEnded):
        decide(ANN, gate.id, choice="approve")


def test_a_token_stands_in_the_gate_s_item_alone(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run)
    decide(ANN, gate.id, choice="approve")
    assert TOKEN not in str(gate_view(get_gate(ANN, gate.id)))
    for item in table.query_all(keys.run(run.organisation_id, run.id).pk):
        assert TOKEN not in str(item)
    stored = table.get(keys.gate(run.organisation_id, gate.id))
    assert stored is not None
    assert [name for name, value in stored.items() if TOKEN in str(value)] == ["task_token"]


def test_it_lists_to_a_person_the_gates_that_they_may_decide(aws: Cloud) -> None:
    run = started_run(by=ANN)
    gate = opened_gate(run, question=QUESTION.model_copy(update={"any_of": ("role:approver",)}))
    assert list_open_gates(BOB, mine=True).gates == (gate,)
    assert list_open_gates(ANN, mine=True).gates == ()
    assert list_open_gates(DAN, mine=True).gates == ()
    assert list_open_gates(STRANGER).gates == ()


def test_it_pages_through_open_gates_oldest_first(aws: Cloud) -> None:
    run = started_run()
    gates = [opened_gate(run, f"approve_{number}") for number in range(3)]
    page = list_open_gates(Principal("org_local", "ann", scopes=ALL), limit=2)
    assert [gate.id for gate in page.gates] == [gate.id for gate in gates[:2]]
    assert [gate.id for gate in list_open_gates(ANN, limit=2, cursor=page.cursor).gates] == [gates[2].id]


def test_it_shows_details_however_large(aws: Cloud) -> None:
    run = started_run()
    gate = opened_gate(run, question=QUESTION.model_copy(update={"details": {"text": "y" * 50_000}}))
    assert gate_view(gate)["details"] == {"text": "y" * 50_000}


def test_it_tells_which_gate_was_decided_on_what_was_shown(aws: Cloud) -> None:
    run = started_run()
    gate, other = opened_gate(run), opened_gate(run, "other", question=QUESTION.model_copy(update={"ask": "Book two?"}))
    assert gate.shown_sha256 != other.shown_sha256
    assert decide(ANN, gate.id, choice="approve").shown_sha256 == gate.shown_sha256
    assert attempt_at(run, "approve").node == gate.node


def resumed_gate(run: Run, resume: int, *, question: Question = QUESTION, token: str = "resumed") -> Gate:
    return open_gate(attempt_at(run, "approve", resume=resume), token=token, question=question, deadline_seconds=60)


def test_a_resumed_run_takes_the_decision_on_the_same_question(aws: Cloud) -> None:
    run = started_run()
    first = opened_gate(run)
    decision = decide(ANN, first.id, choice="approve")
    assert resumed_gate(run, 2).id == first.id
    assert aws.answers[-1] == Sent("resumed", decision.output)
    assert close_gate(attempt_at(run, "approve", resume=2)) == decision.output
    check_journal(run)


@pytest.mark.parametrize("choice", ["approve", None])
def test_a_resumed_run_asks_another_question_or_one_that_timed_out_anew(aws: Cloud, choice: str | None) -> None:
    run = started_run()
    first = opened_gate(run)
    decide(ANN, first.id, choice=choice) if choice else close_call(attempt_at(run, "approve"))
    changed = QUESTION.model_copy(update={"ask": "Book the other one?"})
    second = resumed_gate(run, 1, question=changed if choice else QUESTION)
    assert second.id != first.id
    assert node_of(run, "approve").reference == second.id
    assert resumed_gate(run, 1, question=changed if choice else QUESTION, token="again").id == second.id
    decide(BOB, second.id, choice="reject")
    assert [sent.token for sent in aws.answers][-1] == "again"
    assert close_gate(attempt_at(run, "approve", resume=1))["choice"] == "reject"


def test_a_resumed_gate_that_never_opened_takes_no_older_decision(aws: Cloud) -> None:
    run = started_run()
    decide(ANN, opened_gate(run).id, choice="approve")
    assert close_gate(attempt_at(run, "approve", resume=1))["choice"] == "timed_out"
