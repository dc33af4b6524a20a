"""A route made of a function: what it reads, what it answers, what becomes of errors."""

import json
from collections.abc import Callable, Iterator
from http import HTTPMethod
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice

from chalicelib.access.scopes import Access, Scope
from chalicelib.api import problem
from chalicelib.api.endpoint import Answer, Call, Nothing, Wire, endpoint
from chalicelib.errors import Contention, GateAlreadyDecided, InputInvalid, NotFound, SpecInvalid
from chalicelib.spec.diagnostic import Diagnostic, Location, Severity
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer

Answering = Callable[[Call[Any, Any]], Answer]


class Thing(Wire):
    name: str
    size: int = 1


class Wanted(Wire):
    limit: int = 50
    mine: bool = False


class Site:
    """An app with one route at `/things/{thing_id}`, that does what a test says."""

    def __init__(self, answering: Answering) -> None:
        routes = Blueprint(__name__)

        @endpoint(routes, HTTPMethod.POST, "/things/{thing_id}", scope=Scope.WORKFLOW_READ)
        def view(call: Call[Thing, Wanted], thing_id: str) -> Answer:
            self.calls.append((call, thing_id))
            return answering(call)

        self.calls: list[tuple[Call[Thing, Wanted], str]] = []
        self.app = Chalice(app_name="site", configure_logs=False)
        self.app.register_blueprint(routes)
        self.app.register_middleware(problem.retell_framework_errors, "http")

    def post(self, body: object = None, **more: Any) -> tuple[int, dict[str, str], Any]:
        headers = {**bearer("anna"), **more.pop("headers", {})}
        event = rest_event(
            "POST", "/things/{thing_id}", path={"thing_id": "t1"}, headers=headers, body={"name": "a"} if body is None else body, **more
        )
        return answered(self.app(event, context()))


def answered(response: Any) -> tuple[int, dict[str, str], Any]:
    body = response["body"]
    return response["statusCode"], response["headers"], json.loads(body) if body else None


def fails(error: Exception) -> Answering:
    def answering(call: Call[Any, Any]) -> Answer:
        raise error

    return answering


def fine(call: Call[Any, Any]) -> Answer:
    return Answer({"ok": True})


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


def test_it_hands_over_the_body_the_query_the_path_and_the_key() -> None:
    site = Site(fine)
    site.post({"name": "a", "size": 3}, query={"limit": "7", "mine": "true"}, headers={"Idempotency-Key": "k"})
    call, thing_id = site.calls[0]
    assert (call.body, call.query) == (Thing(name="a", size=3), Wanted(limit=7, mine=True))
    assert (call.idempotency_key, call.principal.person, thing_id) == ("k", "anna", "t1")


def test_it_renders_an_answer_with_its_status_and_headers() -> None:
    status, headers, body = Site(lambda call: Answer({"id": "x"}, status=201, headers={"Location": "/things/x"})).post()
    assert (status, headers["Location"], headers["Content-Type"], body) == (201, "/things/x", "application/json", {"id": "x"})


def test_it_answers_nothing_with_no_body() -> None:
    assert Site(lambda call: Answer(None, status=204)).post()[2] is None


def test_it_allows_other_origins_also_where_it_refuses() -> None:
    assert Site(fine).post()[1]["Access-Control-Allow-Origin"] == "*"
    assert Site(fails(NotFound("no"))).post()[1]["Access-Control-Allow-Origin"] == "*"


def test_it_returns_the_correlation_id_that_it_was_given_or_the_gateways() -> None:
    assert Site(fine).post(headers={"X-Correlation-Id": "mine"})[1]["X-Correlation-Id"] == "mine"
    assert Site(fine).post()[1]["X-Correlation-Id"] == "request-1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 1}, "name"),
        ({"name": "a", "size": "3"}, "size"),
        ({"name": "a", "colour": "red"}, "colour"),
        ("[1]", "body"),
        ("{", "body"),
    ],
)
def test_it_says_which_field_of_a_body_is_wrong(body: object, field: str) -> None:
    site = Site(fine)
    status, headers, document = site.post(body)
    assert (status, headers["Content-Type"], document["code"]) == (400, "application/problem+json", "body-invalid")
    assert document["errors"][0]["field"] == field
    assert document["errors"][0]["message"]
    assert not site.calls


def test_it_says_which_query_parameter_is_wrong() -> None:
    status, _, document = Site(fine).post(query={"limit": "many"})
    assert (status, document["code"], document["errors"][0]["field"]) == (400, "query-invalid", "limit")


def test_it_shows_an_error_of_ours_by_its_status_and_code() -> None:
    status, _, document = Site(fails(NotFound("there is no thing"))).post()
    assert (status, document) == (
        404,
        {
            "type": "/api/v1/docs#not-found",
            "title": "Not Found",
            "status": 404,
            "code": "not-found",
            "detail": "there is no thing",
            "errors": [],
        },
    )


