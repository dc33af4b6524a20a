"""What an agent has said, called and learned so far: one item a visit of its node, written after each turn and each call.

In: an attempt, a transcript as JSON, the revision that it was made from. Out: the transcript with its revision. Large ones lie in S3. Never: a
transcript written over a newer one; whoever comes too late is told (StaleAttempt).
"""

from dataclasses import dataclass

from chalicelib.errors import ConditionLost, StaleAttempt
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import Stored, keep, load


class KeptTranscript(Record):
    """`revision` counts the writes, from 1."""

    body: Stored
    revision: int


@dataclass(frozen=True, slots=True)
class Found:
    body: JsonObject
    revision: int


def find(attempt: NodeAttempt, part: str = "") -> Found | None:
    """The transcript of the attempt's visit, or of an agent that it delegates to (`part`)."""
    item = table.get(_key(attempt, part))
    if item is None:
        return None
    kept = record_of(KeptTranscript, item)
    body = load(attempt.organisation_id, kept.body)
    return Found(body if isinstance(body, dict) else {}, kept.revision)


def save(attempt: NodeAttempt, body: JsonObject, *, revision: int, part: str = "") -> None:
    """Write `revision`; the one before it must be what is there. Raises StaleAttempt when another attempt has gone on."""
    kept = KeptTranscript(body=keep(attempt.organisation_id, f"runs/{attempt.run_id}/{attempt.node}", body), revision=revision)
    condition, values = ("#revision = :before", {"before": revision - 1}) if revision > 1 else (table.ABSENT, {})
    try:
        table.write(table.put(item_of(kept, _key(attempt, part)), condition=condition, values=values))
    except ConditionLost as lost:
        raise StaleAttempt(f"another attempt of {attempt.node} has gone on with the conversation") from lost


def _key(attempt: NodeAttempt, part: str) -> keys.Key:
    return keys.transcript(attempt.organisation_id, attempt.run_id, attempt.node, f"{attempt.item_path}#{attempt.fence.visit}#{part}")
