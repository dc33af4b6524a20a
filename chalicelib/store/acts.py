"""Acts: what people change, noted with the change itself.

In: who acts (`acting`, set around a request), and the writes of one transaction. Out: one act item for each record that people answer for, to be
written in the same transaction: nothing of these kinds changes by a request without a trace, whatever dies afterwards. `access.audit` takes them into
the chain.
Never: a secret, a token or a hash of one; values beyond `MAX_CHARACTERS`, which stand as their digest.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Literal

from chalicelib import ids
from chalicelib.clock import now_text
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys
from chalicelib.store.items import KEY_ATTRIBUTES, Item, item_of
from chalicelib.store.keys import Key
from chalicelib.store.record import Record

ACT: Final = "act"
MAX_CHARACTERS: Final = 2_000  # of one value
MAX_RECORD_CHARACTERS: Final = 20_000
HIDDEN: Final = "(hidden)"
_TELLING: Final = re.compile(r"(^|_)(token|secret|password|hash|passphrase|credential|nonce|signature)s?($|_)")
_ASSIGNED: Final = re.compile(r"#(\w+)")
_NOISE: Final = frozenset({"schema_version", "revision", "updated_at", "expires_at"}) | KEY_ATTRIBUTES
Verb = Literal["created", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by which operation (`budgets.set_of_workflow`), from where."""

    organisation_id: str
    person: str
    operation: str
    address: str = ""
    correlation_id: str = ""


class Act(Record):
    """One change of one record by a person. `before` and `after` hold what differs; a deleted record has no `after`, a new one no `before`."""

    id: str
    order: str  # nanoseconds: acts of one millisecond keep their order, too
    at: str
    by: str
    operation: str
    address: str = ""
    correlation_id: str = ""
    noun: str
    target: str
    verb: Verb
    before: str = "null"  # canonical JSON
    after: str = "null"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that people answer for: where it stands, and which fields matter (`only`), or do not (`quiet`). A key that ends with `#` goes
    on; an empty one is any."""

    noun: str
    pk: str
    sk: str
    only: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()

    def stands_at(self, pk: str, sk: str) -> bool:
        """`pk` without its organisation."""
        return _fits(self.pk, pk) and _fits(self.sk, sk)

    def matters(self, fields: frozenset[str]) -> bool:
        told = fields - _NOISE - self.quiet
        return bool(told & self.only if self.only else told)


KINDS: Final = (
    Kind("workflow", "WORKFLOW#", "WORKFLOW", quiet=frozenset({"reserved_version", "latest_version", "latest_version_id"})),
    Kind("draft", "WORKFLOW#", "DRAFT#", quiet=frozenset({"base_version"})),
    Kind("version", "VERSION#", "VERSION"),
    Kind("starter", "STARTER#", "STARTER"),
    Kind("run", "RUN#", "RUN", only=frozenset({"cancel_requested_by", "cancel_reason", "resume"})),
    Kind("queue", "SLOTS", "WORKFLOW#", only=frozenset({"limit", "paused"})),
    Kind("gate", "GATE#", "GATE", only=frozenset({"decision", "votes"})),
    Kind("budget", "BUDGET", ""),
    Kind("secret-rights", "SECRETS", ""),
    Kind("imported-api", "API#", "API"),
    Kind("external-agent", "AGENT#", "AGENT"),
    Kind("cache", "CACHE", "GENERATION"),
    Kind("organisation", "ORGANISATION", "ORGANISATION"),
    Kind("member", "MEMBER#", "MEMBER"),
    Kind("person", "PERSON#", "PERSON"),
    Kind("api-key", "APIKEY#", "APIKEY", quiet=frozenset({"used_on"})),
    Kind("invitation", "INVITATION#", "INVITATION"),
    Kind("cache-job", "JOB#", "JOB", quiet=frozenset({"status", "results", "lease_owner", "lease_until"})),
    Kind("push", "RUN#", "PUSH#", quiet=frozenset({"tried_count", "told_at"})),
    Kind("memory", "WORDS#", "ENTRY#"),
    Kind("trigger", "TRIGGER#", "TRIGGER", quiet=frozenset({"handled_from", "synced_revision"})),
    Kind("channel", "CHANNEL#", "CHANNEL"),
)
_ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Within it, what is written is this actor's."""
    before = _ACTOR.set(actor)
    try:
        yield
    finally:
        _ACTOR.reset(before)


def actor() -> Actor | None:
    """Who acts; None where the system works by itself."""
    return _ACTOR.get()


