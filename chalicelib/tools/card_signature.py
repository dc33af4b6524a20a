"""Signatures of agent cards: JWS (RFC 7515) with the payload left out, over canonical JSON (RFC 8785), as A2A has them and its SDK makes them.

In: a card, and whom the deployment trusts to sign it; or a card and a private key (JWK). Out: nothing, or CardUntrusted; or the signature.
Trusted keys are public and asymmetric, and each is used with its own algorithm. Never: a key, or a place of keys, that a card itself names.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import CardUntrusted
from chalicelib.tools.ports import Signers

if TYPE_CHECKING:
    from a2a.types.a2a_pb2 import AgentCard

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA")
_ASYMMETRIC: Final = frozenset(("EC", "RSA", "OKP"))

Fetch = Callable[[str], Awaitable[bytes]]


async def trusted_keys(signers: Signers, fetch: Fetch) -> list[JsonObject]:
    """Those that are named, and those that stand at the JWKS URL now. Raises CardUntrusted, and what `fetch` raises."""
    keys = [*signers.keys]
    if signers.jwks_url:
        keys += _keys_of(await fetch(signers.jwks_url))
    return keys


def _keys_of(text: bytes) -> list[JsonObject]:
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CardUntrusted("what stands at the agent's jwks_url is no JSON") from error
    keys = found.get("keys") if isinstance(found, dict) else None
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def verify(card: "AgentCard", keys: Sequence[JsonObject]) -> None:
    """Raises CardUntrusted unless one of the keys signed the card."""
    from a2a.utils.signing import SignatureVerificationError, create_signature_verifier

    try:
        create_signature_verifier(_provider(keys), list(ALGORITHMS))(card)
    except SignatureVerificationError as error:
        why = "is not signed" if not card.signatures else "is signed by nobody whom its setting `signed_by` names"
        raise CardUntrusted(f"the agent's card {why}") from error


def _provider(keys: Sequence[JsonObject]) -> Callable[[str | None, str | None], Any]:
    """The trusted key of an id; the only one, where a signature names none. Where the card says that keys stand (`jku`) is not looked at."""
    from jwt.api_jwk import PyJWK
    from jwt.exceptions import PyJWKError

    public = [key for key in keys if key.get("kty") in _ASYMMETRIC]

    def key_of(kid: str | None, _jku: str | None) -> PyJWK:
        fitting = [key for key in public if key.get("kid") == kid] if kid else public
        if len(fitting) != 1:
            raise PyJWKError("no such key")
        return PyJWK(dict(fitting[0]))

    return key_of


def sign(card: JsonObject, private_key: str) -> JsonObject:
    """`{protected, signature}`. Raises CardUntrusted, without the key, where that is no private JWK."""
    from a2a.types.a2a_pb2 import AgentCard
    from a2a.utils.signing import create_agent_card_signer
    from google.protobuf.json_format import ParseDict
    from jwt.api_jwk import PyJWK
    from jwt.exceptions import PyJWTError

    message = ParseDict(card, AgentCard(), ignore_unknown_fields=True)
    try:
        jwk = json.loads(private_key)
        key = PyJWK(jwk)
        if jwk.get("kty") not in _ASYMMETRIC or "d" not in jwk:
            raise ValueError("no private key")
        create_agent_card_signer(key, {"kid": str(jwk.get("kid") or ""), "alg": key.algorithm_name, "jku": None, "typ": "JOSE"})(message)
    except (PyJWTError, ValueError, TypeError, AttributeError):
        raise CardUntrusted("the secret that SLUICE_CARD_KEY names holds no private key as a JWK (EC, RSA or OKP)") from None
    made = message.signatures[0]
    return {"protected": made.protected, "signature": made.signature}
