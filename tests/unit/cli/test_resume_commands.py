"""Commands that run things once more, against a scripted API: what they ask, what they print, how they end."""

import json
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.cli_documents import RUN, event, run, version
from tests.factories.fake_api import FakeApi, Refusal, serving_api

PLAN: Final = f"POST /api/v1/workflows/runs/{RUN}/resume/plan"
RESUME: Final = f"POST /api/v1/workflows/runs/{RUN}/resume"
REPEAT: Final = f"POST /api/v1/workflows/runs/{RUN}/repeat"
TRY: Final = "POST /api/v1/workflows/wf_1/nodes/write/try"
EVENTS: Final = f"GET /api/v1/workflows/runs/{RUN}/events"
NODE: Final = {"node": "pay", "fate": "again", "why": "it is to run again", "effect": "money", "warning": "pay had begun"}
SHOWN: Final[dict[str, Any]] = {
    "run_id": RUN, "resume": 1, "version": 1, "status": "failed", "nodes": [NODE], "warnings": ["pay had begun"], "plan": "d" * 64,
}  # fmt: skip
FOLLOWED: Final[dict[str, Any]] = {
    "GET /api/v1/workflows/wf_1/versions/1": version(),
    "POST /api/v1/live/tickets": Refusal(503, "unavailable"),
    EVENTS: {"events": [event(1, "run_queued"), event(2, "run_succeeded")], "next_since": 2},
    f"GET /api/v1/workflows/runs/{RUN}": run("succeeded"),
}


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def test_it_shows_the_plan_alone() -> None:
    with serving_api({PLAN: SHOWN}) as api:
        found = sluice("resume", RUN, "--from", "pay", "--plan", api=api)
    assert (found.exit_code, api.bodies(PLAN), api.bodies(RESUME)) == (0, [{"from": "pay"}], [])
    assert all(word in found.stdout for word in ("pay", "again", "money", "it is to run again", "pay had begun"))


def test_it_resumes_by_the_plan_that_it_showed() -> None:
    with serving_api({PLAN: SHOWN, RESUME: run("queued")}) as api:
        given = ("-i", '{"a": 1}', "--set-output", 'pay={"n": 2}', "--version", "latest", "--reason", "mended")
        found = sluice("resume", RUN, *given, "--yes", api=api)
    wanted = {"input": {"a": 1}, "outputs": {"pay": {"n": 2}}, "version": "latest"}
    assert (found.exit_code, api.bodies(PLAN)) == (0, [wanted])
    assert api.bodies(RESUME) == [{**wanted, "plan": "d" * 64, "reason": "mended"}]
    assert "pay had begun" in found.output


def test_it_resumes_nothing_where_nobody_can_be_asked() -> None:
    with serving_api({PLAN: SHOWN}) as api:
        found = sluice("resume", RUN, api=api)
    assert (found.exit_code, api.bodies(RESUME), "--yes" in found.output) == (2, [], True)


@pytest.mark.parametrize("given", ["pay", "pay={"])
def test_it_takes_no_output_that_is_none(given: str) -> None:
    with serving_api({}) as api:
        assert sluice("resume", RUN, "--set-output", given, api=api).exit_code == 2
    assert api.asked == []


def test_it_tells_that_somebody_was_faster() -> None:
    with serving_api({PLAN: SHOWN, RESUME: Refusal(409, "run-open")}) as api:
        found = sluice("resume", RUN, "--yes", api=api)
    assert (found.exit_code, "run-open" in found.output) == (1, True)


def test_it_follows_what_it_has_resumed() -> None:
    with serving_api({**FOLLOWED, PLAN: SHOWN, RESUME: run("queued")}) as api:
        found = sluice("resume", RUN, "--yes", "--follow", "--version", "2", api=api)
    assert (found.exit_code, api.bodies(PLAN), "hello" in found.output) == (0, [{"version": 2}], True)


def test_it_repeats_a_run() -> None:
    with serving_api({REPEAT: run("queued")}) as api:
        found = sluice("repeat", RUN, "--key", "once", "--json", api=api)
    assert (found.exit_code, json.loads(found.stdout)["id"], api.bodies(REPEAT)) == (0, RUN, [{}])
    assert api.asked[0][2]["idempotency-key"] == "once"


def test_it_tries_a_node_and_shows_what_it_put_out() -> None:
    with serving_api({**FOLLOWED, TRY: run("queued")}) as api:
        found = sluice("try", "wf_1", "write", "--run", "run_0", "--version", "3", "--allow-effects", api=api)
    assert (found.exit_code, "hello" in found.output) == (0, True)
    assert api.bodies(TRY) == [{"run_id": "run_0", "version": 3, "allow_effects": True}]
