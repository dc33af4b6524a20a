"""Every route, from its event to its answer, over the emulator's table."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from app import app
from chalicelib.conversations.message import Outgoing, ask
from chalicelib.gates.open import Question, open_gate
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.runs.task_hooks import PATH
from chalicelib.store.clients import client
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.workflow_records import Version
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import SPEC, Cloud, cloud, published
from tests.factories.credentials import bearer

TEXT = "sluice: 1\nname: hello\ntitle: Hello\nnodes:\n  greet: {type: transform, value: hi}\noutput: {said: $greet}\n"
CHOICES = (GateChoice(choice="approve"), GateChoice(choice="reject", approves=False))


class Api:
    """Calls the app as API Gateway does."""

    def __init__(self, aws: Cloud) -> None:
        self.aws = aws

    def __call__(self, request: str, *, person: str = "ann", **more: Any) -> tuple[int, Any]:
        method, _, resource = request.partition(" ")
        headers = {**bearer(person), **more.pop("headers", {})}
        response = app(rest_event(method, f"/api/v1{resource}", headers=headers, **more), context())
        assert not self.token_in(response["body"])
        if not response["body"] or response["headers"]["Content-Type"].startswith("text/"):
            return response["statusCode"], response["body"]
        return response["statusCode"], json.loads(response["body"])

    @staticmethod
    def token_in(body: str) -> bool:
        return "task-token" in body


@pytest.fixture
def api() -> Iterator[Api]:
    with cloud() as aws:
        yield Api(aws)


def started(api: Api, version: Version, **body: Any) -> dict[str, Any]:
    status, run = api("POST /workflows/{workflow_id}/run", path={"workflow_id": version.workflow_id}, body={"input": {"city": "Bonn"}, **body})
    assert status == 202, run
    found: dict[str, Any] = run
    return found


def attempt(run: dict[str, Any], node: str) -> NodeAttempt:
    return NodeAttempt(organisation_id="org_local", run_id=run["id"], node=node)


def test_it_tells_what_is_wrong_with_a_spec_and_keeps_nothing(api: Api) -> None:
    status, document = api("POST /workflows/validate", body={"text": TEXT.replace("$greet", "$greeet")})
    assert (status, document["valid"], document["digest"]) == (200, False, None)
    assert document["diagnostics"][0]["line"] == 6
    assert api("GET /workflows")[1] == {"workflows": [], "cursor": None}


def test_it_plans_a_spec_that_is_right(api: Api) -> None:
    status, document = api("POST /workflows/validate", body={"text": TEXT})
    assert (status, document["valid"], document["diagnostics"]) == (200, True, [])
    assert "greet" in document["plan"]


def test_it_creates_shows_saves_and_deletes_a_workflow(api: Api) -> None:
    status, made = api("POST /workflows", body={"text": TEXT})
    assert (status, made["name"], made["latest_version"]) == (201, "hello", 0)
    assert not {"organisation_id", "schema_version", "reserved_version", "deleted_at"} & set(made)
    one: dict[str, Any] = {"path": {"workflow_id": made["id"]}}
    assert api("GET /workflows/{workflow_id}", **one)[1]["draft"]["text"] == TEXT
    read = api("GET /workflows/{workflow_id}/draft", **one)[1]["etag"]
    status, draft = api("PUT /workflows/{workflow_id}", body={"spec": {"name": "hello"}}, headers={"If-Match": read}, **one)
    assert (status, json.loads(draft["text"]), draft["saved_by"]) == (200, {"name": "hello"}, "ann")
    status, problem = api("PUT /workflows/{workflow_id}/draft", body={"text": "x"}, headers={"If-Match": read}, **one)
    assert (status, problem["code"], problem["current"]["saved_by"], problem["current"]["etag"]) == (412, "draft-changed", "ann", draft["etag"])
    assert problem["change"]
    status, problem = api("PUT /workflows/{workflow_id}/draft", body={"text": "x"}, **one)
    assert (status, problem["code"]) == (428, "match-required")
    assert [listed["person"] for listed in api("GET /workflows/{workflow_id}/drafts", **one)[1]["drafts"]] == ["ann"]
    assert api("DELETE /workflows/{workflow_id}/draft", headers={"If-Match": draft["etag"]}, **one)[0] == 204
    assert api("GET /workflows/{workflow_id}/draft", **one)[1]["revision"] == 0
    assert api("GET /workflows/{workflow_id}/draft", query={"person": "cleo"}, **one)[1]["code"] == "draft-not-found"
    assert api("DELETE /workflows/{workflow_id}", **one)[0] == 204
    assert api("GET /workflows/{workflow_id}", **one)[1]["code"] == "workflow-not-found"


def test_it_lists_workflows_page_by_page_or_by_name(api: Api) -> None:
    for name in ("one", "three", "two"):
        api("POST /workflows", body={"text": TEXT, "name": name})
    first = api("GET /workflows", query={"limit": "2"})[1]
    rest = api("GET /workflows", query={"limit": "2", "cursor": first["cursor"]})[1]
    assert [one["name"] for one in first["workflows"] + rest["workflows"]] == ["one", "three", "two"]
    assert rest["cursor"] is None
    assert [one["name"] for one in api("GET /workflows", query={"name": "two"})[1]["workflows"]] == ["two"]
    assert api("GET /workflows", query={"name": "four"})[1]["workflows"] == []
    assert api("POST /workflows", body={"text": TEXT, "name": "two"})[1]["code"] == "workflow-name-taken"
    assert api("GET /workflows", query={"cursor": "forged"})[1]["code"] == "cursor-invalid"


@contextmanager
def compiler_function(answer: object) -> Iterator[list[Any]]:
    """A compiler function that answers what a test says; gives what it was asked."""
    asked: list[Any] = []

    def invoked(params: Any, **_: Any) -> Any:
        asked.append(json.loads(params["body"]))
        return AWSResponse("", 200, HTTPHeaders(), None), {
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }

    events = client("lambda").meta.events
    events.register_first("before-call.lambda.Invoke", invoked)
    try:
        yield asked
    finally:
        events.unregister("before-call.lambda.Invoke", invoked)


def test_it_publishes_by_way_of_the_compiler_function(api: Api) -> None:
    version = published()
    with compiler_function({"version_id": version.id}) as asked:
        status, made = api("POST /workflows/{workflow_id}/versions", path={"workflow_id": version.workflow_id}, body={"text": TEXT})
    assert (status, made["id"], made["number"], made["is_new"], made["impact"]["in_flight_count"]) == (201, version.id, 1, True, 0)
    assert (asked[0]["text"], asked[0]["person"], asked[0]["roles"]) == (TEXT, "ann", ["admin", "approver"])


def test_it_says_that_nothing_new_was_published(api: Api) -> None:
    version = published()
    with compiler_function({"version_id": version.id, "is_new": False}) as asked:
        body = {"note": "again", "labels": {"a": "b"}, "base_version": 1}
        status, made = api("POST /workflows/{workflow_id}/versions", path={"workflow_id": version.workflow_id}, body=body)
    assert (status, made["is_new"]) == (200, False)
    assert (asked[0]["note"], asked[0]["labels"], asked[0]["base_version"]) == ("again", {"a": "b"}, 1)


def test_it_shows_what_publishing_would_do(api: Api) -> None:
    made = api("POST /workflows", body={"text": TEXT})[1]
    status, seen = api("POST /workflows/{workflow_id}/versions", path={"workflow_id": made["id"]}, query={"dry_run": "true"})
    assert (status, seen["is_new"], seen["diff"], seen["impact"]["versions"]) == (200, True, None, [])
    assert seen["forecast"]["transitions"]
    assert api("GET /workflows/{workflow_id}/versions", path={"workflow_id": made["id"]})[1] == {"versions": [], "cursor": None}


def test_it_compares_counts_and_goes_back(api: Api) -> None:
    version = published()
    one: dict[str, Any] = {"path": {"workflow_id": version.workflow_id}}
    started(api, version)
    published({**SPEC, "title": "Another title"})
    status, found = api("GET /workflows/{workflow_id}/diff", query={"from": "1", "to": "2"}, **one)
    assert (status, found["from"], found["to"], found["summary"]) == (200, "1", "2", ["text changed: title"])
    assert found["text"].startswith("~ title:")
    assert api("GET /workflows/{workflow_id}/diff", query={"to": "2"}, **one)[1]["from"] == "1"
    assert api("GET /workflows/{workflow_id}/diff", query={"to": "newest"}, **one)[1]["code"] == "query-invalid"
    assert api("GET /workflows/{workflow_id}/diff", **one)[1]["code"] == "spec-invalid"  # the draft is empty
    impact = api("GET /workflows/{workflow_id}/impact", **one)[1]
    assert (impact["in_flight_count"], impact["versions"]) == (1, [{"version": 1, "in_flight_count": 1, "open_gate_count": 0}])
    counted = [listed["runs"]["started_count"] for listed in api("GET /workflows/{workflow_id}/versions", **one)[1]["versions"]]
    assert counted == [0, 1]
    assert api("POST /workflows/{workflow_id}/rollback", body={"version": 1}, **one)[1]["code"] == "version-not-found"  # its text was not kept


def test_it_says_that_publishing_must_wait(api: Api) -> None:
    version = published()
    api.aws.refuse("lambda:Invoke", "ServiceException", status=500, times=9)
    status, problem = api("POST /workflows/{workflow_id}/versions", path={"workflow_id": version.workflow_id})
    assert (status, problem["code"]) == (503, "publisher-unavailable")


def test_it_shows_versions_and_what_the_compiler_told(api: Api) -> None:
    version = published()
    one: dict[str, Any] = {"workflow_id": version.workflow_id, "number": "1"}
    assert [shown["number"] for shown in api("GET /workflows/{workflow_id}/versions", path=one)[1]["versions"]] == [1]
    assert api("GET /workflows/{workflow_id}/versions/{number}", path=one)[1]["spec"]["name"] == "hotel"
    assert api("GET /workflows/{workflow_id}/versions/{number}/plan", path=one) == (200, "a plan")
    for view in ("asl", "forecast", "map"):
        assert api(f"GET /workflows/{{workflow_id}}/versions/{{number}}/{view}", path=one)[0] == 200


@pytest.mark.parametrize("number", ["2", "0", "latest", "-1", "9" * 40])
def test_it_knows_no_version_of_another_number(api: Api, number: str) -> None:
    path = {"workflow_id": published().workflow_id, "number": number}
    assert api("GET /workflows/{workflow_id}/versions/{number}", path=path)[1]["code"] == "version-not-found"


def test_it_starts_a_run_once_per_key(api: Api) -> None:
    version = published()
    one: dict[str, Any] = {"workflow_id": version.workflow_id}
    asking: dict[str, Any] = {"path": one, "body": {"input": {"city": "Bonn"}}, "headers": {"Idempotency-Key": "k1"}}
    first, again = api("POST /workflows/{workflow_id}/run", **asking), api("POST /workflows/{workflow_id}/run", **asking)
    assert first[0] == again[0] == 202
    assert first[1]["id"] == again[1]["id"]
    reused = api("POST /workflows/{workflow_id}/run", path=one, body={"input": {"city": "Ulm"}}, headers={"Idempotency-Key": "k1"})
    assert (reused[0], reused[1]["code"]) == (422, "key-reused")


def test_it_says_which_field_of_an_input_is_wrong(api: Api) -> None:
    version = published()
    status, problem = api("POST /workflows/{workflow_id}/run", path={"workflow_id": version.workflow_id}, body={"input": {"max_price": "much"}})
    assert (status, problem["code"]) == (422, "input-invalid")
    assert problem["errors"]


def test_it_shows_a_run_with_its_values_nodes_and_events(api: Api) -> None:
    run = started(api, published())
    node_started(attempt(run, "search"), input={"url": "https://example.com"})
    node_succeeded(attempt(run, "search"), result={"status": 200, "text": "x" * 20_000})
    one: dict[str, Any] = {"path": {"run_id": run["id"]}}
    shown = api("GET /workflows/runs/{run_id}", **one)[1]
    assert (shown["input"], shown["output"], shown["started_by"]) == ({"city": "Bonn", "max_price": 200}, None, "ann")
    (node,) = api("GET /workflows/runs/{run_id}/nodes", **one)[1]["nodes"]
    assert (node["node"], node["status"], node["input"], node["output"]) == ("search", "succeeded", {"url": "https://example.com"}, None)
    assert node["output_bytes"] > 20_000
    (node,) = api("GET /workflows/runs/{run_id}/nodes", query={"node": "search"}, **one)[1]["nodes"]
    assert node["output"]["status"] == 200
    assert api("GET /workflows/runs/{run_id}", query={"counts": "true"}, **one)[1]["transition_count"] >= 0
    events = api("GET /workflows/runs/{run_id}/events", **one)[1]
    assert [event["number"] for event in events["events"]] == list(range(1, events["next_since"] + 1))
    assert api("GET /workflows/runs/{run_id}/events", query={"since": str(events["next_since"])}, **one)[1]["events"] == []


def test_it_pages_node_runs(api: Api) -> None:
    run = started(api, published())
    for node in ("search", "book"):
        node_started(attempt(run, node))
    one: dict[str, Any] = {"path": {"run_id": run["id"]}}
    first = api("GET /workflows/runs/{run_id}/nodes", query={"limit": "1"}, **one)[1]
    rest = api("GET /workflows/runs/{run_id}/nodes", query={"limit": "1", "cursor": first["cursor"]}, **one)[1]
    assert [node["node"] for node in first["nodes"] + rest["nodes"]] == ["search", "book"]
    assert rest["cursor"] is None


def test_it_lists_runs_by_workflow_and_status(api: Api) -> None:
    version = published()
    runs = [started(api, version)["id"] for _ in range(2)]
    listed = api("GET /workflows/runs", query={"workflow_id": version.workflow_id})[1]["runs"]
    assert [run["id"] for run in listed] == runs[::-1]
    assert api("GET /workflows/runs", query={"status": "failed"})[1]["runs"] == []
    assert api("GET /workflows/runs", query={"status": "done"})[1]["code"] == "query-invalid"


def test_it_cancels_a_run(api: Api) -> None:
    run = started(api, published())
    status, cancelled = api("POST /workflows/runs/{run_id}/cancel", path={"run_id": run["id"]}, body={"reason": "typo"})
    assert (status, cancelled["cancel_requested_by"]) == (200, "ann")
    assert api("POST /workflows/runs/{run_id}/cancel", path={"run_id": "run_0"})[1]["code"] == "run-not-found"


def test_it_lists_gates_and_takes_the_first_decision(api: Api) -> None:
    run = started(api, published())
    question = Question(ask="Book it?", choices=CHOICES, allow_self_approval=False)
    gate = open_gate(attempt(run, "approve"), token="task-token", question=question)
    (shown,) = api("GET /gates", query={"run_id": run["id"]})[1]["gates"]
    assert (shown["id"], shown["ask"], shown["status"]) == (gate.id, "Book it?", "open")
    one: dict[str, Any] = {"path": {"gate_id": gate.id}}
    assert api("POST /gates/{gate_id}/decision", body={"choice": "approve"}, **one)[1]["code"] == "self-approval"
    assert api("GET /gates", query={"mine": "true"})[1]["gates"] == []
    status, decision = api("POST /gates/{gate_id}/decision", person="bob", body={"choice": "approve", "reason": "fine", "channel": "web"}, **one)
    assert (status, decision["is_final"], decision["by"], decision["channel"]) == (200, True, ["bob"], "web")
    status, problem = api("POST /gates/{gate_id}/decision", person="cleo", body={"choice": "reject"}, **one)
    assert (status, problem["code"], problem["decision"]["by"]) == (409, "gate-already-decided", ["bob"])
    assert [sent.token for sent in api.aws.answers] == ["task-token"]


def test_it_takes_a_reply(api: Api) -> None:
    run = started(api, published())
    ask(attempt(run, "search"), message=Outgoing(text="Which city?"), token="task-token")
    one: dict[str, Any] = {"path": {"run_id": run["id"]}}
    assert [message["text"] for message in api("GET /runs/{run_id}/replies", **one)[1]["messages"]] == ["Which city?"]
    status, message = api("POST /runs/{run_id}/replies", body={"text": "Bonn"}, **one)
    assert (status, message["reply"], message["replied_by"]) == (201, "Bonn", "ann")
    assert api("POST /runs/{run_id}/replies", body={"text": "Ulm"}, **one)[1]["code"] in {"message-not-found", "already-replied"}


def test_it_issues_a_ticket(api: Api) -> None:
    status, issued = api("POST /live/tickets")
    assert (status, issued["url"]) == (201, f"wss://sockets.test/api?ticket={issued['ticket']}")


def test_it_keeps_organisations_and_unknown_things_apart(api: Api) -> None:
    for request in ("GET /workflows/runs/{run_id}", "GET /workflows/runs/{run_id}/nodes", "GET /workflows/runs/{run_id}/events"):
        assert api(request, path={"run_id": "run_0"})[1]["code"] == "run-not-found"
    assert api("POST /gates/{gate_id}/decision", path={"gate_id": "gate_0"}, body={"choice": "approve"})[1]["code"] == "gate-not-found"


def test_it_shows_how_the_providers_are(api: Api) -> None:
    status, found = api("GET /providers/health")
    assert (status, found["availability_target"], [route["name"] for route in found["routes"]]) == (200, 0.99, ["default", "fast", "smart"])
    assert {"id", "state", "success_ratio", "latency_p50_seconds", "latency_p95_seconds", "error_budget_left"} <= set(found["candidates"][0])


def test_it_finds_runs_by_what_is_asked_and_compares_two(api: Api) -> None:
    spec: Any = {**SPEC, "labels": {"team": "a&b"}, "indexed": ["city"]}
    version = published(spec)
    first, second = started(api, version), started(api, version)
    for query, count in (
        ({"label": "team=a%26b"}, 2),
        ({"where": "city=Bonn", "since": "2020-01-01T00:00:00Z"}, 2),
        ({"where": "city=Rome"}, 0),
        ({"workflow_id": version.workflow_id, "version": "1", "until": "2020-01-01T00:00:00Z"}, 0),
    ):
        status, page = api("GET /workflows/runs", query=query)
        assert (status, len(page["runs"])) == (200, count), query
    compared = api("GET /workflows/runs/{run_id}/compare", path={"run_id": first["id"]}, query={"to": second["id"]})[1]
    assert [run["id"] for run in compared["runs"]] == [first["id"], second["id"]]
    assert compared["input"] == {"found": [], "is_cut": False}


@pytest.mark.parametrize("query", [{"label": "team"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}, {"version": "0"}])
def test_it_refuses_questions_that_it_cannot_read(api: Api, query: dict[str, str]) -> None:
    status, problem = api("GET /workflows/runs", query=query)
    assert (status, [fault["field"].partition(".")[0].strip("/") for fault in problem["errors"]]) == (400, [next(iter(query))])


def test_it_says_what_is_left_and_refuses_who_calls_too_often() -> None:
    with cloud(SLUICE_RATES='{"read": {"caller": {"per_second": 0.01, "burst": 2}}}') as aws:
        event = rest_event("GET", "/api/v1/workflows", headers=bearer("ann"))
        answers = [app(event, context()) for _ in range(3)]
        other = Api(aws)("GET /workflows", person="bob")
    assert [answer["statusCode"] for answer in answers] == [200, 200, 429]
    assert answers[0]["headers"]["RateLimit"] == '"caller";r=1;t=100'
    refused = answers[2]
    assert (refused["headers"]["Content-Type"], json.loads(refused["body"])["code"]) == ("application/problem+json", "rate-limited")
    assert 1 <= int(refused["headers"]["Retry-After"]) <= 100
    assert refused["headers"]["RateLimit-Policy"].startswith('"caller";q=2;w=200')
    assert other[0] == 200


def test_it_counts_by_address_who_brings_no_credentials_or_such_as_do_not_hold() -> None:
    limits = {kind: {"caller": {"per_second": 0.01, "burst": 2}} for kind in ("auth", "hook")}
    unsigned = rest_event("POST", "/api/v1/auth/login/json", body={"username": "ann", "password": "x"})
    wrong = rest_event("GET", "/api/v1/workflows", headers={"Authorization": "Bearer made.up.token"})
    nobody = rest_event("GET", "/api/v1/workflows")
    for event in (unsigned, wrong, nobody):
        with cloud(SLUICE_RATES=json.dumps(limits)) as aws:
            assert [app(event, context())["statusCode"] for _ in range(3)] == [401, 401, 429]
            elsewhere = {**event["requestContext"], "identity": {"sourceIp": "203.0.113.9"}}
            assert app({**event, "requestContext": elsewhere}, context())["statusCode"] == 401
            assert Api(aws)("GET /workflows")[0] == 200


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("/api/v1/hooks/{trigger_id}", {"trigger_id": "trg_0"}),
        (f"{PATH}/{{organisation_id}}/{{hook_id}}", {"organisation_id": "org_local", "hook_id": "hook_0"}),
    ],
)
def test_it_counts_calls_from_programs_elsewhere_by_address_and_apart_from_sign_ins(resource: str, path: dict[str, str]) -> None:
    with cloud(SLUICE_RATES='{"hook": {"caller": {"per_second": 0.01, "burst": 2}}}'):
        answers = [app(rest_event("POST", resource, path=path, body={}), context()) for _ in range(3)]
        signing_in = app(rest_event("POST", "/api/v1/auth/login/json", body={"username": "ann", "password": "x"}), context())
    assert [answer["statusCode"] for answer in answers] == [404, 404, 429]
    assert signing_in["statusCode"] == 401


def test_it_takes_workflows_out_and_brings_them_in(api: Api) -> None:
    status, made = api("POST /workflows/import", body={"text": TEXT})
    assert (status, made["root"], made["workflows"][0]["status"], made["lacks"]["secrets"]) == (201, "hello", "new", [])
    assert api("POST /workflows/import", body={"text": TEXT})[0] == 200
    one: dict[str, Any] = {"path": {"workflow_id": made["workflows"][0]["workflow_id"]}}
    for query in ({}, {"format": "yaml"}):
        response = app(rest_event("GET", "/api/v1/workflows/{workflow_id}/export", query=query, headers=bearer("ann"), **one), context())
        assert (response["body"], response["headers"]["Content-Type"]) == (TEXT, "application/yaml; charset=utf-8")
    status, document = api("GET /workflows/{workflow_id}/export", query={"format": "json"}, **one)
    assert (status, document["name"]) == (200, "hello")
    assert api("GET /workflows/{workflow_id}/export", query={"format": "json", "bundle": "true"}, **one)[1]["sluice_bundle"] == 1
    assert api("POST /workflows/import", body={"text": TEXT.replace("hi", "ho")})[1]["code"] == "workflow-name-taken"
    assert api("POST /workflows/import", body={"text": "{"})[1]["code"] == "document-invalid"


def test_it_shows_deploys_and_takes_in_starters(api: Api) -> None:
    first = api("GET /starters", query={"limit": "3", "tag": "gate"})[1]
    rest = api("GET /starters", query={"limit": "200", "tag": "gate", "cursor": first["cursor"]})[1]
    assert (len(first["starters"]), rest["cursor"]) == (3, None)
    assert "refund-handling" in [each["name"] for each in first["starters"] + rest["starters"]]
    one: dict[str, Any] = {"path": {"name": "refund-handling"}}
    seen = api("GET /starters/{name}", **one)[1]
    assert {"id": "pay", "type": "tool_call", "title": "Pay it back", "map": None} in seen["graph"]["nodes"]
    assert {"from": "approve", "to": "pay", "when": "pay", "map": None} in seen["graph"]["edges"]
    assert (len(seen["samples"]), seen["uses"]["effects"], seen["use_count"]) == (3, ["money: pay", "notify: tell"], 0)
    assert {each["name"]: each["default"] for each in seen["parameters"]}["small_amount"] == 50
    status, made = api("POST /starters/{name}/deploy", body={"parameters": {"small_amount": 70}, "name": "refunds"}, **one)
    assert (status, made["name"], made["is_new"], made["version"]) == (201, "refunds", True, None)
    assert api("POST /starters/{name}/deploy", body={"parameters": {"small_amount": 70}, "name": "refunds"}, **one)[0] == 200
    problem = api("POST /starters/{name}/deploy", body={"parameters": {"small_amount": "much"}}, **one)[1]
    assert (problem["code"], problem["errors"][0]["field"]) == ("input-invalid", "/small_amount")
    assert api("GET /starters/{name}", path={"name": "nothing"})[1]["code"] == "starter-not-found"
    assert api("PUT /starters/{name}", body={"workflow_id": made["workflow_id"]}, **one)[1]["code"] == "name-reserved"
    twice = [{"name": "a", "title": "A", "schema": {}, "sets": ["title"]}] * 2
    assert api("PUT /starters/{name}", body={"workflow_id": "wf_1", "parameters": twice}, path={"name": "mine"})[1]["code"] == "body-invalid"
    version = published()
    assert api("PUT /starters/{name}", body={"workflow_id": version.workflow_id}, path={"name": "mine"})[1]["code"] == "version-not-found"
    assert api("DELETE /starters/{name}", path={"name": "mine"})[1]["code"] == "starter-not-found"
