"""External agents that are asked with secrets: registered ones with the organisation's, those of the settings with the deployment's."""

import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest

from app import app
from chalicelib.access.secrets import DEPLOYMENT, forget_secrets, put_secret
from chalicelib.errors import AgentInvalid, AgentNameTaken
from chalicelib.remote_settings import SecretText, SignersSetting
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import acts, external_agents, keys, table
from chalicelib.tools import a2a as tool
from chalicelib.workers.errands import handle
from chalicelib.workflows import errands, tool_reach
from chalicelib.workflows.agent_directory import get_agent
from chalicelib.workflows.external_agents import add_agent, known_agents
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import ANN, STRANGER, Cloud, cloud
from tests.factories.credentials import bearer
from tests.factories.worker_runs import story
from tests.fixtures.http_server import Reply, Request, Server, serving
from tests.unit.tools.test_card_signature import OURS, THEIRS, public

TOKEN = "t0k3n-of-the-clerk"
BEARER = SecretText(secret="clerk", prefix="Bearer ")
HEADERS = {"Authorization": BEARER, "X-Team": "travel"}


def answer(request: Request) -> Reply:
    """Nothing without the token; with it the card, or what was sent."""
    sent = request.headers.get("authorization", "")
    if sent != f"Bearer {TOKEN}":
        return Reply(401)
    if request.method == "GET":
        where = {"url": f"http://{request.headers['host']}/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        card = {"name": "Clerk", "description": f"Knows {TOKEN}.", "version": "1", "supportedInterfaces": [where], "capabilities": {}}
        return Reply(200, {"content-type": "application/json"}, json.dumps(card).encode())
    said = {"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": f"{sent} of {request.headers.get('x-team')}"}]}}
    body = {"jsonrpc": "2.0", "id": json.loads(request.body)["id"], "result": said}
    return Reply(200, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.fixture(scope="module")
def clerk() -> Iterator[Server]:
    with serving(answer) as found:
        yield found


@pytest.fixture(autouse=True)
def aws(clerk: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    def by_errand(errand: Any) -> JsonObject:
        """As over the wire."""
        told = handle(json.loads(errand.model_dump_json()), lambda: 60.0)
        found: JsonObject = json.loads(json.dumps(told))
        return found

    forget_secrets()
    tool.forget_agents()
    monkeypatch.setattr(errands, "ask", by_errand)
    with cloud(SLUICE_ALLOWED_HOSTS=clerk.host) as found:
        yield found
    forget_secrets()


def registered(clerk: Server, **more: Any) -> None:
    add_agent(ANN, name="clerk", url=f"http://{clerk.host}", **{"headers": HEADERS, **more})


def sent() -> Json:
    call: JsonObject = {"type": "tool_call", "tool": "a2a.send", "with": {"agent": "clerk", "text": "Hello"}}
    output = story({"call": call}).serve("call")
    return output["text"] if isinstance(output, dict) else None


def test_a_registered_agent_is_asked_with_the_organisations_secret_and_tells_nothing_of_it(clerk: Server) -> None:
    put_secret(ANN.organisation_id, "clerk", TOKEN)
    registered(clerk)
    assert get_agent(ANN, "clerk").card.description == "Clerk Knows (secret clerk)."
    assert sent() == "Bearer (secret clerk) of travel"


def test_it_never_lends_a_secret_of_the_deployment_or_of_others_to_a_registered_agent(clerk: Server) -> None:
    put_secret(DEPLOYMENT, "clerk", TOKEN)
    put_secret(STRANGER.organisation_id, "clerk", TOKEN)
    before = len(clerk.requests)
    with pytest.raises(AgentInvalid, match="there is no secret clerk"):
        registered(clerk)
    assert clerk.requests[before:] == []
    assert external_agents.list_all(ANN.organisation_id) == ()


def test_the_table_and_the_audit_hold_names_of_secrets_alone(clerk: Server) -> None:
    put_secret(ANN.organisation_id, "clerk", TOKEN)
    with acts.acting(acts.Actor(ANN.organisation_id, "ann", "agents.register")):
        registered(clerk, signed_by=None)
    kept = table.get(keys.external_agent(ANN.organisation_id, "clerk"))
    assert kept is not None
    assert kept["headers"] == {"Authorization": {"secret": "clerk", "prefix": "Bearer "}, "X-Team": "travel"}
    assert TOKEN not in f"{kept} {table.query_all(f'ORG#{ANN.organisation_id}#ACTS')}"


@pytest.mark.parametrize(("header", "why"), [("Authorization", "no plain text"), ("X-Api-Key", "no plain text"), ("Host", "set by whoever sends")])
def test_a_registration_holds_no_credential_and_no_header_of_the_wire(clerk: Server, header: str, why: str) -> None:
    with pytest.raises(AgentInvalid, match=why):
        registered(clerk, headers={header: "hush-hush"})


def test_a_registration_is_another_with_other_headers_or_signers(clerk: Server) -> None:
    put_secret(ANN.organisation_id, "clerk", TOKEN)
    registered(clerk)
    registered(clerk)
    with pytest.raises(AgentNameTaken, match="other headers"):
        registered(clerk, headers={**HEADERS, "X-Team": "hotels"})


def test_the_card_of_a_registered_agent_bears_the_signature_that_is_asked_for(clerk: Server) -> None:
    put_secret(ANN.organisation_id, "clerk", TOKEN)
    with pytest.raises(AgentInvalid, match="is not signed"):
        registered(clerk, signed_by=SignersSetting(keys=[public(OURS)]))


def test_signers_are_kept_with_the_registration_and_count_for_the_worker() -> None:
    signers = SignersSetting(keys=[public(OURS), public(THEIRS)])
    agent = external_agents.ExternalAgent(name="clerk", url="https://c.test", signed_by=signers, registered_at="2026-01-01", registered_by="ann")
    external_agents.register(ANN.organisation_id, agent)
    assert external_agents.find(ANN.organisation_id, "clerk") == agent
    reached = tool_reach.OrganisationAgents(ANN.organisation_id)["clerk"]
    assert reached.signed_by is not None
    assert (reached.signed_by.keys, reached.is_own) == ((public(OURS), public(THEIRS)), False)


def test_the_card_of_an_agent_of_the_settings_is_read_by_who_may_read_secrets(clerk: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    put_secret(DEPLOYMENT, "clerk", TOKEN)
    known = {"clerk": {"url": f"http://{clerk.host}", "headers": {"Authorization": {"secret": "clerk", "prefix": "Bearer "}}}}
    monkeypatch.setenv("SLUICE_A2A_AGENTS", json.dumps(known))
    settings.cache_clear()
    (found,) = known_agents(ANN.organisation_id)
    assert found.card is not None
    assert (found.card.title, found.card.description, found.card.fault) == ("Clerk", "Knows (secret clerk of the deployment).", "")


def test_whether_an_agent_is_known_asks_for_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SLUICE_A2A_AGENTS", json.dumps({"clerk": {"url": "https://c.test", "headers": {"Authorization": {"secret": "nobody_put_it"}}}})
    )
    settings.cache_clear()
    agents = tool_reach.OrganisationAgents(ANN.organisation_id)
    assert ("clerk" in agents, "other" in agents, "https://c.test" in agents, list(agents), len(agents)) == (True, False, False, ["clerk"], 1)


@pytest.mark.parametrize(
    "body",
    [{"headers": {"a b": "c"}}, {"headers": {"X": "a\nb"}}, {"headers": {"X": {"secret": "Not A Name"}}}, {"signed_by": {}}, {"headers": {"X": 1}}],
)
def test_the_api_refuses_what_is_no_header_or_signer(body: dict[str, Any]) -> None:
    wanted = {"name": "clerk", "url": "https://c.test", **body}
    response = app(rest_event("POST", "/api/v1/agents", headers=bearer(), body=wanted), context())
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (400, "body-invalid")


def test_the_api_registers_an_agent_with_headers_and_signers(clerk: Server) -> None:
    put_secret(ANN.organisation_id, "clerk", TOKEN)
    wanted = {"name": "clerk", "url": f"http://{clerk.host}", "headers": {"Authorization": {"secret": "clerk", "prefix": "Bearer "}}}
    response = app(rest_event("POST", "/api/v1/agents", headers=bearer(), body=wanted), context())
    assert response["statusCode"] == 201, response["body"]
    kept = external_agents.find(ANN.organisation_id, "clerk")
    assert kept is not None
    assert kept.headers == {"Authorization": BEARER}
