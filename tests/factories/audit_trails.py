"""Chains of audit entries with their checkpoints, and the ways in which somebody could tamper with them.

In: nothing. Out: `trail()`, a whole chain that holds; `TAMPERINGS`, by name: each takes a chain and chance and gives one that no longer holds.
"""

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.access.audit_chain import ZERO, Checkpoint, Evidence, Head, linked
from chalicelib.access.audit_key import fingerprint_of, is_signed
from chalicelib.spec.model import Json, JsonObject

ORG: Final = "org_a"
OTHER: Final = "org_b"
LENGTH: Final = 30
SIGNED: Final = (7, 15, 24, 30)
NOW: Final = "2026-11-27T12:40:00.000Z"


@dataclass(frozen=True)
class Key:
    """A key that signs checkpoints."""

    private: Ed25519PrivateKey

    @property
    def raw(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.raw)

    def signed(self, organisation_id: str, count: int, hash_: str, at: str) -> Checkpoint:
        bare = Checkpoint(organisation_id, count, hash_, at, self.fingerprint, "")
        return replace(bare, signature=base64.b64encode(self.private.sign(bare.signed_text)).decode())

    def holds(self, checkpoint: Checkpoint) -> bool:
        trusted = {self.fingerprint: base64.b64encode(self.raw).decode()}
        return checkpoint.key in trusted and is_signed(checkpoint.signed_text, checkpoint.signature, trusted[checkpoint.key])


