"""The container's router upon the table: what one container learns, the next one knows, and the API shows."""

import json
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from app import app
from chalicelib.access.redaction import Redaction
from chalicelib.access.secrets import DEPLOYMENT, forget_secrets, put_secret
from chalicelib.providers.candidates import Candidate
from chalicelib.providers.failures import ModelAuthFailed, ModelFailure
from chalicelib.providers.health import Passage
from chalicelib.providers.model import ModelRequest, ModelResponse, user
from chalicelib.providers.select import Keys
from chalicelib.settings import settings
from chalicelib.store import provider_health
from chalicelib.workers import model_router
from chalicelib.workers.model_router import Discreet, Models, models
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import Cloud, cloud
from tests.factories.credentials import bearer

REQUEST = ModelRequest(messages=(user("Hello"),))
ASKED = Candidate("offline", "claude-sonnet-5-5").id


def call(held: Models, name: str) -> str:
    return held.router.call(held.route(name), REQUEST, seconds_left=lambda: 10).response.text


def shown() -> dict[str, Any]:
    response = app(rest_event("GET", "/api/v1/providers/health", headers=bearer("ann")), context())
    found: dict[str, Any] = json.loads(response["body"])
    assert response["statusCode"] == 200, found
    return found


def test_it_is_made_once_per_container_and_anew_for_other_settings(aws: Cloud) -> None:
    held = models()
    assert models() is held
    settings.cache_clear()
    assert models() is not held


def test_it_tells_the_others_once_per_invocation_and_the_routes_once(aws: Cloud) -> None:
    held = models()
    assert call(held, "default").startswith("Offline answer")
    aws.calls.clear()
    call(held, "default")
    assert aws.calls == []
    model_router.flush()
    assert aws.calls == ["dynamodb:UpdateItem"] * 2
    aws.calls.clear()
    call(held, "default")
    model_router.flush()
    model_router.flush()
    assert aws.calls == ["dynamodb:UpdateItem"]
    assert provider_health.read_known(ASKED, now=held.router.health._now()).day.good == 3


def test_a_node_does_not_fail_for_what_cannot_be_told(aws: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    held = models()
    call(held, "default")
    aws.refuse("dynamodb:UpdateItem", "AccessDeniedException", times=2)
    model_router.flush()
    assert held.told == set()
    assert len(caplog.records) == 2


def test_the_api_shows_the_routes_before_anything_was_called(aws: Cloud) -> None:
    found = shown()
    assert [route["name"] for route in found["routes"]] == ["default", "fast", "smart"]
    assert found["routes"][0]["order"] == [{"candidate": ASKED, "why": "priority 1"}]
    first = found["candidates"][0]
    assert (first["state"], first["call_count"], first["success_ratio"], first["error_budget_left"]) == ("closed", 0, None, None)


def test_the_api_shows_how_candidates_are_and_no_keys(aws: Cloud) -> None:
    held = models()
    broken = Candidate("anthropic", "claude-x", key="spare")
    for _ in range(9):
        call(held, "default")
    held.router.health.look([broken.id])
    held.router.health.failed(broken.id, Passage.FREE, ModelAuthFailed("x"))
    model_router.flush()
    found = {each["id"]: each for each in shown()["candidates"]}
    assert (found[ASKED]["availability"], found[ASKED]["error_budget_left"], found[ASKED]["recent"]["call_count"]) == (1, 1, 9)
    assert found[ASKED]["latency_p95_seconds"] < 1
    dead = found[broken.id]
    assert (dead["provider"], dead["model"], dead["key"], dead["state"], dead["opened_for"]) == ("anthropic", "claude-x", "spare", "open", "auth")
    assert (dead["failures"], dead["success_ratio"], dead["availability"], dead["error_budget_left"]) == ({"auth": 1}, 0, 0, -99)
    assert dead["open_until"] > dead["opened_at"]


def test_what_one_container_learnt_the_next_one_knows(aws: Cloud) -> None:
    name = Candidate("anthropic", "claude-x").id
    models().router.health.look([name])
    models().router.health.failed(name, Passage.FREE, ModelAuthFailed("x"))
    settings.cache_clear()
    health = models().router.health
    health.look([name])
    assert health.admit(name, seconds=lambda: 1) is None


def test_it_knows_no_name_that_stands_for_nothing(aws: Cloud) -> None:
    with pytest.raises(ModelFailure, match="no alias"):
        models().route("clever")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret:anthropic")
    with cloud():
        forget_secrets()
        put_secret(DEPLOYMENT, "anthropic", "sk-first-of-them")
        yield
        forget_secrets()


def key_of(held: Models) -> str:
    found = held.keys.find("anthropic")
    assert found is not None
    return found.secret


def test_a_rotated_key_is_used_once_the_containers_minutes_are_over(secrets: None) -> None:
    held = models()
    assert key_of(held) == "sk-first-of-them"
    health = held.router.health
    put_secret(DEPLOYMENT, "anthropic", "sk-second-of-them")  # which forgets the first, as five minutes do
    assert models() is held
    assert key_of(held) == "sk-second-of-them"
    assert held.router.health is health


def test_it_goes_on_with_the_keys_that_it_has_while_they_cannot_be_read(secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    held = models()

    def away(_: str) -> str:
        raise EndpointConnectionError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr(model_router, "resolved_key", away)
    assert key_of(models()) == "sk-first-of-them"
    assert models() is held


def test_no_failure_holds_the_key_that_a_vendor_repeats() -> None:
    key = "sk-ant-very-secret"

    class Talkative:
        name = "anthropic"

        def call(self, *_: object, **__: object) -> ModelResponse:
            try:
                raise ValueError(f"401: {key}")
            except ValueError as error:
                raise ModelAuthFailed(f"Incorrect API key provided: Bearer {key}") from error

    provider = Discreet(Talkative(), Redaction({"key of anthropic": key}))
    with pytest.raises(ModelAuthFailed) as caught:
        provider.call(REQUEST, model="claude", seconds=1)
    assert provider.name == "anthropic"
    assert str(caught.value) == "Incorrect API key provided: Bearer (secret key of anthropic)"
    assert key not in "".join(traceback.format_exception(caught.value))
    assert key not in repr(provider)


def test_it_hides_the_keys_of_vendors_and_no_region() -> None:
    keys = Keys(anthropic="sk-ant-very-secret", bedrock="eu-central-1")
    hidden = [model_router._hiding(Candidate(provider, "m"), keys).secrets for provider in ("anthropic", "bedrock", "offline")]
    assert hidden == [{"key of anthropic": "sk-ant-very-secret"}, {}, {}]


def test_a_secret_that_is_missing_stops_no_other_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret:anthropic")
    both = '{"both": {"candidates": [{"model": "anthropic:claude-opus-5-5", "priority": 1}, {"model": "offline:x", "priority": 2}]}}'
    with cloud(SLUICE_MODELS=both):
        forget_secrets()
        held = models()
        assert call(held, "offline:x").startswith("Offline answer")
        routed = held.router.call(held.route("both"), REQUEST, seconds_left=lambda: 10)
        assert "sluice secrets put anthropic --deployment" in routed.trail[0].fault
        with pytest.raises(ModelAuthFailed, match="there is no secret anthropic"):
            call(held, "anthropic:claude-haiku-5-5")
        put_secret(DEPLOYMENT, "anthropic", "sk-first-of-them")
        assert key_of(models()) == "sk-first-of-them"
    forget_secrets()
