"""The commands on triggers against a scripted API."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.fake_api import FakeApi, Refusal, serving_api

SCHEDULE: dict[str, Any] = {
    "id": "trg_1",
    "workflow_id": "wf_1",
    "workflow_name": "hotel",
    "name": "nightly",
    "kind": "schedule",
    "enabled": True,
    "schedule": {"expression": "cron(0 7 ? * MON-FRI *)", "timezone": "Europe/Berlin"},
    "fired_count": 3,
    "last_at": "2026-11-27T06:00:00.000Z",
    "last_error": {"name": "InputInvalid", "message": "no city"},
}
HOOK = {**SCHEDULE, "name": "hook", "kind": "webhook", "webhook": {"scheme": "token", "path": "/api/v1/hooks/trg_1"}, "secret": "shown-once"}
EVENT = {**SCHEDULE, "name": "orders", "kind": "event", "event": {"pattern": {"source": ["shop"]}}, "enabled": False}
AFTER = {**SCHEDULE, "name": "then", "kind": "run_end", "run_end": {"workflow_id": "wf_2", "statuses": ["failed"]}}
FIRING = {"at": "2026-11-27T06:00:00.000Z", "run_id": "run_1", "error": None}
FAILED = {"at": "2026-11-26T06:00:00.000Z", "run_id": None, "error": {"name": "InputInvalid", "message": "no city"}}
ADD = "POST /api/v1/workflows/wf_1/triggers"
ONE = "/api/v1/triggers/trg_1"


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, ["triggers", *arguments, "--url", api.url])


@pytest.mark.parametrize(
    ("options", "source"),
    [
        (
            ["--cron", "0 7 * * 1-5", "--timezone", "Europe/Berlin"],
            {"schedule": {"cron": "0 7 * * 1-5", "timezone": "Europe/Berlin", "catch_up": "none"}},
        ),
        (["--rate", "5 minutes", "--catch-up", "all"], {"schedule": {"rate": "5 minutes", "timezone": "UTC", "catch_up": "all"}}),
        (["--webhook", "sha256"], {"webhook": {"scheme": "sha256"}}),
        (["--event", '{"source": ["shop"]}'], {"event": {"pattern": {"source": ["shop"]}}}),
        (["--after", "hotel", "--on", "failed", "--on", "timed_out"], {"run_end": {"workflow": "hotel", "statuses": ["failed", "timed_out"]}}),
        (["--after", "hotel"], {"run_end": {"workflow": "hotel", "statuses": ["succeeded"]}}),
    ],
)
def test_it_adds_a_trigger_of_each_kind(options: list[str], source: dict[str, Any]) -> None:
    with serving_api({ADD: SCHEDULE}) as api:
        found = sluice("add", "wf_1", "nightly", *options, "--input", '{"city": "Bonn"}', "--version", "2", "--paused", "--priority", "low", api=api)
    assert found.exit_code == 0, found.output
    sent = {"name": "nightly", "input": {"city": "Bonn"}, "enabled": False, "priority": "low", "version": 2, **source}
    assert api.bodies(ADD) == [sent]


def test_it_reads_input_from_a_file_and_shows_a_webhooks_secret(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"city": "$body.city"}')
    with serving_api({ADD: HOOK}) as api:
        found = sluice("add", "wf_1", "hook", "--webhook", "token", "--input", f"@{tmp_path / 'input.json'}", api=api)
    assert api.bodies(ADD)[0]["input"] == {"city": "$body.city"}
    assert "shown-once" in found.stdout
    assert "/api/v1/hooks/trg_1" in found.stdout


@pytest.mark.parametrize("options", [[], ["--cron", "x", "--rate", "y"], ["--event", "{"], ["--event", "@/nowhere"]])
def test_it_refuses_what_is_no_trigger_before_anybody_is_asked(options: list[str]) -> None:
    with serving_api({}) as api:
        found = sluice("add", "wf_1", "t", *options, api=api)
    assert (found.exit_code != 0, api.asked) == (True, [])


def test_it_lists_all_pages_or_those_of_a_workflow() -> None:
    pages = [{"triggers": [SCHEDULE, HOOK], "cursor": "c"}, {"triggers": [EVENT, AFTER], "cursor": None}]
    with serving_api({"GET /api/v1/triggers": pages, "GET /api/v1/workflows/wf_1/triggers": {"triggers": [AFTER]}}) as api:
        every, one = sluice("list", api=api), sluice("list", "wf_1", "--json", api=api)
    for told in (
        "cron(0 7 ? * MON-FRI *) Europe/Berlin",
        "webhook, token",
        'event {"source": ["shop"]}',
        "after wf_2: failed",
        "paused",
        "InputInvalid",
    ):
        assert told in every.stdout
    assert json.loads(one.stdout) == {"triggers": [AFTER]}


def test_it_lists_those_of_a_kind_and_those_that_are_paused() -> None:
    of_workflow = "GET /api/v1/workflows/wf_1/triggers"
    with serving_api({"GET /api/v1/triggers": {"triggers": [EVENT], "cursor": None}, of_workflow: {"triggers": [EVENT]}}) as api:
        sluice("list", "--kind", "event", "--paused", api=api)
        sluice("list", "wf_1", "--kind", "event", api=api)
    assert [asked for asked, _, _ in api.asked] == ["GET /api/v1/triggers?limit=200&kind=event&enabled=false", f"{of_workflow}?kind=event"]


def test_it_finds_a_trigger_by_workflow_and_name() -> None:
    answers = {"GET /api/v1/workflows/wf_1/triggers": {"triggers": [SCHEDULE]}, f"POST {ONE}/pause": SCHEDULE}
    with serving_api(answers) as api:
        assert sluice("pause", "wf_1/nightly", api=api).stdout == "paused\n"
        missing = sluice("pause", "wf_1/other", api=api)
    assert missing.exit_code != 0
    assert "has no trigger called other" in missing.output


def test_it_shows_a_trigger_with_its_firings() -> None:
    with serving_api({f"GET {ONE}": SCHEDULE, f"GET {ONE}/firings": {"firings": [FIRING, FAILED], "cursor": None}}) as api:
        found, as_json = sluice("show", "trg_1", api=api), sluice("show", "trg_1", "--json", api=api)
    assert "run_1" in found.stdout
    assert "InputInvalid: no city" in found.stdout
    assert json.loads(as_json.stdout)["firings"] == [FIRING, FAILED]


def test_it_tells_the_next_times_and_that_there_are_none() -> None:
    answers = {f"GET {ONE}": SCHEDULE, f"GET {ONE}/times": [{"times": ["2026-11-30T06:00:00.000Z"]}, {"times": []}]}
    with serving_api(answers) as api:
        assert sluice("next", "trg_1", "--count", "1", api=api).stdout == "2026-11-30T06:00:00.000Z\n"
        assert "never" in sluice("next", "trg_1", api=api).stdout


def test_it_backfills_after_a_dry_run() -> None:
    answers = {
        f"GET {ONE}": SCHEDULE,
        f"POST {ONE}/backfill": [{"times": [FIRING["at"]], "firings": []}, {"times": [FIRING["at"]], "firings": [FIRING]}],
    }
    span = ["--from", "2026-11-01T00:00:00Z", "--to", "2026-11-28T00:00:00Z"]
    with serving_api(answers) as api:
        dry, done = sluice("backfill", "trg_1", *span, "--dry-run", api=api), sluice("backfill", "trg_1", *span, api=api)
    assert str(FIRING["at"]) in dry.stdout
    assert "run_1" in done.stdout
    assert [body["dry_run"] for body in api.bodies(f"POST {ONE}/backfill")] == [True, False]


def test_it_fires_resumes_rotates_and_removes() -> None:
    answers = {
        f"GET {ONE}": HOOK,
        f"POST {ONE}/fire": [FIRING, FAILED],
        f"POST {ONE}/resume": SCHEDULE,
        f"POST {ONE}/rotate": HOOK,
        f"DELETE {ONE}": None,
    }
    with serving_api(answers) as api:
        assert sluice("fire", "trg_1", "--key", "k", api=api).stdout == "fired run_1\n"
        assert sluice("fire", "trg_1", api=api).stdout == "InputInvalid: no city\n"
        assert sluice("resume", "trg_1", api=api).stdout == "resumed\n"
        assert "shown-once" in sluice("rotate", "trg_1", "--overlap", "60", api=api).stdout
        assert sluice("remove", "trg_1", api=api).stdout == "removed\n"
    assert api.bodies(f"POST {ONE}/rotate") == [{"overlap_seconds": 60}]


def test_it_ends_with_the_apis_refusal() -> None:
    with serving_api({ADD: Refusal(422, "schedule-invalid")}) as api:
        found = sluice("add", "wf_1", "t", "--cron", "x", api=api)
    assert found.exit_code != 0
    assert "schedule-invalid" in found.output
