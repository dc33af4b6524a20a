"""Our own agent card, as it is served: with the signature of the deployment's key, or not at all."""

import io
import json
from collections.abc import Iterator
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from a2a.types.a2a_pb2 import AgentCard
from google.protobuf.json_format import ParseDict

from app import app
from chalicelib.access.secrets import DEPLOYMENT, forget_secrets, put_secret
from chalicelib.settings import settings
from chalicelib.tools.card_signature import verify
from chalicelib.triggers import signed_cards
from chalicelib.workers.errands import handle
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import Cloud, cloud, published
from tests.factories.credentials import bearer
from tests.unit.tools.test_card_signature import OURS, public

CARD = "/.well-known/agent-card.json"


@pytest.fixture
def aws() -> Iterator[Cloud]:
    forget_secrets()
    signed_cards._MADE.clear()
    with cloud(SLUICE_CARD_KEY="secret:card") as found:
        published()
        yield found
    forget_secrets()
    settings.cache_clear()


def by_errand(aws: Cloud) -> list[Any]:
    """What the function for errands is asked; it does it."""
    asked: list[Any] = []

    def done() -> Any:
        card = json.loads(json.dumps(asked[-1]))
        return {"Payload": io.BytesIO(json.dumps(handle({"errand": "sign_card", "card": card}, lambda: 60.0)).encode())}

    aws.before.append(lambda operation: asked.append(unsigned()) if operation == "lambda:Invoke" else None)
    aws.reply("lambda:Invoke", done)
    return asked


def serve(resource: str = CARD, **path: str) -> tuple[int, Any]:
    event = rest_event("GET", resource, path=path, headers={"Host": "sluice.example", **bearer("ann")})
    response = app(event, context())
    return response["statusCode"], json.loads(response["body"])


def unsigned() -> Any:
    """The card as it is without a key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SLUICE_CARD_KEY")
        settings.cache_clear()
        card = serve()[1]
    settings.cache_clear()
    assert "signatures" not in card
    return card


def test_it_serves_a_card_that_others_can_check_and_signs_it_once(aws: Cloud) -> None:
    put_secret(DEPLOYMENT, "card", json.dumps(OURS))
    asked = by_errand(aws)
    for _ in range(2):
        status, card = serve()
        assert status == 200
        verify(ParseDict(card, AgentCard()), [public(OURS)])
    assert len(asked) == 1
    assert str(OURS["d"]) not in json.dumps(card)


@pytest.mark.parametrize("value", [None, "hush-hush"])
def test_it_serves_no_card_rather_than_an_unsigned_one(aws: Cloud, value: str | None) -> None:
    if value is not None:
        put_secret(DEPLOYMENT, "card", value)
    by_errand(aws)
    status, problem = serve()
    assert (status, problem["code"]) == (503, "unavailable")
    assert "hush" not in json.dumps(problem)
