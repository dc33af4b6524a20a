"""The routes of the directory, over the emulator's table."""

import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest

from app import app
from chalicelib.tools import a2a as tool
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_a2a import Office

CLERK = {"name": "clerk"}


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    found = Office()

    async def late(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await found(scope, receive, send)

    with serving_app(late) as address:
        found.open_at(address)
        yield address


@pytest.fixture(autouse=True)
def aws(host: str) -> Iterator[None]:
    tool.forget_agents()
    with cloud(SLUICE_ALLOWED_HOSTS=host):
        yield


def api(request: str, **more: Any) -> tuple[int, Any]:
    method, _, resource = request.partition(" ")
    response = app(rest_event(method, f"/api/v1/agents{resource}", headers=bearer(), **more), context())
    return response["statusCode"], json.loads(response["body"] or "null")


def test_it_lists_who_there_is_with_skills() -> None:
    status, found = api("GET ")
    assert (status, found["left_out_count"], len(found["agents"])) == (200, 0, 7)
    extractor = next(each for each in found["agents"] if each["agent"] == "extractor")
    assert (extractor["kind"], extractor["source"], extractor["from_outside"], extractor["card_url"]) == ("preset", "built_in", False, None)
    assert {"id": "read an invoice", "name": "read an invoice", "description": "", "tags": []} in extractor["skills"]
    assert api("GET ", query={"kind": "workflow"})[1]["agents"] == []
    assert api("GET ", query={"kind": "robot"})[0] == 400


def test_it_registers_shows_and_forgets_an_external_agent(host: str) -> None:
    status, made = api("POST ", body={"name": "clerk", "url": f"http://{host}"})
    assert (status, made["agent"], made["source"], made["from_outside"]) == (201, "a2a:clerk", "registered", True)
    assert made["skills"] == [{"id": "report", "name": "Report", "description": "Writes a report.", "tags": ["writing"]}]
    assert api("GET /{name}", path=CLERK) == (200, made)
    assert api("GET /{name}", path=CLERK, query={"kind": "preset"})[0] == 404
    assert [each["agent"] for each in api("GET ", query={"kind": "a2a"})[1]["agents"]] == ["a2a:clerk"]
    assert api("DELETE /{name}", path=CLERK) == (204, None)
    assert api("DELETE /{name}", path={"name": "x" * 3_000})[0] == 404
    assert (api("DELETE /{name}", path=CLERK)[0], api("GET /{name}", path=CLERK)[1]["code"]) == (404, "agent-not-found")


def test_it_finds_by_skill_best_first(host: str) -> None:
    api("POST ", body={"name": "clerk", "url": f"http://{host}"})
    status, found = api("GET ", query={"skill": "writing a report"})
    assert status == 200
    assert next((each["agent"], each["fit"]) for each in found["agents"]) == ("a2a:clerk", "by report, writing")
    scores = [each["score"] for each in found["agents"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Clerk", "url": "https://clerk.example"}, "body-invalid"),
        ({"name": "clerk", "url": "clerk.example"}, "body-invalid"),
        ({"name": "clerk", "url": "http://127.0.0.1:1"}, "agent-invalid"),
        ({"name": "clerk", "url": "http://169.254.169.254"}, "agent-invalid"),
    ],
)
def test_it_refuses_what_is_no_agent(body: dict[str, str], code: str) -> None:
    assert api("POST ", body=body)[1]["code"] == code
    assert api("GET ", query={"kind": "a2a"})[1]["agents"] == []
