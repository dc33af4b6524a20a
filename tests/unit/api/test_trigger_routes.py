"""Routes of triggers: what comes in, what is shown, what is noted of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.spec.model import JsonObject
from chalicelib.store import acts, keys, table
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import Cloud, published
from tests.factories.credentials import bearer
from tests.factories.trigger_stories import trigger_cloud

SCHEDULE: JsonObject = {"cron": "0 7 * * 1-5", "timezone": "Europe/Berlin"}
ONE = "/api/v1/triggers/{trigger_id}"


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


def ask(method: str, resource: str, **request: Any) -> tuple[int, Any]:
    headers = {**bearer(), **request.pop("headers", {})}
    answer = app(rest_event(method, resource, headers=headers, **request), context())
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def added(**fields: Any) -> Any:
    given = {"name": "nightly", "input": {"city": "Bonn"}, "schedule": SCHEDULE, **fields}
    status, document = ask("POST", "/api/v1/workflows/{workflow_id}/triggers", path={"workflow_id": published().workflow_id}, body=given)
    assert status == 201, document
    return document


def test_it_adds_shows_changes_and_removes_a_trigger() -> None:
    made = added()
    path = {"trigger_id": made["id"]}
    assert (made["kind"], made["schedule"]["expression"], made["revision"]) == ("schedule", "cron(0 7 ? * MON,TUE,WED,THU,FRI *)", 1)
    shown = ask("GET", ONE, path=path)[1]
    assert (shown["fired_count"], shown["last_run_id"]) == (0, None)
    assert {"organisation_id", "handled_from", "webhook"} & shown.keys() == set()
    wanted = {"name": "nightly", "input": {"city": "Kiel"}, "schedule": {**SCHEDULE, "catch_up": "all"}}
    assert ask("PUT", ONE, path=path, body={**wanted, "revision": 7})[1]["code"] == "trigger-changed"
    assert ask("PUT", ONE, path=path, body=wanted)[1]["input"] == {"city": "Kiel"}
    assert ask("DELETE", ONE, path=path)[0] == 204
    assert ask("GET", ONE, path=path)[1]["code"] == "trigger-not-found"


def test_it_pauses_resumes_fires_and_tells_times_and_firings() -> None:
    path = {"trigger_id": added()["id"]}
    assert ask("POST", f"{ONE}/pause", path=path)[1]["enabled"] is False
    assert ask("POST", f"{ONE}/resume", path=path)[1]["paused_at"] is None
    fired = [ask("POST", f"{ONE}/fire", path=path, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [status for status, _ in fired] == [202, 202]
    assert fired[0][1]["run_id"] == fired[1][1]["run_id"]
    assert len(ask("GET", f"{ONE}/times", path=path, query={"count": "3"})[1]["times"]) == 3
    assert [each["run_id"] for each in ask("GET", f"{ONE}/firings", path=path)[1]["firings"]][-1] == fired[0][1]["run_id"]


def test_it_backfills_a_span_and_tells_its_times_first() -> None:
    path = {"trigger_id": added(schedule={"cron": "0 7 * * *"})["id"]}
    span = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T12:00:00+01:00"}
    status, dry = ask("POST", f"{ONE}/backfill", path=path, body={**span, "dry_run": True})
    assert (status, dry) == (200, {"times": ["2026-11-01T07:00:00.000Z", "2026-11-02T07:00:00.000Z"], "firings": []})
    status, done = ask("POST", f"{ONE}/backfill", path=path, body=span)
    assert (status, len({each["run_id"] for each in done["firings"]})) == (202, 2)


def test_it_lists_those_of_a_workflow_and_all() -> None:
    made = added()
    of_workflow = ask("GET", "/api/v1/workflows/{workflow_id}/triggers", path={"workflow_id": made["workflow_id"]})[1]["triggers"]
    assert [each["id"] for each in of_workflow] == [each["id"] for each in ask("GET", "/api/v1/triggers")[1]["triggers"]] == [made["id"]]


def test_it_says_which_part_of_a_trigger_is_wrong() -> None:
    path = {"workflow_id": published().workflow_id}
    given = {"name": "nightly", "input": {"city": "$body.city"}, "schedule": SCHEDULE}
    _, refused = ask("POST", "/api/v1/workflows/{workflow_id}/triggers", path=path, body=given)
    assert (refused["code"], list(refused["fields"])) == ("trigger-input-invalid", ["/city"])
    _, refused = ask("POST", "/api/v1/workflows/{workflow_id}/triggers", path=path, body={**given, "schedule": {"cron": "0 7 * * 8"}})
    assert refused["code"] == "schedule-invalid"
    _, refused = ask("POST", "/api/v1/workflows/{workflow_id}/triggers", path=path, body={**given, "schedule": {**SCHEDULE, "start_at": "soon"}})
    assert refused["code"] == "body-invalid"


def test_it_notes_who_changed_a_trigger() -> None:
    path = {"trigger_id": added()["id"]}
    ask("POST", f"{ONE}/pause", path=path)
    noted = [item for item in table.query_all(keys.act("org_local").pk) if item["noun"] == "trigger"]
    assert [(item["verb"], item["operation"], item["target"]) for item in noted] == [
        ("created", "triggers.create", path["trigger_id"]),
        ("changed", "triggers.pause", path["trigger_id"]),
    ]
    assert acts.actor() is None
