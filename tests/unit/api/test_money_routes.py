"""Routes of costs, budgets and the cache, from their events to their answers."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.access.budgets import reserve
from chalicelib.clock import now_text
from chalicelib.runs.sweep import sweep
from chalicelib.store import budgets as store
from chalicelib.store import ledger
from chalicelib.store.ledger import CallEntry
from chalicelib.workers.warm_cache import Wanted, Warmed, warm
from tests.factories.cloud import ANN, cloud, published
from tests.factories.run_stories import started_run
from tests.unit.api.test_routes import Api

ORG = "org_local"
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def api() -> Iterator[Api]:
    with cloud() as aws:
        yield Api(aws)


def spent(key: str, cost: int | None = 100, **more: Any) -> None:
    ledger.record(ORG, CallEntry(**{"call_key": key, "at": now_text(), "provider": "p", "model": "m", "cost": cost, **more}))


def test_it_tells_costs_by_day(api: Api) -> None:
    spent("a")
    spent("b", None)
    spent("c", 7, at="2026-01-05T00:00:00.000Z")
    status, found = api("GET /costs")
    sums = {"cost": 100, "call_count": 2, "unpriced_count": 1, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}
    assert (status, found["total"], found["days"], found["to"]) == (200, sums, [{"day": TODAY, **sums}], TODAY)
    found = api("GET /costs", query={"from": "2026-01-01", "to": "2026-01-31"})[1]
    assert [(day["day"], day["cost"]) for day in found["days"]] == [("2026-01-05", 7)]


def test_it_tells_costs_of_a_workflow_and_of_a_run(api: Api) -> None:
    run = started_run()
    spent("a", 100, workflow_id=run.workflow_id, run_id=run.id, node="search")
    spent("b", 5, workflow_id=run.workflow_id, run_id=run.id, node="book", item_path="rows:0")
    spent("c", 1)
    assert api("GET /costs", query={"workflow_id": run.workflow_id})[1]["total"]["cost"] == 105
    found = api("GET /costs", query={"run_id": run.id})[1]
    assert (found["total"]["cost"], [(node["node"], node["item_path"], node["cost"]) for node in found["nodes"]]) == (
        105,
        [("book", "rows:0", 5), ("search", "", 100)],
    )
    assert api("GET /costs", query={"workflow_id": "wf_none"})[1]["code"] == "workflow-not-found"
    assert api("GET /costs", query={"run_id": "run_none"})[1]["code"] == "run-not-found"


@pytest.mark.parametrize(
    "query", [{"from": "2026-02-01", "to": "2026-01-01"}, {"from": "2020-01-01"}, {"from": "soon"}, {"workflow_id": "wf_1", "run_id": "run_1"}]
)
def test_it_refuses_days_that_are_none_or_too_many(api: Api, query: dict[str, str]) -> None:
    assert api("GET /costs", query=query)[1]["code"] == "query-invalid"


def test_it_sets_shows_and_removes_the_organisations_budget(api: Api) -> None:
    path = "/budgets/organisation"
    assert api(f"GET {path}")[1]["code"] == "budget-not-found"
    status, made = api(f"PUT {path}", body={"per_day": 500})
    assert (status, made["per_day"], made["per_month"], made["workflow_id"], made["set_by"], made["unpriced"]) == (
        200,
        500,
        None,
        None,
        "ann",
        "refuse",
    )
    reserve(ORG, call_key="a", amount=60)
    assert api(f"GET {path}")[1]["used"] == {"day": {"limit": 500, "spent": 0, "reserved": 60}}
    assert [api(f"DELETE {path}")[0] for _ in range(2)] == [204, 204]
    assert api("GET /budgets")[1] == {"budgets": []}


def test_it_sets_shows_and_removes_a_workflows_budget(api: Api) -> None:
    one: dict[str, Any] = {"path": {"workflow_id": published().workflow_id}}
    path = "/budgets/workflows/{workflow_id}"
    status, made = api(f"PUT {path}", body={"per_run": 5, "per_month": 9, "unpriced": "allow"}, **one)
    assert (status, made["per_run"], made["per_day"], made["per_month"], made["unpriced"]) == (200, 5, None, 9, "allow")
    assert api(f"GET {path}", **one)[1] == made
    assert api("GET /budgets")[1]["budgets"] == [made]
    assert api(f"DELETE {path}", **one)[0] == 204
    assert api(f"PUT {path}", body={"per_run": 5}, path={"workflow_id": "wf_none"})[1]["code"] == "workflow-not-found"


@pytest.mark.parametrize("body", [{}, {"per_day": -1}, {"per_run": 5}, {"per_day": 1.5}, {"unpriced": "allow"}])
def test_it_refuses_a_budget_that_is_none(api: Api, body: dict[str, Any]) -> None:
    assert api("PUT /budgets/organisation", body=body)[1]["code"] == "body-invalid"


def test_the_sweeper_gives_back_what_a_dead_worker_held(api: Api) -> None:
    api("PUT /budgets/organisation", body={"per_day": 500})
    reservation = reserve(ORG, call_key="a", amount=60)
    assert reservation is not None
    assert sweep(ORG).given_back_count == 0
    store.renew(reservation, lapses_at=1)
    assert sweep(ORG).given_back_count == 1
    assert api("GET /budgets/organisation")[1]["used"]["day"]["reserved"] == 0


def test_it_warms_the_cache_and_tells_what_was_there(api: Api) -> None:
    requests = [
        {"model": "offline:echo", "prompt": "Say hello."},
        {"model": "nothing", "prompt": "x"},
        {"prompt": "Say hello.", "model": "offline:echo"},
    ]
    status, found = api("POST /cache/warm", body={"requests": requests})
    assert (status, found["cost"], found["unpriced_count"]) == (200, 0, 0)
    assert [(each["status"], each["cost"], each["error"]) for each in found["requests"]] == [
        ("new", 0, None),
        ("failed", None, "model-request-invalid"),
        ("there", None, None),
    ]
    assert ledger.costs_by_day(ORG, TODAY, TODAY)[TODAY].call_count == 1
    counts = api("GET /cache")[1]
    assert (counts["total"]["hit_count"], counts["total"]["miss_count"], [day["day"] for day in counts["days"]]) == (1, 1, [TODAY])
    assert api("DELETE /cache") == (200, {"generation": 1})
    assert api("POST /cache/warm", body={"requests": requests[:1]})[1]["requests"][0]["status"] == "new"


def test_warming_says_what_it_could_not_keep_and_what_was_left() -> None:
    impossible = Wanted("offline:echo", "x", output={"type": "object", "properties": {"n": {"const": 1, "type": "string"}}, "required": ["n"]})
    seconds = itertools.chain([20.0] * 4, itertools.repeat(1.0))
    with cloud():
        first, second = warm(ANN, [impossible, impossible], ttl_seconds=60, seconds_left=lambda: next(seconds))
    assert (first.status, first.error, second) == ("failed", "not-kept", Warmed("left"))


@pytest.mark.parametrize("body", [{"requests": []}, {"requests": [{"prompt": "x"}] * 21}, {"requests": [{"prompt": "x"}], "ttl_seconds": 0}, {}])
def test_it_refuses_to_warm_nothing_or_too_much(api: Api, body: dict[str, Any]) -> None:
    assert api("POST /cache/warm", body=body)[1]["code"] == "body-invalid"


def test_days_are_thirty_where_none_are_named(api: Api) -> None:
    found = api("GET /cache")[1]
    assert found["from"] == (datetime.now(UTC).date() - timedelta(days=29)).isoformat()
