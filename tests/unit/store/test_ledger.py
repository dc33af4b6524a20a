"""The ledger: each call once, every sum right to the micro-dollar."""

from typing import Any

from chalicelib.store import ledger, table
from chalicelib.store.ledger import CallEntry, Cost
from tests.factories.cloud import Cloud

ORG = "org_local"


def entry(number: int, **more: Any) -> CallEntry:
    known = {
        "at": "2026-11-27T10:00:00.000Z",
        "run_id": "run_1",
        "workflow_id": "wf_1",
        "node": "write",
        "input_tokens": 10,
        "output_tokens": 2,
        "cost": 100 + number,
    }
    return CallEntry(call_key=f"call {number}", provider="anthropic", model="claude-opus-5-5", **{**known, **more})


def test_it_adds_a_call_to_its_run_its_workflow_and_its_organisation(aws: Cloud) -> None:
    assert all(ledger.record(ORG, entry(number)) for number in range(30))
    total = Cost(cost=sum(100 + number for number in range(30)), call_count=30, input_tokens=300, output_tokens=60)
    assert ledger.cost_of_run(ORG, "run_1") == total
    assert ledger.cost_of_node_run(ORG, "run_1", "write") == total
    assert ledger.costs_by_day(ORG, "2026-11-27", "2026-11-27") == {"2026-11-27": total}
    assert ledger.costs_by_day(ORG, "2026-11-01", "2026-11-30", workflow_id="wf_1") == {"2026-11-27": total}


def test_it_writes_a_call_once(aws: Cloud) -> None:
    assert ledger.record(ORG, entry(1))
    assert not ledger.record(ORG, entry(1, cost=999))
    assert ledger.cost_of_run(ORG, "run_1").cost == 101
    assert ledger.costs_by_day(ORG, "2026-11-27", "2026-11-27")["2026-11-27"].call_count == 1


def test_it_counts_what_has_no_price_apart(aws: Cloud) -> None:
    ledger.record(ORG, entry(1))
    ledger.record(ORG, entry(2, cost=None))
    found = ledger.cost_of_run(ORG, "run_1")
    assert (found.cost, found.call_count, found.unpriced_count) == (101, 2, 1)


def test_it_tells_days_nodes_workflows_and_organisations_apart(aws: Cloud) -> None:
    ledger.record(ORG, entry(1))
    ledger.record(ORG, entry(2, at="2026-11-28T00:00:00.000Z", workflow_id="wf_2", run_id="run_2"))
    ledger.record(ORG, entry(3, node="work", item_path="rows:0"))
    ledger.record("org_other", entry(1))
    assert {day: cost.cost for day, cost in ledger.costs_by_day(ORG, "2026-11-26", "2026-11-29").items()} == {"2026-11-27": 204, "2026-11-28": 102}
    assert {day: cost.cost for day, cost in ledger.costs_by_day(ORG, "2026-11-28", "2026-11-28").items()} == {"2026-11-28": 102}
    assert ledger.costs_by_day(ORG, "2026-11-26", "2026-11-29", workflow_id="wf_2")["2026-11-28"].call_count == 1
    assert {place: cost.cost for place, cost in ledger.costs_of_node_runs(ORG, "run_1").items()} == {("write", ""): 101, ("work", "rows:0"): 103}
    assert ledger.cost_of_node_run(ORG, "run_1", "none") == Cost()


def test_it_keeps_a_call_of_no_run(aws: Cloud) -> None:
    assert ledger.record(ORG, entry(1, run_id="", workflow_id="", node=""))
    assert not ledger.record(ORG, entry(1, run_id="", workflow_id="", node=""))
    assert ledger.costs_by_day(ORG, "2026-11-27", "2026-11-27")["2026-11-27"].cost == 101


def test_it_reads_years_of_days(aws: Cloud, monkeypatch: Any) -> None:
    for number in range(5):
        ledger.record(ORG, entry(number, at=f"2026-11-2{number}T00:00:00.000Z"))
    query = table.query
    monkeypatch.setattr(table, "query", lambda pk, **more: query(pk, limit=2, **more))
    assert len(ledger.costs_by_day(ORG, "2026-11-20", "2026-11-24")) == 5
