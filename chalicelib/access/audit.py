"""The audit: who changed or decided what, when, from where, in one hash chain per organisation under signed checkpoints.

In: the acts that stand in the table (`store.acts` notes them with each change). Out: entries of the chain; checkpoints; pages of both.
`take_in` runs at the table's stream and once a minute from the sweeper; `checkpoint` once a minute. Each may run twice, or die anywhere.
"""

from dataclasses import asdict
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
from chalicelib.store.audit_entries import BATCH, ChainHead

_TRIES: Final = 30
_DAY: Final = 86_400


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


def list_latest(principal: Principal, *, before: int | None, limit: int) -> tuple[JsonObject, ...]:
    """Newest first, below a number."""
    return audit_entries.list_latest(principal.organisation_id, before=before, limit=limit)


def list_of_target(principal: Principal, noun: str, target: str, *, limit: int, cursor: str | None) -> audit_entries.EntryPage:
    """What was done to one thing, newest first."""
    return audit_entries.list_of_target(principal.organisation_id, noun, target, limit=limit, cursor=cursor)


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
