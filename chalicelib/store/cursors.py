"""List cursors: where a page ended, as a sealed text bound to its list.

In: the key of the last item looked at. Out: a text, and the key again. The text is encrypted, since a page ends where it ends, perhaps at something
that its reader may not see; and authenticated, so that nobody makes one up. The partition is never taken from it: it is put back from the list asked
for. The key to it is made once per deployment and lies in the table, which only those read who can read everything.
"""

import base64
import binascii
import json
import os
from contextlib import suppress
from functools import lru_cache

from chalicelib.errors import ConditionLost, CursorInvalid
from chalicelib.store import keys, table
from chalicelib.store.items import Item
from chalicelib.store.keys import IndexKey

_NONCE_BYTES = 12
_KEY_BYTES = 32


def cursor_of(place: IndexKey, last: Item | None) -> str | None:
    """The cursor that goes on after `last`; None at the end of the list."""
    if last is None:
        return None
    words = [last["PK"].partition("#")[2].partition("#")[2], last["SK"], last[f"GSI{place.index}SK"]]
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_seal()).encrypt(nonce, json.dumps(words).encode(), _list_of(place))
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def start_of(place: IndexKey, organisation_id: str, cursor: str | None) -> Item | None:
    """The key to go on after. Raises CursorInvalid when the cursor is none of ours, or one of another list."""
    if cursor is None:
        return None
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        rest, sk, index_sk = json.loads(AESGCM(_seal()).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _list_of(place)))
    except (ValueError, binascii.Error, InvalidTag) as fault:
        raise CursorInvalid("no cursor of this list") from fault
    return {"PK": f"ORG#{organisation_id}#{rest}", "SK": sk, f"GSI{place.index}PK": place.pk, f"GSI{place.index}SK": index_sk}


def forget_seal() -> None:
    """Read the key anew from now on."""
    _seal.cache_clear()


def _list_of(place: IndexKey) -> bytes:
    return f"{place.index} {place.pk}".encode()


@lru_cache(maxsize=1)
def _seal() -> bytes:
    """The deployment's key: the first one that was written."""
    key = keys.seal()
    if table.get(key) is None:
        made = base64.b64encode(os.urandom(_KEY_BYTES)).decode()
        with suppress(ConditionLost):
            table.write(table.put({"PK": key.pk, "SK": key.sk, "key": made}, condition=table.ABSENT))
    found = table.get(key)
    assert found is not None
    return base64.b64decode(found["key"])
