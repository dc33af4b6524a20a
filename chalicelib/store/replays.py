"""The repository of answers given: what a request with an idempotency key was told, for whoever asks the same again.

In: who asks with which key, and the digest of what they ask. Out: the claim to answer it, or what is known already. Of two at once one gets the
claim; a claim whose holder died falls free after a while. Never: an answer that tells a secret; whoever answers sees to that.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.values import Stored

_FREE = "attribute_not_exists(PK) OR #lapses_at < :now OR (attribute_not_exists(#answer) AND #claimed_until < :now AND #digest = :digest)"


class GivenAnswer(Record):
    status: int
    headers: dict[str, str]
    body: Stored


class Replay(Record):
    """`claim` is the holder's own; times are epoch seconds."""

    digest: str
    claim: str
    claimed_until: int
    lapses_at: int
    answer: GivenAnswer | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks what, with which key."""

    organisation_id: str
    person: str
    route: str
    key: str

    @property
    def place(self) -> keys.Key:
        return keys.replay(self.organisation_id, sha256(f"{self.person}\0{self.route}\0{self.key}".encode()).hexdigest())


def claim(asked: Asked, wanted: Replay, *, now: int) -> Replay | None:
    """Take the claim; None. Or what is there in its way."""
    item = item_of(wanted, asked.place, expires_at=wanted.lapses_at)
    with suppress(ConditionLost):
        table.write(table.put(item, condition=_FREE, values={"now": now, "digest": wanted.digest}))
        return None
    found = table.get(asked.place)
    return record_of(Replay, found) if found else wanted  # released this moment: as if it were still being answered


def settle(asked: Asked, given: Replay) -> None:
    """Keep the answer, unless the claim has gone to somebody else."""
    with suppress(ConditionLost):
        item = item_of(given, asked.place, expires_at=given.lapses_at)
        table.write(table.put(item, condition="#claim = :claim", values={"claim": given.claim}))


def release(asked: Asked, held: Replay) -> None:
    """Give the claim back: nothing came of it."""
    with suppress(ConditionLost):
        table.write(table.delete(asked.place, condition="#claim = :claim", values={"claim": held.claim}))
