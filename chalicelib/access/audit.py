"""The audit: who changed or decided what, when, from where, in one hash chain per organisation under signed checkpoints.

In: the acts that stand in the table (`store.acts` notes them with each change). Out: entries of the chain; checkpoints; pages of both.
`take_in` runs at the table's stream and once a minute from the sweeper; `checkpoint` once a minute. Each may run twice, or die anywhere.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib.access import audit_key
from chalicelib.access.audit_chain import Checkpoint, linked
from chalicelib.access.principal import Principal
from chalicelib.clock import epoch_seconds, now_text, time_text
from chalicelib.errors import ConditionLost
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import acts, audit_checkpoints, audit_entries, table
from chalicelib.store.acts import Act
from chalicelib.store.audit_entries import BATCH, ChainHead, EntryPage

_TRIES: Final = 30
_DAY: Final = 86_400
_AT_ONCE: Final = timedelta(minutes=15)  # no request lasts longer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Entries of a person, of one kind of change, one operation, one noun, one thing (with its noun), one time: both ends are included."""

    by: str | None = None
    verb: acts.Verb | None = None
    operation: str | None = None
    noun: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, entry: JsonObject) -> bool:
        at = str(entry["at"])
        named = {"by": self.by, "verb": self.verb, "operation": self.operation, "noun": self.noun, "target": self.target}
        return (
            all(wanted in {None, entry[name]} for name, wanted in named.items())
            and (self.since is None or time_text(self.since) <= at)
            and (self.until is None or at <= time_text(self.until))
        )


def note(noun: str, target: str, verb: acts.Verb) -> None:
    """What the present actor is about to do to something that does not stand in the table. Noted first: there is no deed without its trace."""
    item = acts.noted(noun, target, verb)
    if item is not None:
        table.write(table.put(item, condition=table.ABSENT))


def take_in(organisation_id: str) -> int:
    """All waiting acts become entries; how many. Raises Contention where others keep being first."""
    taken = 0
    for attempt in range(_TRIES):
        waiting = audit_entries.list_acts(organisation_id)
        if not waiting:
            return taken
        head = audit_entries.get_head(organisation_id)
        try:
            audit_entries.append(organisation_id, waiting, _entries(organisation_id, waiting, head), head, expires_at=_expiry())
        except ConditionLost:
            table.pause(min(attempt, 5))
            continue
        taken += len(waiting)
        if len(waiting) < BATCH:
            return taken
    raise audit_entries.contended(organisation_id)


def checkpoint(organisation_id: str) -> bool:
    """Sign how far the chain has come, if it has come further. Whether it had."""
    head = audit_entries.get_head(organisation_id)
    if head.count <= head.signed_count:
        return False
    key = audit_key.public_key()
    unsigned = Checkpoint(organisation_id, head.count, head.hash, now_text(), key.fingerprint, "")
    signed: JsonObject = {**asdict(unsigned), "signature": audit_key.sign(unsigned.signed_text)}
    audit_checkpoints.put_public_key(key.fingerprint, key.document)
    audit_checkpoints.put_checkpoint(organisation_id, head.count, signed)
    audit_entries.mark_signed(organisation_id, head.count)
    return True


def list_newest(principal: Principal, wanted: Wanted, *, limit: int, before: int | None = None, cursor: str | None = None) -> EntryPage:
    """Entries that fit, newest first, below a number or after a cursor. A page may be short, or empty, and still have one.

    One thing's own stand in an index; `since` and `until` say where to begin and to end; what else is asked is asked of what these give. Raises
    CursorInvalid.
    """
    organisation_id = principal.organisation_id

    def keep(found: Sequence[JsonObject]) -> list[JsonObject]:
        return [entry for entry in found if wanted.holds(entry)]

    if wanted.noun is not None and wanted.target is not None:
        return audit_entries.list_of_target(organisation_id, wanted.noun, wanted.target, limit=limit, cursor=cursor, keep=keep, terms=wanted)
    above, last = _numbers(organisation_id, wanted, before)
    return audit_entries.list_newest(organisation_id, above=above, last=last, limit=limit, cursor=cursor, keep=keep, terms=wanted)


def _numbers(organisation_id: str, wanted: Wanted, before: int | None) -> tuple[int, int]:
    """The entries of that time lie above the first number, and not above the second. Acts of one moment may be taken in after later ones."""
    above = audit_entries.first_since(organisation_id, time_text(wanted.since - _AT_ONCE)) - 1 if wanted.since else 0
    last = audit_entries.first_since(organisation_id, time_text(wanted.until + _AT_ONCE)) - 1 if wanted.until else None
    if last is None and before is None:
        last = audit_entries.get_head(organisation_id).count
    return above, min(number for number in (last, before - 1 if before is not None else None) if number is not None)


def list_in_order(principal: Principal, *, after: int, limit: int) -> tuple[tuple[JsonObject, ...], ChainHead]:
    """Entries above a number, oldest first, and where the chain ends: what a check and an export read."""
    head = audit_entries.get_head(principal.organisation_id)
    return audit_entries.list_entries(principal.organisation_id, after=after, limit=limit), head


def list_checkpoints(principal: Principal, *, after: int, limit: int) -> tuple[tuple[JsonObject, ...], tuple[JsonObject, ...]]:
    """Checkpoints over more entries than `after`, and the public keys."""
    return audit_checkpoints.list_checkpoints(principal.organisation_id, after=after, limit=limit), audit_checkpoints.list_public_keys()


def kept_since() -> str:
    """What was recorded before may be gone."""
    return time_text(datetime.now(UTC) - timedelta(days=settings().audit_days))


def _entries(organisation_id: str, waiting: tuple[Act, ...], head: ChainHead) -> tuple[JsonObject, ...]:
    entries: list[JsonObject] = []
    previous = head.hash
    for number, act in enumerate(waiting, head.count + 1):
        body: dict[str, Json] = act.model_dump(mode="json", exclude={"schema_version", "order"})
        entries.append(linked({"organisation_id": organisation_id, "number": number, **body}, previous=previous))
        previous = str(entries[-1]["hash"])
    return tuple(entries)


def _expiry() -> int:
    return epoch_seconds() + settings().audit_days * _DAY
