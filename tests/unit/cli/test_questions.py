"""`sluice runs` with questions, and `sluice compare`, against a scripted API."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from typer.testing import CliRunner, Result

from cli.client import Problem
from cli.main import app
from cli.questions import moment, pairs
from tests.factories.cli_documents import run
from tests.factories.fake_api import FakeApi, serving_api

RUNS = "GET /api/v1/workflows/runs"
COMPARE = "GET /api/v1/workflows/runs/run_1/compare"
SAME: dict[str, Any] = {"found": [], "is_cut": False}
CHANGED = {"found": [{"path": "/status", "kind": "changed", "before": "200", "after": "500"}], "is_cut": True}
NODE = {
    "node": "search",
    "item_path": "",
    "status": ["succeeded", "succeeded"],
    "seconds": [1.2, None],
    "attempt_count": [1, 2],
    "cost": [5, 5],
    "error": [None, None],
    "input": SAME,
    "output": CHANGED,
}
COMPARISON = {
    "runs": [run("succeeded"), run("failed", id="run_2", error={"name": "ToolFailed"}, usage={"cost": 7})],
    "spec": {"found": [{"path": "/title", "kind": "added", "before": None, "after": '"x"'}], "is_cut": False},
    "input": SAME,
    "output": {"found": [{"path": "", "kind": "removed", "before": "1", "after": None}], "is_cut": False},
    "nodes": [NODE, {**NODE, "node": "book", "item_path": "rows:0", "output": SAME}],
    "is_cut": True,
}


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def test_it_asks_for_runs_that_fit() -> None:
    with serving_api({RUNS: {"runs": [run("failed")], "cursor": "next"}, "GET /api/v1/workflows": {"workflows": [{"id": "wf_1"}]}}) as api:
        words = ["--workflow", "greet", "--status", "failed", "--version", "2", "--label", "team=a&b", "--where", "amount=12", "--where", "c.id=x=y"]
        more = ["--error", "ToolFailed", "--since", "2026-11-27T00:00:00+00:00", "--cursor", "c"]
        found = sluice("runs", *words, *more, api=api)
        assert found.exit_code == 0, found.output
        assert "--cursor next" in found.stdout
        asked = dict(parse_qsl(urlsplit(api.asked[-1][0].partition(" ")[2]).query))
    assert {name: asked[name] for name in ("workflow_id", "status", "version", "label", "where", "error", "cursor")} == {
        "workflow_id": "wf_1",
        "status": "failed",
        "version": "2",
        "label": "team=a%26b",
        "where": "amount=12&c.id=x%3Dy",
        "error": "ToolFailed",
        "cursor": "c",
    }
    assert asked["since"] == "2026-11-27T00:00:00+00:00"


def test_it_shows_two_runs_beside_each_other() -> None:
    with serving_api({COMPARE: COMPARISON}) as api:
        found = sluice("compare", "run_1", "run_2", api=api)
        assert found.exit_code == 0, found.output
        for text in (
            "run_2",
            "ToolFailed",
            "1.2 s → –",
            "1 → 2",
            "1+ differ",
            "same",
            "+ /title",
            "- /",
            "~ /status",
            "200 → 500",
            "book [rows:0]",
            "more nodes",
        ):
            assert text in found.stdout
        assert json.loads(sluice("compare", "run_1", "run_2", "--json", api=api).stdout) == COMPARISON


def test_it_reads_times_as_people_write_them() -> None:
    ago = datetime.fromisoformat(str(moment("24h")))
    assert timedelta(hours=23, minutes=59) < datetime.now(UTC) - ago < timedelta(hours=24, minutes=1)
    assert moment("2026-11-27T10:00:00+01:00") == "2026-11-27T09:00:00+00:00"
    assert (moment(None), pairs(None)) == (None, None)


@pytest.mark.parametrize("given", ["yesterday", "5 h", "2026-13-01"])
def test_it_refuses_what_is_no_time(given: str) -> None:
    with pytest.raises(Problem, match="no time"):
        moment(given)


@pytest.mark.parametrize("given", ["amount", "=12"])
def test_it_refuses_what_is_no_pair(given: str) -> None:
    with pytest.raises(Problem, match="no name=value"):
        pairs([given])
