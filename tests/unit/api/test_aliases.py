"""Other names of routes do what the first names do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.api.contract import contracts
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import SPEC, cloud, published
from tests.factories.credentials import bearer

NAMES = {
    "POST /api/v1/workflows/visual/create": "POST /api/v1/workflows",
    "POST /api/v1/workflows/{workflow_id}/execute": "POST /api/v1/workflows/{workflow_id}/run",
    "GET /api/v1/workflows/{workflow_id}/executions": "GET /api/v1/workflows/runs",
    "GET /api/v1/workflows/executions/{run_id}": "GET /api/v1/workflows/runs/{run_id}",
    "POST /api/v1/workflows/protected/create": "POST /api/v1/workflows",
    "GET /api/v1/workflows/protected": "GET /api/v1/workflows",
    "GET /api/v1/workflows/protected/{workflow_id}": "GET /api/v1/workflows/{workflow_id}",
    "PUT /api/v1/workflows/protected/{workflow_id}": "PUT /api/v1/workflows/{workflow_id}",
    "DELETE /api/v1/workflows/protected/{workflow_id}": "DELETE /api/v1/workflows/{workflow_id}",
    "POST /api/v1/workflows/protected/{workflow_id}/execute": "POST /api/v1/workflows/{workflow_id}/run",
    "GET /api/v1/workflows/protected/{workflow_id}/executions": "GET /api/v1/workflows/runs",
}


def ask(route: str, body: object = None, *, path: dict[str, str] | None = None, key: str = "", match: str = "") -> tuple[int, Any]:
    method, _, resource = route.partition(" ")
    headers = {**bearer("ann"), "Host": "api.test", "Idempotency-Key": key, "If-Match": match}
    answer = app(rest_event(method, resource, path=path, body=body, headers=headers), context())
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


def test_it_has_these_other_names_and_each_promises_what_the_first_does() -> None:
    by_route = {contract.route: contract for contract in contracts(app.routes)}
    assert {route: contract.named for route, contract in by_route.items() if contract.alias_of is not None} == NAMES
    for alias, first in ((by_route[alias], by_route[first]) for alias, first in NAMES.items()):
        assert (alias.scope, alias.body, alias.replay, alias.matched) == (first.scope, first.body, first.replay, first.matched)


@pytest.mark.parametrize("alias", ["visual/create", "protected/create"])
def test_it_creates_and_finds_a_workflow(alias: str) -> None:
    status, made = ask(f"POST /api/v1/workflows/{alias}", {"spec": SPEC})
    assert status == 201
    one = {"workflow_id": made["id"]}
    assert [each["id"] for each in ask("GET /api/v1/workflows/protected")[1]["workflows"]] == [made["id"]]
    draft = ask("GET /api/v1/workflows/protected/{workflow_id}", path=one)[1]["draft"]
    assert draft["revision"] == 1
    changed = {"spec": {**SPEC, "title": "Another"}}
    assert ask("PUT /api/v1/workflows/protected/{workflow_id}", changed, path=one)[1]["code"] == "match-required"
    assert ask("PUT /api/v1/workflows/protected/{workflow_id}", changed, path=one, match=draft["etag"])[1]["revision"] == 2
    assert ask("DELETE /api/v1/workflows/protected/{workflow_id}", path=one)[0] == 204


@pytest.mark.parametrize("alias", ["", "protected/"])
def test_it_starts_a_run_and_lists_those_of_one_workflow(alias: str) -> None:
    one, other = ({"workflow_id": published({**SPEC, "name": name}).workflow_id} for name in ("hotel", "motel"))
    status, run = ask(f"POST /api/v1/workflows/{alias}{{workflow_id}}/execute", {"input": {"city": "Rome"}}, path=one)
    ask("POST /api/v1/workflows/{workflow_id}/run", {"input": {"city": "Rome"}}, path=other)
    assert status == 202
    assert [each["id"] for each in ask(f"GET /api/v1/workflows/{alias}{{workflow_id}}/executions", path=one)[1]["runs"]] == [run["id"]]
    assert ask("GET /api/v1/workflows/executions/{run_id}", path={"run_id": run["id"]})[1]["input"] == {"city": "Rome", "max_price": 200}


def test_it_carries_a_request_out_once_under_either_name() -> None:
    first = ask("POST /api/v1/workflows", {"spec": SPEC}, key="k")
    assert ask("POST /api/v1/workflows/visual/create", {"spec": SPEC}, key="k") == first
