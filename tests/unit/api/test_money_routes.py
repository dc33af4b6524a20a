"""Routes of costs, budgets and the cache, from their events to their answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.access.budgets import reserve
from chalicelib.clock import now_text
from chalicelib.runs.sweep import sweep
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, table, warm_jobs
from chalicelib.store.ledger import CallEntry
from chalicelib.workers.errands import handle
from chalicelib.workers.warm_cache import Wanted, Warmed, warm
from tests.factories.cloud import ANN, cloud, published
from tests.factories.run_stories import started_run
from tests.unit.api.test_routes import Api

ORG = "org_local"


@pytest.fixture
def api() -> Iterator[Api]:
    with cloud() as aws:
        yield Api(aws)


def spent(key: str, cost: int | None = 100, **more: Any) -> None:
    ledger.record(ORG, CallEntry(**{"call_key": key, "at": now_text(), "provider": "p", "model": "m", "cost": cost, **more}))


def test_it_tells_costs_by_day(api: Api) -> None:
    today = datetime.now(UTC).date().isoformat()
    spent("a")
    spent("b", None)
    spent("c", 7, at="2026-01-05T00:00:00.000Z")
    status, found = api("GET /costs")
    sums = {"cost": 100, "call_count": 2, "unpriced_count": 1, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}
    assert (status, found["total"], found["days"], found["to"]) == (200, sums, [{"day": today, **sums}], today)
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


@pytest.fixture
def handed_over(api: Api) -> list[Any]:
    """What went to the function for errands."""
    found: list[Any] = []
    api.aws.hear_bodies("lambda:Invoke", found.append)
    return found


def done(errand: Any, *, seconds: float = 60.0) -> Any:
    return handle(errand, lambda: seconds)


WANTED = [
    {"model": "offline:echo", "prompt": "Say hello."},
    {"model": "nothing", "prompt": "x"},
    {"prompt": "Say hello.", "model": "offline:echo"},
]


def warm_job(api: Api, requests: Any = WANTED, **more: Any) -> tuple[int, Any]:
    return api("POST /cache/warm", body={"requests": requests}, **more)


def job(api: Api, job_id: str) -> Any:
    return api("GET /cache/warm/{job_id}", path={"job_id": job_id})[1]


def test_it_hands_a_job_over_and_tells_what_became_of_it(api: Api, handed_over: list[Any]) -> None:
    today = datetime.now(UTC).date().isoformat()
    status, made = warm_job(api)
    assert (status, made["status"], made["request_count"], made["done_count"], made["requests"]) == (202, "queued", 3, 0, [])
    assert not {"lease_owner", "digest", "organisation_id"} & made.keys()
    assert handed_over == [{"errand": "warm_cache", "organisation_id": ORG, "job_id": made["id"]}]
    assert done(handed_over[0]) == {"result": 3}
    found = job(api, made["id"])
    assert (found["status"], found["done_count"], found["cost"], found["unpriced_count"]) == ("done", 3, 0, 0)
    assert [(each["status"], each["cost"], each["error"]) for each in found["requests"]] == [
        ("new", 0, None),
        ("failed", None, "model-request-invalid"),
        ("there", None, None),
    ]
    assert ledger.costs_by_day(ORG, today, today)[today].call_count == 1
    counts = api("GET /cache")[1]
    assert (counts["total"]["hit_count"], counts["total"]["miss_count"], [day["day"] for day in counts["days"]]) == (1, 1, [today])
    assert api("DELETE /cache") == (200, {"generation": 1})


def test_a_job_that_is_delivered_twice_is_done_once(api: Api, handed_over: list[Any]) -> None:
    today = datetime.now(UTC).date().isoformat()
    made = warm_job(api)[1]
    assert [done(handed_over[0]) for _ in range(2)] == [{"result": 3}, {"result": 0}]
    assert ledger.costs_by_day(ORG, today, today)[today].call_count == 1
    assert job(api, made["id"])["done_count"] == 3


def test_two_who_are_at_one_job_at_once_do_it_once(api: Api, handed_over: list[Any]) -> None:
    made = warm_job(api)[1]
    taken = warm_jobs.take(ORG, made["id"], "first")
    assert taken is not None
    assert done(handed_over[0]) == {"result": 0}
    assert job(api, made["id"])["status"] == "running"
    assert not warm_jobs.put_results(taken, "second", [{"status": "new"}])


def test_a_job_whose_worker_died_goes_on_behind_its_last_result(api: Api, handed_over: list[Any]) -> None:
    made = warm_job(api, headers={"Idempotency-Key": "k"})[1]
    taken = warm_jobs.take(ORG, made["id"], "dies")
    assert taken is not None
    assert warm_jobs.put_results(taken, "dies", [{"status": "new", "cost": 5, "key": "", "error": None}])
    table.write(table.assign(keys.warm_job(ORG, made["id"]), {"lease_until": 1}))
    assert warm_job(api, headers={"Idempotency-Key": "k"})[1]["done_count"] == 1
    assert len(handed_over) == 2
    assert done(handed_over[1]) == {"result": 2}
    assert [each["status"] for each in job(api, made["id"])["requests"]] == ["new", "failed", "new"]
    assert not warm_jobs.put_results(taken, "dies", [])


def test_one_key_is_one_job(api: Api, handed_over: list[Any]) -> None:
    first, second = (warm_job(api, headers={"Idempotency-Key": "k"})[1] for _ in range(2))
    assert (first["id"], len(handed_over)) == (second["id"], 2)
    done(handed_over[0])
    assert warm_job(api, headers={"Idempotency-Key": "k"})[1]["status"] == "done"
    assert len(handed_over) == 2
    assert warm_job(api, WANTED[:1], headers={"Idempotency-Key": "k"})[1]["code"] == "key-reused"
    assert warm_job(api)[1]["id"] != first["id"]


def test_a_job_that_nobody_takes_is_kept(api: Api) -> None:
    api.aws.refuse("lambda:Invoke", "ServiceException", status=500, times=9)
    status, problem = warm_job(api, headers={"Idempotency-Key": "k"})
    assert (status, problem["code"]) == (503, "unavailable")
    assert api("GET /cache/warm/{job_id}", path={"job_id": "job_0"})[1]["code"] == "job-not-found"


def test_what_the_time_does_not_suffice_for_is_left(api: Api, handed_over: list[Any]) -> None:
    made = warm_job(api)[1]
    assert done(handed_over[0], seconds=11.0) == {"result": 3}
    assert {each["status"] for each in job(api, made["id"])["requests"]} == {"left"}


def test_warming_says_what_it_could_not_keep() -> None:
    impossible = Wanted("offline:echo", "x", output={"type": "object", "properties": {"n": {"const": 1, "type": "string"}}, "required": ["n"]})
    with cloud():
        found = warm(ANN, impossible, ttl_seconds=60, seconds=20.0)
        assert (found.status, found.error) == ("failed", "not-kept")
        assert warm(ANN, impossible, ttl_seconds=60, seconds=1.0) == Warmed("left")


@pytest.mark.parametrize("body", [{"requests": []}, {"requests": [{"prompt": "x"}] * 21}, {"requests": [{"prompt": "x"}], "ttl_seconds": 0}, {}])
def test_it_refuses_to_warm_nothing_or_too_much(api: Api, body: dict[str, Any]) -> None:
    assert api("POST /cache/warm", body=body)[1]["code"] == "body-invalid"


def test_days_are_thirty_where_none_are_named(api: Api) -> None:
    found = api("GET /cache")[1]
    assert found["from"] == (datetime.now(UTC).date() - timedelta(days=29)).isoformat()
