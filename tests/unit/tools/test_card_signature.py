"""Signatures of agent cards: who is believed, and our own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from a2a.types.a2a_pb2 import AgentCard
from a2a.utils.signing import ProtectedHeader, create_agent_card_signer
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.json_format import MessageToDict, ParseDict
from jwt.algorithms import ECAlgorithm
from jwt.api_jwk import PyJWK

from chalicelib.spec.model import JsonObject
from chalicelib.tools import a2a as tool
from chalicelib.tools.card_signature import sign, verify
from chalicelib.tools.failures import CardUntrusted
from chalicelib.tools.ports import Endpoint, Signers
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.http_server import Reply, Request, Server, serving


def made(kid: str) -> JsonObject:
    """A private key as JWK."""
    key: JsonObject = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
    return {**key, "kid": kid, "alg": "ES256"}


def public(key: JsonObject) -> JsonObject:
    return {name: value for name, value in key.items() if name != "d"}


OURS, THEIRS = made("ours"), made("theirs")
CARD: JsonObject = {
    "name": "Clerk é ✓",
    "description": "Writes.",
    "version": "1",
    "supportedInterfaces": [{"url": "https://clerk.example/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
    "capabilities": {"streaming": False},
}


def card(**signature: Any) -> Any:
    return of({**CARD, **signature})


def signed(key: JsonObject = OURS, jku: str | None = None) -> JsonObject:
    """By the SDK's own signer."""
    found = create_agent_card_signer(PyJWK(dict(key)), ProtectedHeader(kid=str(key["kid"]), alg="ES256", jku=jku, typ="JOSE"))(card())
    plain: JsonObject = MessageToDict(found)
    return plain


def of(document: JsonObject) -> Any:
    return ParseDict(document, AgentCard())


def test_it_believes_a_card_that_a_trusted_key_signed() -> None:
    verify(of(signed()), [public(THEIRS), public(OURS)])


def test_it_believes_the_cards_that_it_signs_itself() -> None:
    verify(card(signatures=[sign(CARD, json.dumps(OURS))]), [public(OURS)])


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (CARD, "is not signed"),
        (signed(THEIRS), "signed by nobody"),
        ({**signed(), "name": "Other"}, "signed by nobody"),
        (signed({**THEIRS, "kid": "ours"}), "signed by nobody"),
        (signed(THEIRS, jku="https://evil.example/keys"), "signed by nobody"),
        ({**CARD, "signatures": [{"protected": "e30", "signature": ""}]}, "signed by nobody"),
        ({**CARD, "signatures": [{"protected": "%", "signature": "%"}]}, "signed by nobody"),
    ],
)
def test_it_refuses_every_other_card(document: JsonObject, why: str) -> None:
    with pytest.raises(CardUntrusted, match=why):
        verify(of(document), [public(OURS)])


def test_a_symmetric_key_is_nobodys() -> None:
    key: JsonObject = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "s", "alg": "HS256"}
    document = MessageToDict(create_agent_card_signer(PyJWK(dict(key)), {"kid": "s", "alg": "HS256", "jku": None, "typ": "JOSE"})(card()))
    with pytest.raises(CardUntrusted):
        verify(of(document), [key])


def test_a_signature_that_names_no_key_is_of_the_only_one() -> None:
    verify(of(signed({**OURS, "kid": ""})), [public(OURS)])
    with pytest.raises(CardUntrusted):
        verify(of(signed({**OURS, "kid": ""})), [public(OURS), public(THEIRS)])


@pytest.mark.parametrize("key", ["hush", "{}", '{"kty": "oct", "k": "aHVzaA"}', json.dumps(public(OURS)), '["hush"]'])
def test_what_is_no_private_key_is_not_shown(key: str) -> None:
    with pytest.raises(CardUntrusted) as refused:
        sign(CARD, key)
    assert "hush" not in f"{refused.value} {refused.value.__cause__}"


# --- asked for over the wire -----------------------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[tuple[Server, dict[str, Any]]]:
    tool.forget_agents()
    answers: dict[str, Any] = {"/.well-known/agent-card.json": signed()}

    def answer(request: Request) -> Reply:
        found = answers.get(request.target)
        body = json.dumps(found).encode() if found is not None else b"x"
        return Reply(200 if found is not None else 404, {"content-type": "application/json"}, body)

    with serving(answer) as server:
        yield server, answers
    tool.forget_agents()


def described(server: Server, signers: Signers | None) -> str:
    endpoint = Endpoint(f"http://{server.host}", {"Authorization": "Bearer s3cret"}, signed_by=signers)
    return tool.describe("clerk", replace(surroundings(), a2a_agents={"clerk": endpoint})).name


def test_an_agent_whose_card_must_be_signed_is_used_only_with_its_signature(served: tuple[Server, dict[str, Any]]) -> None:
    server, answers = served
    assert described(server, Signers((public(OURS),))) == CARD["name"]
    tool.forget_agents()
    answers["/.well-known/agent-card.json"] = CARD
    with pytest.raises(CardUntrusted, match="is not signed"):
        described(server, Signers((public(OURS),)))
    assert described(server, None) == CARD["name"]


def test_keys_stand_at_a_url_of_the_settings_too(served: tuple[Server, dict[str, Any]]) -> None:
    server, answers = served
    with serving(lambda _: Reply(200, {}, json.dumps({"keys": [public(OURS), "x"]}).encode())) as keys:
        assert described(server, Signers(jwks_url=f"http://{keys.host}/keys")) == CARD["name"]
        assert "authorization" not in keys.requests[0].headers
    tool.forget_agents()
    answers["/keys"] = {"keys": [public(THEIRS)]}
    for place, why in (("keys", "signed by nobody"), ("none", "cannot be had")):
        with pytest.raises(CardUntrusted, match=why):
            described(server, Signers(jwks_url=f"http://{server.host}/{place}"))


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"keys": 7}'])
def test_a_key_set_that_is_none_believes_nobody(served: tuple[Server, dict[str, Any]], text: bytes) -> None:
    with serving(lambda _: Reply(200, {}, text)) as keys, pytest.raises(CardUntrusted):
        described(served[0], Signers(jwks_url=f"http://{keys.host}/"))


def test_a_card_that_was_read_where_no_signature_is_asked_for_is_none_where_one_is(served: tuple[Server, dict[str, Any]]) -> None:
    server, answers = served
    answers["/.well-known/agent-card.json"] = CARD
    assert described(server, None) == CARD["name"]
    with pytest.raises(CardUntrusted):
        described(server, Signers((public(OURS),)))