OURS: Final = Key(Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
THEIRS: Final = Key(Ed25519PrivateKey.from_private_bytes(b"\2" * 32))


def body(number: int, organisation_id: str = ORG) -> JsonObject:
    return {
        "organisation_id": organisation_id,
        "number": number,
        "id": f"act_{number:026d}",
        "at": f"2026-11-27T12:{number:02d}:00.000Z",
        "by": ("anna", "bob", "cleo")[number % 3],
        "operation": ("gates.decide", "budgets.set_of_workflow", "versions.publish")[number % 3],
        "address": f"192.0.2.{number}",
        "correlation_id": f"c-{number}",
        "noun": ("gate", "budget", "version")[number % 3],
        "target": f"thing_{number}",
        "verb": ("created", "changed", "deleted")[number % 3],
        "before": '{"limit":1}',
        "after": f'{{"limit":{number}}}',
    }


def chained(bodies: list[JsonObject], previous: str = ZERO) -> list[JsonObject]:
    """Bodies as a chain whose hashes and links hold."""
    entries: list[JsonObject] = []
    for each in bodies:
        entries.append(linked(each, previous=previous))
        previous = str(entries[-1]["hash"])
    return entries


def trail(key: Key = OURS) -> Evidence:
    """A chain of LENGTH entries, whole, under checkpoints at SIGNED."""
    entries = chained([body(number) for number in range(1, LENGTH + 1)])
    checkpoints = [key.signed(ORG, count, str(entries[count - 1]["hash"]), str(entries[count - 1]["at"])) for count in SIGNED]
    return Evidence(ORG, entries, checkpoints, Head(LENGTH, str(entries[-1]["hash"])), NOW)


Tampering = Callable[[Evidence, random.Random], Evidence]


def _with(evidence: Evidence, entries: list[JsonObject]) -> Evidence:
    """The table written anew with these entries, its head too: what somebody with every right on the table can do."""
    head = Head(int(str(entries[-1]["number"])), str(entries[-1]["hash"])) if entries else Head(0, ZERO)
    return replace(evidence, entries=entries, head=head)


def _edit(name: str, value: Json) -> Tampering:
    def tamper(evidence: Evidence, chance: random.Random) -> Evidence:
        entries = list(evidence.entries)
        index = chance.randrange(len(entries))
        entries[index] = {**entries[index], name: value}
        return replace(evidence, entries=entries)

    return tamper


def _edit_and_restamp(name: str, value: Json, *, only_own_hash: bool = False) -> Tampering:
    """The edited entry gets a hash that holds; all behind it, too, unless `only_own_hash`."""

    def tamper(evidence: Evidence, chance: random.Random) -> Evidence:
        entries = list(evidence.entries)
        index = chance.randrange(len(entries) - 1)
        edited = {**entries[index], name: value}
        if only_own_hash:
            entries[index] = linked(edited, previous=str(edited["previous"]))
            return _with(evidence, entries)
        return _with(evidence, entries[:index] + chained([edited, *entries[index + 1 :]], str(entries[index]["previous"])))

    return tamper


def _drop(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    del entries[chance.randrange(len(entries) - 1)]
    return _with(evidence, entries)


def _drop_and_renumber(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    del entries[chance.randrange(len(entries))]
    return _with(evidence, chained([{**entry, "number": number} for number, entry in enumerate(entries, 1)]))


def _drop_range(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    start = chance.randrange(1, len(entries) - 6)
    return _with(evidence, entries[:start] + entries[start + chance.randrange(2, 5) :])


def _swap(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    first, second = sorted(chance.sample(range(len(entries)), 2))
    entries[first], entries[second] = entries[second], entries[first]
    return replace(evidence, entries=entries)


def _swap_and_renumber(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    first, second = sorted(chance.sample(range(len(entries)), 2))
    entries[first], entries[second] = entries[second], entries[first]
    return _with(evidence, chained([{**entry, "number": number} for number, entry in enumerate(entries, 1)]))


def _double(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    index = chance.randrange(len(entries))
    return _with(evidence, [*entries[: index + 1], *entries[index:]])


def _insert(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    index = chance.randrange(1, len(entries))
    new = linked({**body(index + 1), "by": "mallory"}, previous=str(entries[index - 1]["hash"]))
    return _with(evidence, [*entries[:index], new, *entries[index:]])


def _insert_and_restamp(evidence: Evidence, chance: random.Random) -> Evidence:
    bodies = list(evidence.entries)
    bodies.insert(chance.randrange(len(bodies)), {**body(99), "by": "mallory"})
    return _with(evidence, chained([{**each, "number": number} for number, each in enumerate(bodies, 1)]))


def _cut_end(evidence: Evidence, chance: random.Random) -> Evidence:
    return replace(evidence, entries=list(evidence.entries)[: chance.randrange(1, LENGTH)])


def _cut_end_and_head(evidence: Evidence, chance: random.Random) -> Evidence:
    return _with(evidence, list(evidence.entries)[: chance.randrange(1, LENGTH)])


def _cut_beginning(evidence: Evidence, chance: random.Random) -> Evidence:
    return replace(evidence, entries=list(evidence.entries)[chance.randrange(1, LENGTH - 1) :])


def _cut_beginning_and_renumber(evidence: Evidence, chance: random.Random) -> Evidence:
    kept = list(evidence.entries)[chance.randrange(1, LENGTH - 1) :]
    return _with(evidence, chained([{**entry, "number": number} for number, entry in enumerate(kept, 1)]))


def _nothing_left(evidence: Evidence, _chance: random.Random) -> Evidence:
    return _with(evidence, [])


def _entries_gone_head_kept(evidence: Evidence, _chance: random.Random) -> Evidence:
    return replace(evidence, entries=[])


def _foreign_chain(evidence: Evidence, _chance: random.Random) -> Evidence:
    return _with(evidence, chained([body(number, OTHER) for number in range(1, LENGTH + 1)]))


def _foreign_entry(evidence: Evidence, chance: random.Random) -> Evidence:
    entries = list(evidence.entries)
    index = chance.randrange(len(entries))
    entries[index] = linked(body(index + 1, OTHER), previous=str(entries[index]["previous"]))
    return _with(evidence, entries)


def _head(**changes: Any) -> Tampering:
    return lambda evidence, _chance: replace(evidence, head=replace(evidence.head or Head(0, ZERO), **changes))


def _no_head(evidence: Evidence, _chance: random.Random) -> Evidence:
    return replace(evidence, head=None)


def _checkpoint(**changes: Any) -> Tampering:
    """One checkpoint is changed and keeps its signature."""

    def tamper(evidence: Evidence, chance: random.Random) -> Evidence:
        checkpoints = list(evidence.checkpoints)
        index = chance.randrange(len(checkpoints))
        checkpoints[index] = replace(checkpoints[index], **changes)
        return replace(evidence, checkpoints=checkpoints)

    return tamper


def _exchanged_signatures(evidence: Evidence, _chance: random.Random) -> Evidence:
    first, second, *rest = evidence.checkpoints
    return replace(evidence, checkpoints=[replace(first, signature=second.signature), replace(second, signature=first.signature), *rest])


def _signed_by_others(evidence: Evidence, chance: random.Random) -> Evidence:
    checkpoints = list(evidence.checkpoints)
    index = chance.randrange(len(checkpoints))
    old = checkpoints[index]
    checkpoints[index] = THEIRS.signed(old.organisation_id, old.count, old.hash, old.at)
    return replace(evidence, checkpoints=checkpoints)


def _signed_by_others_in_our_name(evidence: Evidence, chance: random.Random) -> Evidence:
    tampered = _signed_by_others(evidence, chance)
    return replace(tampered, checkpoints=[replace(each, key=OURS.fingerprint) for each in tampered.checkpoints])


def _checkpoints_gone(evidence: Evidence, _chance: random.Random) -> Evidence:
    return replace(evidence, checkpoints=[], now="2026-11-28T00:00:00.000Z")


def _last_checkpoints_gone(evidence: Evidence, chance: random.Random) -> Evidence:
    return replace(evidence, checkpoints=list(evidence.checkpoints)[: chance.randrange(1, len(SIGNED))], now="2026-11-28T00:00:00.000Z")


def _all_written_anew(evidence: Evidence, _chance: random.Random) -> Evidence:
    return _with(evidence, chained([{**body(number), "by": "mallory"} for number in range(1, LENGTH + 1)]))


def _all_written_anew_and_signed_by_others(_evidence: Evidence, _chance: random.Random) -> Evidence:
    return trail(THEIRS)


def _beginning_follows_another(evidence: Evidence, _chance: random.Random) -> Evidence:
    return _with(evidence, chained([body(number) for number in range(1, LENGTH + 1)], "f" * 64))


def _without(name: str) -> Tampering:
    def tamper(evidence: Evidence, chance: random.Random) -> Evidence:
        entries = list(evidence.entries)
        index = chance.randrange(len(entries))
        entries[index] = {key: value for key, value in entries[index].items() if key != name}
        return replace(evidence, entries=entries)

    return tamper


FIELDS: Final[Mapping[str, Json]] = {
    "by": "mallory",
    "at": "2026-11-27T12:00:30.000Z",
    "operation": "none",
    "address": "203.0.113.9",
    "correlation_id": "",
    "noun": "secret",
    "target": "thing_other",
    "verb": "peeked",
    "before": "null",
    "after": '{"limit":1000000}',
    "id": "act_x",
    "more": True,
}
TAMPERINGS: Final[Mapping[str, Tampering]] = {
    **{f"edit {name}": _edit(name, value) for name, value in FIELDS.items()},
    **{f"edit {name}, own hash anew": _edit_and_restamp(name, value, only_own_hash=True) for name, value in FIELDS.items()},
    **{f"edit {name}, all hashes behind anew": _edit_and_restamp(name, value) for name, value in list(FIELDS.items())[:6]},
    "edit number": _edit("number", 999),
    "edit hash": _edit("hash", "0" * 64),
    "edit previous": _edit("previous", "0" * 63 + "1"),
    "take a field away": _without("after"),
    "take a hash away": _without("hash"),
    "drop": _drop,
    "drop and renumber": _drop_and_renumber,
    "drop several": _drop_range,
    "exchange two": _swap,
    "exchange two and renumber": _swap_and_renumber,
    "double": _double,
    "insert": _insert,
    "insert, all hashes anew": _insert_and_restamp,
    "cut the end": _cut_end,
    "cut the end and mend the head": _cut_end_and_head,
    "cut the beginning": _cut_beginning,
    "cut the beginning and renumber": _cut_beginning_and_renumber,
    "leave nothing": _nothing_left,
    "leave the head alone": _entries_gone_head_kept,
    "another organisation's chain": _foreign_chain,
    "another organisation's entry": _foreign_entry,
    "head counts less": _head(count=LENGTH - 1),
    "head counts more": _head(count=LENGTH + 5),
    "head has another hash": _head(hash="a" * 64),
    "no head": _no_head,
    "checkpoint counts less": _checkpoint(count=3),
    "checkpoint has another hash": _checkpoint(hash="b" * 64),
    "checkpoint has another time": _checkpoint(at="2026-11-27T00:00:00.000Z"),
    "checkpoint of another organisation": _checkpoint(organisation_id=OTHER),
    "checkpoint of an unknown key": _checkpoint(key="c" * 32),
    "checkpoint without a signature": _checkpoint(signature=""),
    "signatures exchanged": _exchanged_signatures,
    "checkpoint signed by others": _signed_by_others,
    "checkpoint signed by others in our name": _signed_by_others_in_our_name,
    "all checkpoints gone": _checkpoints_gone,
    "the last checkpoints gone": _last_checkpoints_gone,
    "all written anew": _all_written_anew,
    "all written anew and signed by others": _all_written_anew_and_signed_by_others,
    "the beginning follows another": _beginning_follows_another,
}
