"""The commands on costs, budgets and the cache against a scripted API."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import cache, screen
from cli.main import app
from tests.factories.fake_api import FakeApi, Refusal, serving_api

COST = {"cost": 1_500_000, "call_count": 2, "unpriced_count": 0, "input_tokens": 10, "output_tokens": 2, "cached_tokens": 0}
UNKNOWN = {**COST, "cost": 0, "unpriced_count": 2}
PARTLY = {**COST, "unpriced_count": 1}
DAYS = {
    "from": "2026-11-01",
    "to": "2026-11-02",
    "workflow_id": None,
    "total": PARTLY,
    "days": [{"day": "2026-11-01", **COST}, {"day": "2026-11-02", **UNKNOWN}],
}
NODES = {"run_id": "run_1", "total": COST, "nodes": [{"node": "write", "item_path": "rows:0", **COST}]}
BUDGET = {
    "workflow_id": "wf_1",
    "per_run": 2_500_000,
    "per_day": 5_000_000,
    "per_month": None,
    "unpriced": "refuse",
    "set_by": "ann",
    "used": {"day": {"limit": 5_000_000, "spent": 1_000_000, "reserved": 500_000}},
}
ORGANISATION = {**BUDGET, "workflow_id": None, "per_run": None, "used": {"day": {"limit": 5_000_000, "spent": 0, "reserved": 0}}}


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def test_it_shows_costs_by_day() -> None:
    with serving_api({"GET /api/v1/costs": DAYS}) as api:
        found = sluice("costs", "wf_1", "--from", "2026-11-01", "--to", "2026-11-02", api=api)
    assert found.exit_code == 0
    lines = [line.split() for line in found.stdout.splitlines()]
    assert [line[:3] for line in lines[1:]] == [["2026-11-01", "$1.5", "2"], ["2026-11-02", "unpriced", "2"], ["total", "$1.5", "+"]]
    assert api.asked[-1][0] == "GET /api/v1/costs?from=2026-11-01&to=2026-11-02&workflow_id=wf_1"


def test_it_shows_a_runs_costs_by_node() -> None:
    with serving_api({"GET /api/v1/costs": NODES}) as api:
        found = sluice("costs", "--run", "run_1", api=api)
        as_json = sluice("costs", "--run", "run_1", "--json", api=api)
    assert found.stdout.splitlines()[1].split()[:3] == ["write", "rows:0", "$1.5"]
    assert json.loads(as_json.stdout) == NODES


def test_it_shows_budgets() -> None:
    with serving_api({"GET /api/v1/budgets": {"budgets": [ORGANISATION, BUDGET]}, "GET /api/v1/budgets/workflows/wf_1": BUDGET}) as api:
        every, one = sluice("budgets", api=api), sluice("budgets", "wf_1", api=api)
    assert "the organisation" in every.stdout
    assert "$1 of $5, $0.5 held" in one.stdout
    assert "$2.5" in one.stdout


def test_it_shows_alerts() -> None:
    alert = {"id": "a", "scope": "organisation", "workflow_id": None, "period": "day", "of": "2026-11-27", "level": 80, "limit": 5_000_000}
    alerts = [{**alert, "spent": 4_000_000, "at": "2026-11-27T10:00:00.000Z"}, {**alert, "workflow_id": "wf_1", "spent": 4_500_000, "at": "x"}]
    with serving_api({"GET /api/v1/budgets/alerts": {"alerts": alerts, "cursor": None}}) as api:
        every = sluice("budgets", "--alerts", api=api)
        one = sluice("budgets", "wf_1", "--alerts", "--json", api=api)
    assert [line.split() for line in every.stdout.splitlines()[1:2]] == [
        ["2026-11-27T10:00:00.000Z", "the", "organisation", "2026-11-27", "80", "%", "$4", "$5"]
    ]
    assert json.loads(one.stdout) == {"alerts": alerts[1:]}


def test_it_sets_a_budget_exactly() -> None:
    with serving_api({"PUT /api/v1/budgets/workflows/wf_1": BUDGET, "PUT /api/v1/budgets/organisation": ORGANISATION}) as api:
        assert sluice("budgets", "wf_1", "--per-run", "2.5", "--per-day", "0.000001", api=api).exit_code == 0
        assert sluice("budgets", "--per-month", "100", "--unpriced", api=api).exit_code == 0
    assert [body for _, body, _ in api.asked] == [
        {"per_run": 2_500_000, "per_day": 1, "unpriced": "refuse"},
        {"per_month": 100_000_000, "unpriced": "allow"},
    ]


@pytest.mark.parametrize("amount", ["much", "-1", "0.0000001", "NaN"])
def test_it_refuses_what_is_no_amount(amount: str) -> None:
    with serving_api({}) as api:
        found = sluice("budgets", "--per-day", amount, api=api)
    assert (found.exit_code, api.asked) == (2, [])
    assert "no amount in dollars" in found.output


def test_it_removes_a_budget() -> None:
    with serving_api({"DELETE /api/v1/budgets/organisation": None}) as api:
        assert sluice("budgets", "--remove", api=api).stdout == "removed\n"


def warmed(*statuses: str, status: str = "done") -> dict[str, Any]:
    return {
        "id": "job_1",
        "status": status,
        "request_count": len(statuses),
        "done_count": 0 if status == "queued" else len(statuses),
        "requests": [
            {"status": each, "key": "", "cost": 10 if each == "new" else None, "error": "truncated" if each == "failed" else None}
            for each in statuses
        ],
    }


def requests_file(tmp_path: Path, count: int) -> str:
    path = tmp_path / "requests.yaml"
    path.write_text("".join(f"- {{model: fast, prompt: 'Question {number}'}}\n" for number in range(count)))
    return str(path)


def test_it_warms_batch_by_batch_and_sends_again_what_was_left(tmp_path: Path) -> None:
    answers = [warmed(*["new"] * 15, *["left"] * 5), warmed(*["there"] * 5), warmed("new", "new")]
    with serving_api({"POST /api/v1/cache/warm": answers}) as api:
        found = sluice("cache", "warm", requests_file(tmp_path, 22), "--ttl", "60", api=api)
    assert (found.exit_code, found.stdout) == (0, "17 new, 5 there; $0.00017\n")
    assert [len(body["requests"]) for body in api.bodies("POST /api/v1/cache/warm")] == [20, 5, 2]
    assert api.bodies("POST /api/v1/cache/warm")[0]["ttl_seconds"] == 60


def test_it_tells_what_could_not_be_warmed(tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    path.write_text('[{"prompt": "x"}, {"prompt": "y"}]')
    with serving_api({"POST /api/v1/cache/warm": [warmed("failed", "left"), warmed("left")]}) as api:
        found = sluice("cache", "warm", str(path), api=api)
    assert (found.exit_code, found.stdout) == (1, "1 failed, 1 left; $0\n  request 1: truncated\n")


def test_it_follows_a_job_and_hands_over_one_that_does_not_get_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_PATIENCE_SECONDS", 0.0)
    posted = [warmed("new", "new", status="queued"), warmed("new", "new", status="queued"), warmed("new", "new")]
    with serving_api({"POST /api/v1/cache/warm": posted, "GET /api/v1/cache/warm/job_1": warmed("new", "new", status="queued")}) as api:
        found = sluice("cache", "warm", requests_file(tmp_path, 2), api=api)
    assert (found.exit_code, found.stdout, "0 of 2 done" in found.stderr) == (0, "2 new; $0.00002\n", True)
    keys = {headers["idempotency-key"] for asked, _, headers in api.asked if asked.startswith("POST")}
    assert (len(api.bodies("POST /api/v1/cache/warm")), len(keys)) == (3, 1)


def test_it_looks_at_a_job_until_it_is_done(tmp_path: Path) -> None:
    looked = [warmed("new", "new", status="running"), warmed("new", "there")]
    with serving_api({"POST /api/v1/cache/warm": warmed("new", "new", status="queued"), "GET /api/v1/cache/warm/job_1": looked}) as api:
        found = sluice("cache", "warm", requests_file(tmp_path, 2), api=api)
    assert (found.exit_code, found.stdout) == (0, "1 new, 1 there; $0.00001\n")
    assert len(api.bodies("POST /api/v1/cache/warm")) == 1


@pytest.mark.parametrize("text", [None, "{broken", "{}", "[]"])
def test_it_refuses_a_file_that_is_no_list(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "requests.json"
    if text is not None:
        path.write_text(text)
    with serving_api({}) as api:
        assert sluice("cache", "warm", str(path), api=api).exit_code == 2


def test_it_shows_what_the_cache_saved_and_clears_it() -> None:
    counts = {"hit_count": 3, "miss_count": 1, "bypass_count": 0, "kept_count": 1, "saved": 2_000_000, "unpriced_count": 0}
    answers = {"GET /api/v1/cache": {"total": counts, "days": [{"day": "2026-11-01", **counts}]}, "DELETE /api/v1/cache": {"generation": 1}}
    with serving_api(answers) as api:
        found = sluice("cache", "stats", "--from", "2026-11-01", api=api)
        assert sluice("cache", "clear", api=api).stdout == "cleared\n"
    assert found.stdout.splitlines()[1].split() == ["2026-11-01", "3", "1", "0", "$2", "0"]


def test_it_tells_what_the_api_refuses() -> None:
    with serving_api({"GET /api/v1/budgets/workflows/wf_1": Refusal(404, "budget-not-found")}) as api:
        assert sluice("budgets", "wf_1", api=api).exit_code == 3


@pytest.mark.parametrize(
    ("cost", "unpriced", "shown"),
    [
        ({"least": 0, "most": 0}, [], "$0"),
        ({"least": 120, "most": None}, [], "$0.00012 to unbounded"),
        ({"least": 120, "most": 5_000}, ["vllm:qwen"], "$0.00012 to $0.005, unpriced: vllm:qwen"),
    ],
)
def test_it_shows_what_models_are_forecast_to_cost(cost: dict[str, int | None], unpriced: list[str], shown: str) -> None:
    assert screen.models_price({"cost_micro_dollars": cost, "unpriced": unpriced}) == shown
