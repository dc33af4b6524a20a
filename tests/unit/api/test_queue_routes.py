"""Routes of the queue, from their events to their answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.store import keys, table
from tests.factories.cloud import cloud, published
from tests.factories.queues import version_of
from tests.unit.api.test_routes import Api, started


@pytest.fixture
def api() -> Iterator[Api]:
    with cloud(SLUICE_MAX_RUNNING_OF_ORGANISATION="1") as aws:
        yield Api(aws)


def test_it_tells_the_place_of_a_run_that_waits_as_it_starts_and_later(api: Api) -> None:
    version = published()
    assert started(api, version)["queue"] is None
    waiting = started(api, version, priority="low", start_within_seconds=600)
    expected = {"position": 1, "waiting_count": 1, "estimated_start_at": None, "is_paused": False}
    assert (waiting["status"], waiting["slot"], waiting["priority"], waiting["queue"]) == ("queued", "waiting", "low", expected)
    found = api("GET /workflows/runs/{run_id}", path={"run_id": waiting["id"]})[1]
    assert (found["queue"], found["start_by_at"]) == (expected, waiting["start_by_at"])
    assert "capped" not in found


def test_it_tells_the_place_of_a_run_that_is_repeated(api: Api) -> None:
    version = published()
    first = started(api, version)
    status, again = api("POST /workflows/runs/{run_id}/repeat", path={"run_id": first["id"]}, body={})
    assert (status, again["slot"], again["queue"]["position"]) == (202, "waiting", 1)


def test_it_refuses_a_priority_that_there_is_not(api: Api) -> None:
    path = {"workflow_id": published().workflow_id}
    status, problem = api("POST /workflows/{workflow_id}/run", path=path, body={"input": {"city": "Bonn"}, "priority": "urgent"})
    assert (status, problem["errors"][0]["field"]) == (400, "priority")


def test_it_shows_sets_and_empties_a_queue(api: Api) -> None:
    one: dict[str, Any] = {"path": {"workflow_id": version_of("one").workflow_id}}
    for _ in range(3):
        api("POST /workflows/{workflow_id}/run", body={}, **one)
    found = {"workflow_id": one["path"]["workflow_id"], "workflow_name": "one", "limit": None, "is_paused": False, "running_count": 1}
    shown = {**found, "waiting": {"high": 0, "normal": 2, "low": 0}, "waiting_count": 2}
    assert api("GET /workflows/{workflow_id}/queue", **one) == (200, shown)
    assert api("GET /queue") == (200, {"limit": 1, "running_count": 1, "waiting_count": 2, "workflows": [shown]})
    status, changed = api("PUT /workflows/{workflow_id}/queue", body={"limit": 4, "is_paused": True}, **one)
    assert (status, changed) == (200, {**shown, "limit": 4, "is_paused": True})
    status, left = api("POST /workflows/{workflow_id}/queue/empty", body={}, **one)
    assert (status, left["cancelled_count"], left["waiting_count"], left["running_count"]) == (200, 2, 0, 1)


def test_it_notes_in_the_audit_who_set_a_queue(api: Api) -> None:
    workflow_id = version_of("one").workflow_id
    api("PUT /workflows/{workflow_id}/queue", path={"workflow_id": workflow_id}, body={"limit": 4}, person="bob")
    api("GET /queue")
    (act,) = table.query_all(keys.act("org_local").pk)
    assert (act["by"], act["noun"], act["target"], act["after"]) == (
        "bob",
        "queue",
        f"WORKFLOW#{workflow_id}",
        '{"limit":4,"workflow_id":"' + workflow_id + '"}',
    )


def test_it_knows_no_queue_of_no_workflow(api: Api) -> None:
    for method in ("GET", "PUT"):
        status, problem = api(f"{method} /workflows/{{workflow_id}}/queue", path={"workflow_id": "wf_none"}, body={})
        assert (status, problem["code"]) == (404, "workflow-not-found")
