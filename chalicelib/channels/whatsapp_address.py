"""Who and when, as WhatsApp writes it.

In: objects of its webhooks. Out: addresses, the number before the ids; times as text. Since people may hide their number, it may be missing, and
either kind may stand where only the number stood before. Pure.
"""

import re
from typing import Final

from chalicelib.channels.inbound import Address
from chalicelib.channels.vendor_json import text_at
from chalicelib.clock import seconds_text
from chalicelib.spec.model import JsonObject

EPOCH: Final = "1970-01-01T00:00:00.000Z"  # of what tells no time: old enough for any window to be closed
_PHONE: Final = re.compile(r"\+?([0-9]{3,20})")
_STAMP: Final = re.compile(r"[0-9]{1,16}")
_MILLISECONDS_FROM: Final = 10**12  # in seconds, that is the year 33,658


def address_of(told: str) -> Address | None:
    """A number, or an id that holds for one business portfolio (`CC.` and up to 128 letters), which is found in fields for numbers too."""
    phone = _PHONE.fullmatch(told)
    if phone is not None:
        return Address("phone", phone[1])
    return Address("scoped_id", told) if told else None


def id_of(told: str) -> Address | None:
    return Address("scoped_id", told) if told else None


def addresses_of(told: JsonObject, phone: str, *ids: str) -> tuple[Address, ...]:
    """The keys of a number and of ids; what is missing is left out."""
    found = (address_of(text_at(told, phone)), *(id_of(text_at(told, key)) for key in ids))
    return tuple(dict.fromkeys(address for address in found if address is not None))


def moment(stamp: str, otherwise: str = EPOCH) -> str:
    """Seconds since the epoch, which sometimes come as milliseconds, as UTC."""
    if _STAMP.fullmatch(stamp) is None:
        return otherwise
    number = int(stamp)
    try:
        return seconds_text(number / 1000 if number >= _MILLISECONDS_FROM else number)
    except (ValueError, OverflowError, OSError):
        return otherwise
