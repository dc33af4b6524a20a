"""The repository of token buckets: one item each, a single number in it.

In: buckets with their rate and burst, how many tokens are wanted of each. Out: what each gave, in one call where the caller knows how
full they are.
A bucket is kept as the moment at which it will be full again (GCRA, the leaky bucket as a meter: ITU-T I.371), so that it refills by itself.
Never: more tokens given in any while than its rate and its burst allow, whoever takes at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.keys import Key
from chalicelib.store.table import Write

SECOND: Final = 1_000_000  # buckets count microseconds
_KEPT_SECONDS: Final = 3600  # beyond the moment at which it is full: then it is like one that was never used
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Bucket:
    """`name` is what callers are told: `caller` or `organisation`. Of a bucket that belongs to no one caller, `caller` is empty."""

    name: str
    organisation_id: str
    kind: str
    caller: str
    per_second: float
    burst: int

    @property
    def key(self) -> Key:
        return keys.bucket(self.organisation_id, self.kind, self.caller)

    @property
    def step(self) -> int:
        """How long a token takes to come back."""
        return max(round(SECOND / self.per_second), 1)

    def left(self, full_at: int, now: int) -> int:
        """Tokens that are in it."""
        return max((now + self.burst * self.step - max(full_at, now)) // self.step, 0)

    def seconds_to_one(self, full_at: int, now: int) -> float:
        """Until there is a token."""
        return max(full_at - now - (self.burst - 1) * self.step, 0) / SECOND


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket gave, and when it will be full."""

    tokens: int
    full_at: int


def take(wanted: Mapping[Bucket, int], known: Mapping[Bucket, int], *, now: int) -> dict[Bucket, Taken] | None:
    """Take what is wanted of all buckets, or as much as there is; nothing of any where one is empty. `known`: when each will be full, as far as the
    caller knows. None where others always come first."""
    full_at = {bucket: known.get(bucket, 0) for bucket in wanted}
    for _ in range(_TRIES):
        taken = {bucket: _given(bucket, count, full_at[bucket], now) for bucket, count in wanted.items()}
        if not all(each.tokens for each in taken.values()):
            return {bucket: Taken(0, full_at[bucket]) for bucket in wanted}
        try:
            _write([_taking(bucket, full_at[bucket], each, now) for bucket, each in taken.items()])
        except ConditionLost:
            full_at = _read(tuple(wanted))
        else:
            return taken
    return None


def _given(bucket: Bucket, count: int, full_at: int, now: int) -> Taken:
    tokens = min(count, bucket.left(full_at, now))
    return Taken(tokens, max(full_at, now) + tokens * bucket.step)


def _taking(bucket: Bucket, before: int, taken: Taken, now: int) -> Write:
    """One that fills is added to, whoever took meanwhile, as long as there is enough; one that is full begins anew."""
    amount = taken.tokens * bucket.step
    sets = "SET #expires_at = :expires_at, #full_at ="
    values = {"now": now, "expires_at": taken.full_at // SECOND + _KEPT_SECONDS}
    if before <= now:
        condition = "attribute_not_exists(#full_at) OR #full_at <= :now"
        return table.update(bucket.key, f"{sets} :full_at", values={**values, "full_at": taken.full_at}, condition=condition)
    values |= {"amount": amount, "most": now + bucket.burst * bucket.step - amount}
    return table.update(bucket.key, f"{sets} #full_at + :amount", values=values, condition="#full_at > :now AND #full_at <= :most")


def _write(writes: Sequence[Write]) -> None:
    if len(writes) == 1:
        table.write(writes[0])
    else:
        table.transact(writes)


def _read(buckets: Sequence[Bucket]) -> dict[Bucket, int]:
    found = table.get_many([bucket.key for bucket in buckets])
    return {bucket: int(found.get(bucket.key, {}).get("full_at", 0)) for bucket in buckets}
