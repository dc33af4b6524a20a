"""Many decide at once, or the time runs out while somebody decides: one outcome each time. SLUICE_EXHAUSTIVE=1 races 200 times."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access.principal import Principal
from chalicelib.errors import GateAlreadyDecided
from chalicelib.gates.close import close_gate
from chalicelib.gates.decide import decide
from chalicelib.store import answers
from chalicelib.store.gate_records import Gate
from tests.factories.cloud import Cloud, cloud
from tests.factories.run_stories import attempt_at, check_journal, opened_gate, started_run, told

pytestmark = pytest.mark.scenario
RACES = 200 if os.environ.get("SLUICE_EXHAUSTIVE") else 20


def decided_by(gate: Gate, number: int) -> str | None:
    """The choice, if this person's won."""
    try:
        return str(decide(Principal("org_local", f"person_{number}"), gate.id, choice="approve" if number % 2 else "reject").output["choice"])
    except GateAlreadyDecided:
        return None


def sent(aws: Cloud, token: str) -> list[object]:
    return [answer.output["choice"] for answer in aws.answers if answer.token == token and isinstance(answer.output, dict)]


def test_one_of_eight_deciders_wins_each_time() -> None:
    with cloud() as aws, ThreadPoolExecutor(8) as pool:
        for race in range(RACES):
            run = started_run()
            gate = opened_gate(run, token=f"token {race}")
            outcomes = list(pool.map(lambda number, gate=gate: decided_by(gate, number), range(8)))
            winners = [choice for choice in outcomes if choice is not None]
            assert len(winners) == 1
            assert sent(aws, f"token {race}") == winners
            assert told(run).count("gate_decided approve") == 1
            check_journal(run)
        assert answers.list_undelivered("org_local") == ()


def test_a_decision_and_the_time_out_have_one_outcome_each_time() -> None:
    with cloud() as aws, ThreadPoolExecutor(2) as pool:
        for race in range(RACES):
            run = started_run()
            gate = opened_gate(run, token=f"token {race}")
            person, engine = pool.submit(decided_by, gate, 1), pool.submit(close_gate, attempt_at(run, "approve"))
            outcome, chosen = engine.result()["choice"], person.result()
            assert outcome == (chosen or "timed_out")
            assert len(sent(aws, f"token {race}")) <= int(chosen is not None)
            assert sum(event in {"gate_decided approve", "gate_timed_out approve"} for event in told(run)) == 1
            check_journal(run)
        assert answers.list_undelivered("org_local") == ()
