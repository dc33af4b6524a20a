"""List cursors: where a page ended, as an opaque text bound to its list.

In: the key of the last item looked at. Out: a text, and the key again. The partition is never taken from the cursor: it is put back from the list
asked for.
"""

import base64
import binascii
import hashlib
import json

from chalicelib.errors import CursorInvalid
from chalicelib.store.items import Item
from chalicelib.store.keys import IndexKey


def cursor_of(place: IndexKey, last: Item | None) -> str | None:
    """The cursor that goes on after `last`; None at the end of the list."""
    if last is None:
        return None
    words = [_fingerprint(place), last["PK"].partition("#")[2].partition("#")[2], last["SK"], last[f"GSI{place.index}SK"]]
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def start_of(place: IndexKey, organisation_id: str, cursor: str | None) -> Item | None:
    """The key to go on after. Raises CursorInvalid when the cursor is none, or one of another list."""
    if cursor is None:
        return None
    try:
        fingerprint, rest, sk, index_sk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, TypeError) as fault:
        raise CursorInvalid("no cursor of this list") from fault
    if fingerprint != _fingerprint(place) or not all(isinstance(word, str) for word in (rest, sk, index_sk)):
        raise CursorInvalid("a cursor of another list")
    return {"PK": f"ORG#{organisation_id}#{rest}", "SK": sk, f"GSI{place.index}PK": place.pk, f"GSI{place.index}SK": index_sk}


def _fingerprint(place: IndexKey) -> str:
    return hashlib.sha256(place.pk.encode()).hexdigest()[:12]
