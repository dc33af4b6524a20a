"""What every response gets on its way out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.api.contract import contracts
from chalicelib.api.outgoing import HEADERS
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud, published
from tests.factories.credentials import bearer

ME = "/api/v1/organisation"


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud():
        yield


def ask(method: str = "GET", path: str = ME, *, body: object = None, **headers: str) -> Any:
    sent = {**bearer("ann"), "Host": "api.test", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return app(rest_event(method, path, headers=sent, body=body), context())


def test_it_lets_a_caller_keep_an_answer_and_tells_it_when_nothing_changed() -> None:
    first = ask()
    etag = first["headers"]["ETag"]
    assert first["headers"]["Cache-Control"] == "private, no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = ask(If_None_Match=known)
        assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (304, "", etag)
    assert ask(If_None_Match='"other"')["statusCode"] == 200


def test_it_gives_another_validator_once_something_changed() -> None:
    etag = ask()["headers"]["ETag"]
    ask("PATCH", body={"title": "Other"})
    assert ask(If_None_Match=etag)["statusCode"] == 200


def test_it_leaves_a_draft_the_validator_that_saving_it_is_compared_with() -> None:
    version = published()
    route, path = "/api/v1/workflows/{workflow_id}/draft", {"workflow_id": version.workflow_id}
    headers = {**bearer("ann"), "Host": "api.test"}

    def asked(method: str, body: object = None, **more: str) -> Any:
        return app(rest_event(method, route, path=path, headers={**headers, **more}, body=body), context())

    etag = asked("GET")["headers"]["ETag"]
    assert json.loads(asked("GET")["body"])["etag"] == etag
    assert asked("GET", **{"If-None-Match": etag})["statusCode"] == 304
    saved = asked("PUT", {"text": "name: other"}, **{"If-Match": etag})
    assert (saved["statusCode"], saved["headers"]["ETag"]) == (200, json.loads(saved["body"])["etag"])
    assert asked("GET", **{"If-None-Match": etag})["statusCode"] == 200
    assert asked("PUT", {"text": "name: third"}, **{"If-Match": etag})["statusCode"] == 412


def test_it_lets_nobody_keep_what_is_about_signing_in_or_was_changed_or_refused() -> None:
    for answer in (ask(path="/api/v1/auth/me"), ask("PATCH", body={"title": "Other"}), ask("PATCH", body={"colour": "red"})):
        assert "no-store" in answer["headers"]["Cache-Control"]
        assert "ETag" not in answer["headers"]


def test_it_answers_head_as_get_without_the_body() -> None:
    got, looked = ask(), ask("HEAD")
    assert (looked["statusCode"], looked["body"], looked["headers"]["ETag"]) == (200, "", got["headers"]["ETag"])


def test_it_dresses_every_kind_of_answer() -> None:
    answers = {
        200: ask(),
        400: ask("PATCH", body={"colour": "red"}),
        401: ask(Authorization="Bearer x"),
        403: app(rest_event("PATCH", ME, headers={**bearer("vic", ("viewer",)), "Host": "api.test"}, body={}), context()),
        405: ask("DELETE"),
        415: ask("PATCH", body="title: x", Content_Type="application/yaml"),
    }
    for status, answer in answers.items():
        assert answer["statusCode"] == status
        assert answer["headers"].items() >= HEADERS.items()
        if status >= 400:
            problem = json.loads(answer["body"])
            assert answer["headers"]["Content-Type"] == "application/problem+json"
            assert problem["type"] == f"https://api.test/api/v1/docs#{problem['code']}".replace("https", "http")
    assert answers[405]["headers"]["Allow"] == "GET, HEAD, PATCH"


def test_it_answers_head_wherever_it_answers_get() -> None:
    for contract in contracts(app.routes):
        assert ("HEAD" in app.routes[contract.path]) == ("GET" in app.routes[contract.path])