def kind_of(key: Key) -> Kind | None:
    """The kind of a record that people answer for; None for all others."""
    rest = key.pk.partition("#")[2].partition("#")[2]
    return next((kind for kind in KINDS if kind.stands_at(rest, key.sk)), None)


def _fits(pattern: str, text: str) -> bool:
    return text.startswith(pattern) if pattern.endswith("#") or not pattern else text == pattern


@dataclass(frozen=True, slots=True)
class Changing:
    """A write as far as an act tells of it: `sets` are the new values by attribute (None: taken away), `whole` that nothing of the old stays."""

    key: Key
    kind: Literal["Put", "Update", "Delete", "ConditionCheck"]
    sets: Mapping[str, Any]
    names: frozenset[str]
    is_new: bool

    @property
    def is_told(self) -> bool:
        kind = kind_of(self.key)
        if kind is None or self.kind == "ConditionCheck":
            return False
        return self.is_new or self.kind == "Delete" or kind.matters(self.names)


def named_in(expression: str) -> frozenset[str]:
    """The attributes that an update names."""
    return frozenset(_ASSIGNED.findall(expression))


def items_of(changes: Iterable[Changing], before: Mapping[Key, Item]) -> list[Item]:
    """The acts of the present actor for these changes, as items. `before`: the records as they stand."""
    who = _ACTOR.get()
    if who is None:
        return []
    found = (_act(who, change, before.get(change.key)) for change in changes)
    return [_item(act, who.organisation_id) for act in found if act.verb != "changed" or act.before != act.after]


def noted(noun: str, target: str, verb: Verb, after: Json = None) -> Item | None:
    """An act upon what does not stand in the table, such as a secret; None where nobody acts."""
    who = _ACTOR.get()
    return None if who is None else _item(_new(who, noun, target, verb, None, after), who.organisation_id)


def _item(act: Act, organisation_id: str) -> Item:
    return item_of(act, keys.act(organisation_id, act.order, act.id))


def _act(who: Actor, change: Changing, before: Item | None) -> Act:
    kind = kind_of(change.key)
    assert kind is not None
    old = _fields(before or {})
    match change.kind:
        case "Delete":
            return _new(who, kind.noun, _target(change.key, kind), "deleted", old, None)
        case "Put":
            new = _fields(change.sets)
        case _:
            new = old | _fields(change.sets)
    verb: Verb = "changed" if before else "created"
    differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - _NOISE
    return _new(who, kind.noun, _target(change.key, kind), verb, _only(old, differing) if before else None, _only(new, differing))


def _new(who: Actor, noun: str, target: str, verb: Verb, before: Json, after: Json) -> Act:
    return Act(
        id=ids.new_id(ACT),
        order=f"{time.time_ns():020d}",
        at=now_text(),
        by=who.person,
        operation=who.operation,
        address=who.address,
        correlation_id=who.correlation_id,
        noun=noun,
        target=target,
        verb=verb,
        before=_bounded(before),
        after=_bounded(after),
    )


def _bounded(value: Json) -> str:
    """A record with very many fields stands as its digest, so that a page of entries stays a page."""
    text = canonical_json(value)
    return text if len(text) <= MAX_RECORD_CHARACTERS else canonical_json(_digest(text))


def _digest(text: str) -> JsonObject:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def _target(key: Key, kind: Kind) -> str:
    rest = key.pk.partition("#")[2].partition("#")[2].removeprefix(kind.pk).strip("#")
    return f"{rest}/{key.sk}".strip("/") if not kind.sk or kind.sk.endswith("#") else rest


def _only(fields: JsonObject, names: set[str]) -> JsonObject:
    return {name: value for name, value in sorted(fields.items()) if name in names and value is not None}


def _fields(item: Mapping[str, Any]) -> JsonObject:
    return {name: _shown(name, value) for name, value in item.items() if name not in _NOISE}


def _shown(name: str, value: Any) -> Json:
    """A value as an act may tell it."""
    if value is not None and _TELLING.search(name):
        return HIDDEN
    match value:
        case dict():
            shown: Json = {str(key): _shown(str(key), member) for key, member in value.items()}
        case list() | tuple():
            shown = [_shown("", member) for member in value]
        case set() | frozenset():
            shown = [*sorted(str(member) for member in value)]
        case str() | bool() | int() | float() | None:
            shown = value
        case _:
            shown = str(value)
    text = shown if isinstance(shown, str) else canonical_json(shown)
    return shown if len(text) <= MAX_CHARACTERS else _digest(text)