def test_it_shows_faults_by_field() -> None:
    document = Site(fails(InputInvalid("the input does not fit", {"/amount": "is no number"}))).post()[2]
    assert document["errors"] == [{"field": "/amount", "message": "is no number"}]


def test_it_shows_diagnostics_with_line_and_column() -> None:
    found = Diagnostic("cycle", Severity.ERROR, "a and b wait", Location(3, 5, "nodes.a"), "remove an edge")
    warned = Diagnostic("quiet", Severity.WARNING, "hm")
    status, _, document = Site(fails(SpecInvalid([found, warned]))).post()
    assert status == 422
    assert document["errors"] == [{"field": "nodes.a", "message": "a and b wait"}]
    assert document["diagnostics"][0] == {
        "code": "cycle", "severity": "error", "message": "a and b wait", "hint": "remove an edge", "line": 3, "column": 5, "path": "nodes.a",
    }  # fmt: skip
    assert [shown["code"] for shown in document["diagnostics"]] == ["cycle", "quiet"]


def test_it_shows_the_decision_that_won() -> None:
    status, _, document = Site(fails(GateAlreadyDecided("decided", {"choice": "approve"}))).post()
    assert (status, document["decision"]) == (409, {"choice": "approve"})


def test_it_says_when_to_try_again() -> None:
    status, headers, _ = Site(fails(Contention("busy"))).post()
    assert (status, headers["Retry-After"]) == (503, "1")


def test_it_tells_nothing_of_what_broke_inside(caplog: pytest.LogCaptureFixture) -> None:
    status, headers, document = Site(fails(RuntimeError("password=hunter2"))).post()
    assert (status, document["code"], headers["X-Correlation-Id"]) == (500, "internal", "request-1")
    assert "hunter2" not in json.dumps(document)
    assert "request-1" in document["detail"]


def test_it_retells_what_the_framework_refuses() -> None:
    site = Site(fine)
    status, headers, document = answered(site.app(rest_event("PATCH", "/things/{thing_id}", path={"thing_id": "t1"}), context()))
    assert (status, headers["Content-Type"], document["code"]) == (405, "application/problem+json", "method-not-allowed")
    status, headers, document = site.post("name: a", headers={"Content-Type": "application/yaml"})
    assert (status, document["code"], headers["Access-Control-Allow-Origin"]) == (415, "unsupported-media-type", "*")


def test_it_answers_nobody_who_brings_no_credentials() -> None:
    site = Site(fine)
    event = rest_event("POST", "/things/{thing_id}", path={"thing_id": "t1"}, body="no json", headers={"X-Sluice-As": "anna"})
    status, headers, document = answered(site.app(event, context()))
    assert (status, document["code"], site.calls) == (401, "not-signed-in", [])
    assert headers["WWW-Authenticate"].startswith("Bearer ")


def test_it_names_the_scope_that_is_missing_before_it_looks_at_the_body() -> None:
    site = Site(fine)
    status, headers, document = site.post("no json", headers=bearer("dan", roles=("legal",)))
    assert (status, document["code"], document["scope"], site.calls) == (403, "scope-missing", "workflow:read", [])
    assert 'error="insufficient_scope", scope="workflow:read"' in headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Bearer sk_short"},
        {"Authorization": "", "X-Api-Key": "anna"},
        {"X-Api-Key": "sk_00000000000000000000000000_" + "a" * 43},
    ],
    ids=["basic", "empty", "no-token", "no-key", "no-key-of-ours", "two"],
)
def test_it_takes_no_other_credentials(headers: dict[str, str]) -> None:
    assert Site(fine).post(headers=headers)[0] == 401


def test_it_answers_nobody_at_a_route_that_declares_no_scope() -> None:
    routes = Blueprint(__name__)

    @endpoint(routes, HTTPMethod.GET, "/undeclared")
    def view(call: Call[Nothing, Nothing]) -> Answer:
        return Answer({"leaked": True})

    app = Chalice(app_name="site", configure_logs=False)
    app.register_blueprint(routes)
    status, _, document = answered(app(rest_event("GET", "/undeclared", headers=bearer()), context()))
    assert (status, document["code"]) == (403, "refused")


def test_it_reads_a_form() -> None:
    routes, seen = Blueprint(__name__), []

    @endpoint(routes, HTTPMethod.POST, "/form", scope=Access.PUBLIC, form=True)
    def view(call: Call[Thing, Nothing]) -> Answer:
        seen.append((call.body, call.address))
        return Answer(None, status=204)

    app = Chalice(app_name="site", configure_logs=False)
    app.register_blueprint(routes)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert app(rest_event("POST", "/form", headers=form, body="name=a%20b&size=3"), context())["statusCode"] == 204
    assert seen == [(Thing(name="a b", size=3), "192.0.2.1")]
    assert app(rest_event("POST", "/form", headers=form, body="name=%FF&colour=red"), context())["statusCode"] == 400
    assert app(rest_event("POST", "/form", body={"name": "a"}), context())["statusCode"] == 415
