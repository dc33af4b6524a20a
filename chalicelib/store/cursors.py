"""List cursors: where a page ended, as a sealed text bound to its list, and to the filter and the order that it was made under.

In: where the last item looked at stands, and the terms of the list, its filter and order. Out: a text, and the place again. The text is encrypted,
since a page ends where it ends, perhaps at something that its reader may not see; and authenticated, so that nobody makes one up. It lapses after an
hour. The partition is never taken from it: it is put back from the list asked for. The key to it is made once per deployment and lies in the table,
which only those read who can read everything.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost, CursorInvalid
from chalicelib.store import keys, table
from chalicelib.store.items import Item
from chalicelib.store.keys import IndexKey

LASTS_SECONDS: Final = 3_600
_NONCE_BYTES = 12
_KEY_BYTES = 32
_ANEW: Final = "ask for the first page anew, without a cursor"


def cursor_of(place: IndexKey, last: Item | None, terms: object = None) -> str | None:
    """The cursor that goes on after `last`; None at the end of the list. `terms`: the list's filter and order, a dataclass."""
    if last is None:
        return None
    return sealed(_list_of(place), (last["PK"].partition("#")[2].partition("#")[2], last["SK"], last[f"GSI{place.index}SK"]), terms)


def start_of(place: IndexKey, organisation_id: str, cursor: str | None, terms: object = None) -> Item | None:
    """The key to go on after. Raises CursorInvalid when the cursor is none of ours, one of another list or under other terms, or has lapsed."""
    if cursor is None:
        return None
    rest, sk, index_sk = opened(_list_of(place), cursor, terms)
    return {"PK": f"ORG#{organisation_id}#{rest}", "SK": sk, f"GSI{place.index}PK": place.pk, f"GSI{place.index}SK": index_sk}


def cursor_in(pk: str, last: Item | None, terms: object = None) -> str | None:
    """As `cursor_of`, of a list that is one partition of the table."""
    return None if last is None else sealed(pk, (last["SK"],), terms)


def start_in(pk: str, cursor: str | None, terms: object = None) -> Item | None:
    """As `start_of`, of a list that is one partition of the table."""
    if cursor is None:
        return None
    (sk,) = opened(pk, cursor, terms)
    return {"PK": pk, "SK": sk}


def sealed(listed: str, position: Sequence[str], terms: object = None) -> str:
    """A cursor at a position of a list; `listed` begins with the list's organisation, as partitions do."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    words = json.dumps([epoch_seconds(), _digest(listed, terms), *position]).encode()
    return base64.urlsafe_b64encode(nonce + AESGCM(_seal()).encrypt(nonce, words, _whose(listed))).decode().rstrip("=")


def opened(listed: str, cursor: str, terms: object = None) -> tuple[str, ...]:
    """The position that a cursor stands for. Raises CursorInvalid."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_at, digest, *position = json.loads(AESGCM(_seal()).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _whose(listed)))
    except (ValueError, binascii.Error, InvalidTag) as fault:
        raise CursorInvalid("no cursor of this list") from fault
    if digest != _digest(listed, terms):
        raise CursorInvalid(f"the cursor is of another list, or was made under another filter or order: {_ANEW}")
    if epoch_seconds() - made_at > LASTS_SECONDS:
        raise CursorInvalid(f"the cursor has lapsed, for it lasts an hour: {_ANEW}")
    return tuple(position)


def forget_seal() -> None:
    """Read the key anew from now on."""
    _seal.cache_clear()


def _list_of(place: IndexKey) -> str:
    return f"{place.pk} {place.index}"


def _whose(listed: str) -> bytes:
    """The organisation, which the seal itself is bound to."""
    return "#".join(listed.split("#", 2)[:2]).encode()


def _digest(listed: str, terms: object) -> str:
    said = json.dumps([listed, terms], default=_plain, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return dict(value) if isinstance(value, Mapping) else str(value)


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
