"""Our own agent cards, signed where the deployment has a key for that.

In: a card. Out: the card with its signature, which the function that may read the key makes; known for an hour per container.
Never: an unsigned card where a key is configured.
"""

import hashlib
from typing import Final

from chalicelib.errors import Unavailable
from chalicelib.settings import settings
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.ttl_cache import TtlCache
from chalicelib.workflows.errands import SignCard, ask

_MADE: Final[TtlCache[Json]] = TtlCache(seconds=3600.0, size=256)


def signed(card: JsonObject) -> JsonObject:
    """Raises Unavailable."""
    if not settings().card_key:
        return card
    digest = hashlib.sha256(f"{settings().card_key}\n{canonical_json(card)}".encode()).hexdigest()
    signature = _MADE.get(digest)
    if signature is None:
        answer = ask(SignCard(card=card))
        signature = answer.get("result")
        if not isinstance(signature, dict):
            raise Unavailable("the agent card cannot be signed; the setting SLUICE_CARD_KEY and its secret say by whom")
        _MADE.put(digest, signature)
    return card | {"signatures": [signature]}
