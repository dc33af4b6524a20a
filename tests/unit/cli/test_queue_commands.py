"""The command on the queue, and runs that wait, against a scripted API."""

from typing import Any

from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.fake_api import FakeApi, serving_api

QUEUE: dict[str, Any] = {
    "workflow_id": "wf_1",
    "workflow_name": "greet",
    "limit": 3,
    "is_paused": False,
    "running_count": 3,
    "waiting": {"high": 1, "normal": 20, "low": 0},
    "waiting_count": 21,
}
WHOLE = {"limit": 1000, "running_count": 3, "waiting_count": 21, "workflows": [QUEUE]}
PLACE = {"position": 2, "waiting_count": 21, "estimated_start_at": "2026-11-27T12:00:00.000Z", "is_paused": False}
PATH = "/api/v1/workflows/wf_1/queue"


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def test_it_shows_who_runs_and_who_waits() -> None:
    with serving_api({"GET /api/v1/queue": WHOLE}) as api:
        found = sluice("queue", api=api)
    lines = found.stdout.splitlines()
    assert lines[0] == "3 of 1000 running, 21 waiting"
    assert lines[2].split() == ["greet", "3", "3", "1", "20", "0"]


def test_it_changes_what_is_named_and_leaves_the_rest() -> None:
    with serving_api({f"GET {PATH}": QUEUE, f"PUT {PATH}": {**QUEUE, "is_paused": True}}) as api:
        found = sluice("queue", "wf_1", "--pause", api=api)
        sluice("queue", "wf_1", "--limit", "0", api=api)
    bodies = [body for asked, body, *_ in api.asked if asked.startswith("PUT")]
    assert bodies == [{"limit": 3, "is_paused": True}, {"limit": None, "is_paused": False}]
    assert "paused, draining" in found.stdout


def test_it_empties_until_nobody_is_left() -> None:
    left = {**QUEUE, "waiting": {"high": 0, "normal": 0, "low": 0}, "waiting_count": 0, "cancelled_count": 21}
    with serving_api({f"GET {PATH}": QUEUE, f"POST {PATH}/empty": left}) as api:
        assert sluice("queue", "wf_1", "--empty", api=api).exit_code == 0
    assert [asked for asked, *_ in api.asked if asked.startswith("POST")] == [f"POST {PATH}/empty"]


def test_it_wants_a_workflow_to_change() -> None:
    with serving_api({}) as api:
        found = sluice("queue", "--pause", api=api)
    assert found.exit_code != 0
    assert "need a workflow" in found.stderr


def test_it_says_at_which_place_a_started_run_waits() -> None:
    with serving_api({"POST /api/v1/workflows/wf_1/run": {"id": "run_1", "queue": PLACE}}) as api:
        found = sluice("run", "wf_1", "--priority", "high", "--start-within", "60", api=api)
    assert "waits run_1, 2 of 21 in line, until about 2026-11-27T12:00:00.000Z" in found.stdout.replace("\n", " ")
    (body,) = [body for asked, body, *_ in api.asked if asked.startswith("POST")]
    assert body == {"input": {}, "priority": "high", "start_within_seconds": 60}


def test_it_says_at_which_place_a_repeated_run_waits() -> None:
    with serving_api({"POST /api/v1/workflows/runs/run_0/repeat": {"id": "run_1", "queue": PLACE}}) as api:
        found = sluice("repeat", "run_0", api=api)
    assert "waits run_1, 2 of 21 in line" in found.stdout.replace("\n", " ")
