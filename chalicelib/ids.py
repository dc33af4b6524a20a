"""Ids: a prefix and a ULID (https://github.com/ulid/spec), so that ids of one kind sort by the time they were made.

In: a prefix, or what a derived id stands for. Out: texts such as `run_01JD…`. `derived_id` gives one id for one meaning: doing a thing twice finds
the first.
"""

import hashlib
import secrets
import time
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_TIME_BITS: Final = 48
_CHANCE_BITS: Final = 80
_LENGTH: Final = 26
_TIME_LETTERS: Final = 10

WORKFLOW: Final = "wf"
VERSION: Final = "ver"
RUN: Final = "run"
GATE: Final = "gate"
MESSAGE: Final = "msg"
HOOK: Final = "hook"
JOB: Final = "job"
TRIGGER: Final = "trg"
CHANNEL: Final = "chan"
CONTACT: Final = "con"
CONVERSATION: Final = "conv"


def new_id(prefix: str) -> str:
    """A new id; its first part is the time in milliseconds."""
    return f"{prefix}_{_ulid(time.time_ns() // 1_000_000, secrets.randbits(_CHANCE_BITS))}"


def derived_id(prefix: str, *meaning: str, time_of: str = "") -> str:
    """The id that always belongs to `meaning`. It takes its time from the id `time_of`, if given, and so sorts beside it."""
    chance = int.from_bytes(hashlib.sha256("\x1f".join(meaning).encode()).digest()[: _CHANCE_BITS // 8])
    return f"{prefix}_{_ulid(_milliseconds(time_of), chance)}"


def time_prefix(prefix: str, milliseconds: int) -> str:
    """What ids made at that time begin with."""
    return f"{prefix}_{_ulid(milliseconds, 0)[:_TIME_LETTERS]}"


def is_id(text: str, prefix: str) -> bool:
    """Whether a text has the form of an id of that kind."""
    head, _, ulid = text.partition("_")
    return head == prefix and len(ulid) == _LENGTH and set(ulid) <= set(_ALPHABET)


def _ulid(milliseconds: int, chance: int) -> str:
    number = (milliseconds & ((1 << _TIME_BITS) - 1)) << _CHANCE_BITS | chance
    return "".join(_ALPHABET[number >> shift & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))


def _milliseconds(other_id: str) -> int:
    number = 0
    for letter in other_id.rpartition("_")[2][:_TIME_LETTERS]:
        number = number << 5 | max(_ALPHABET.find(letter), 0)
    return number
