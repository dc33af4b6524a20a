"""The audit's hash chain, as values: how an entry is linked, and what a check of the whole finds. Pure.

In: entries, checkpoints, the head. Out: `Finding`s, none where everything holds. h(n) = SHA-256(h(n-1) || canonical JSON of entry n), h(0) = zeros.

What is found: an edited, dropped, inserted, exchanged or doubled entry (its hash or its link does not hold), a cut end (a checkpoint or the head
counts more), a chain that was written anew (a signed checkpoint has another hash), a forged or exchanged checkpoint (its signature does not hold), a
cut beginning (more is gone than retention takes), a chain of another organisation, checkpoints that stopped coming.
What cannot be found: what was changed before the first checkpoint over it was signed, within the minutes that `UNSIGNED_SECONDS` allows.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject

ZERO: Final = "0" * 64
UNSIGNED_SECONDS: Final = 900  # an entry older than this lies under a checkpoint
_LINK: Final = frozenset({"hash"})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The organisation's chain had `count` entries and this last hash at that time; signed with the key of that fingerprint."""

    organisation_id: str
    count: int
    hash: str
    at: str
    key: str
    signature: str  # base64

    @property
    def signed_text(self) -> bytes:
        return canonical_json(
            {"organisation_id": self.organisation_id, "count": self.count, "hash": self.hash, "at": self.at, "key": self.key}
        ).encode()


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends, as the table says."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with which entry. `code` is stable."""

    code: str
    number: int
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a check looks at. `kept_since`: what is older may be gone by retention; `now`: the time of the check."""

    organisation_id: str
    entries: Sequence[JsonObject]
    checkpoints: Sequence[Checkpoint]
    head: Head | None
    now: str
    kept_since: str = ""


def linked(entry: JsonObject, *, previous: str) -> JsonObject:
    """The entry with its link and its hash."""
    whole: JsonObject = {**{name: value for name, value in entry.items() if name != "hash"}, "previous": previous}
    return {**whole, "hash": hash_of(whole)}


def hash_of(entry: Mapping[str, Json]) -> str:
    """The hash of an entry that holds its `previous`."""
    body = canonical_json({name: value for name, value in entry.items() if name not in _LINK})
    return hashlib.sha256(f"{entry.get('previous')}{body}".encode()).hexdigest()


def check_chain(evidence: Evidence, is_signed: Callable[[Checkpoint], bool]) -> list[Finding]:
    """Everything that does not hold. `is_signed` checks a checkpoint's signature against the keys that the checker trusts."""
    checks = (_entries, _links, _beginning, _end, _checkpoints, _unsigned)
    return [finding for check in checks for finding in check(evidence, is_signed)]


def _entries(evidence: Evidence, _is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    for entry in evidence.entries:
        number = _number(entry)
        if entry.get("organisation_id") != evidence.organisation_id:
            yield Finding("foreign", number, "this entry belongs to another organisation")
        if not _holds(entry):
            yield Finding("edited", number, "this entry is not what was recorded: its hash does not hold")


def _holds(entry: JsonObject) -> bool:
    try:
        return entry.get("hash") == hash_of(entry)
    except ValueError:
        return False


def _links(evidence: Evidence, _is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    for before, after in pairwise(evidence.entries):
        if _number(after) != _number(before) + 1:
            yield Finding("gap", _number(after), f"entry {_number(before)} comes before this one: entries are missing, doubled or out of order")
        elif after.get("previous") != before.get("hash"):
            yield Finding("unlinked", _number(after), "this entry does not follow the one before it")


def _beginning(evidence: Evidence, is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    if not evidence.entries:
        return
    first = evidence.entries[0]
    number = _number(first)
    if number == 1 and first.get("previous") != ZERO:
        yield Finding("unlinked", 1, "the first entry follows another")
    if number > 1 and number - 1 > _may_be_gone(evidence, is_signed):
        yield Finding("cut-beginning", number, f"entries before {number} are gone, and retention has not taken them")


def _may_be_gone(evidence: Evidence, is_signed: Callable[[Checkpoint], bool]) -> int:
    """Up to which number retention may have taken entries: those under the first checkpoint that is still within it."""
    if not evidence.kept_since:
        return 0
    within = [each.count for each in evidence.checkpoints if is_signed(each) and each.at >= evidence.kept_since]
    return min(within) if within else max((each.count for each in evidence.checkpoints), default=0)


def _end(evidence: Evidence, _is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    last = _number(evidence.entries[-1]) if evidence.entries else 0
    head = evidence.head or Head(0, ZERO)
    if head.count != last and (evidence.entries or not evidence.kept_since):
        yield Finding("cut-end", last, f"the chain's record counts {head.count} entries, the last one is {last}")
    elif evidence.entries and head.hash != evidence.entries[-1].get("hash"):
        yield Finding("restamped", last, "the chain's record ends in another hash")


def _checkpoints(evidence: Evidence, is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    by_number = {_number(entry): entry for entry in evidence.entries}
    last = max(by_number, default=0)
    for each in evidence.checkpoints:
        if each.organisation_id != evidence.organisation_id or not is_signed(each):
            yield Finding("forged-checkpoint", each.count, "this checkpoint's signature does not hold for this organisation")
        elif each.count > last and by_number:
            yield Finding("cut-end", each.count, f"a signed checkpoint counts {each.count} entries, the last one is {last}")
        elif each.count > last and each.at >= evidence.kept_since:
            yield Finding("cut-end", each.count, f"a signed checkpoint counts {each.count} entries, and there is none")
        elif each.count in by_number and by_number[each.count].get("hash") != each.hash:
            yield Finding("restamped", each.count, "a signed checkpoint has another hash for this entry: the chain was written anew")


def _unsigned(evidence: Evidence, is_signed: Callable[[Checkpoint], bool]) -> Iterator[Finding]:
    signed = max((each.count for each in evidence.checkpoints if is_signed(each)), default=0)
    late = [
        entry for entry in evidence.entries if _number(entry) > signed and _seconds_between(str(entry.get("at")), evidence.now) > UNSIGNED_SECONDS
    ]
    if late:
        yield Finding("unsigned", _number(late[0]), "no checkpoint lies over this entry, though time enough has passed: checkpoints are missing")


def _seconds_between(first: str, last: str) -> float:
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")


def _number(entry: JsonObject) -> int:
    number = entry.get("number")
    return number if isinstance(number, int) and not isinstance(number, bool) else -1
