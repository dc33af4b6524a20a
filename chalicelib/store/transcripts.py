"""What an agent has said, called and learned so far: one item a conversation, written after each turn and each call. A visit of its node has one, and
another for each resume of the run that began anew.

In: an attempt, a transcript as JSON, the revision that it was made from. Out: the transcript with its revision. Large ones lie in S3. Never: a
transcript written over a newer one, or by an attempt after a newer one has entered; whoever comes too late is told (StaleAttempt).
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from chalicelib.errors import ConditionLost, StaleAttempt
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import Stored, keep, load

_NOT_NEWER: Final = "attribute_not_exists(#holder) OR #holder <= :mine"
_DIGITS: Final = 8  # of each part of a fence, so that fences compare as texts


class KeptTranscript(Record):
    """`revision` counts the writes, from 1; 0, without a body, is a conversation that was entered and has not begun. `holder` is the fence of the
    newest attempt that entered, `saved_by` names the write."""

    body: Stored | None = None
    revision: int = 0
    holder: str = ""
    saved_by: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    body: JsonObject
    revision: int


def standing(attempt: NodeAttempt) -> int:
    """The resume in which the conversation began that was entered last; the attempt's own where none was."""
    resume = attempt.fence.resume
    if not resume:
        return 0
    places = {_key(attempt.model_copy(update={"talk": talk}), ""): talk for talk in range(resume + 1)}
    return max((places[key] for key in table.get_many(list(places))), default=resume)


def find(attempt: NodeAttempt, part: str = "") -> Found | None:
    """The transcript of the attempt's visit, or of an agent that it delegates to (`part`)."""
    kept = _kept(attempt, part)
    if kept is None or kept.body is None:
        return None
    body = load(attempt.organisation_id, kept.body)
    return Found(body if isinstance(body, dict) else {}, kept.revision)


def enter(attempt: NodeAttempt, part: str = "") -> Found | None:
    """The transcript for an attempt that goes on with it: from now on no older one can. Raises StaleAttempt when a newer one has entered."""
    mine = _holder(attempt)
    try:
        table.write(table.assign(_key(attempt, part), {"holder": mine}, condition=_NOT_NEWER, values={"mine": mine}))
    except ConditionLost as lost:
        raise _stale(attempt) from lost
    return find(attempt, part)


def save(attempt: NodeAttempt, body: JsonObject, *, revision: int, part: str = "") -> None:
    """Write `revision`; the one before it must be what is there, and no newer attempt may have entered. Raises StaleAttempt otherwise."""
    stored = keep(attempt.organisation_id, f"runs/{attempt.run_id}/{attempt.node}", body)
    kept = KeptTranscript(body=stored, revision=revision, holder=_holder(attempt), saved_by=uuid4().hex)
    before = "#revision = :before" if revision > 1 else "attribute_not_exists(#revision)"
    values = {"before": revision - 1} if revision > 1 else {}
    write = table.put(item_of(kept, _key(attempt, part)), condition=f"({_NOT_NEWER}) AND {before}", values={**values, "mine": kept.holder})
    try:
        table.write(write)
    except ConditionLost as lost:
        now = _kept(attempt, part)
        if now is None or now.saved_by != kept.saved_by:  # an SDK that repeats a write whose answer was lost is told that it came second
            raise _stale(attempt) from lost


def _kept(attempt: NodeAttempt, part: str) -> KeptTranscript | None:
    item = table.get(_key(attempt, part))
    return None if item is None else record_of(KeptTranscript, item)


def _holder(attempt: NodeAttempt) -> str:
    return ".".join(f"{number:0{_DIGITS}}" for number in attempt.fence.order)


def _stale(attempt: NodeAttempt) -> StaleAttempt:
    return StaleAttempt(f"another attempt of {attempt.node} has gone on with the conversation")


def _key(attempt: NodeAttempt, part: str) -> keys.Key:
    talk = f"#{attempt.talk}" if attempt.talk else ""
    return keys.transcript(attempt.organisation_id, attempt.run_id, attempt.node, f"{attempt.item_path}#{attempt.fence.visit_name}#{part}{talk}")
