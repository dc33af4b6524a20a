"""The repository of the providers' health: one record for all containers of the deployment, as keys of vendors are the deployment's own.

In: transitions and counts of `providers.health`. Out: the same, as all containers together have written them. A breaker changes only upon the
revision that the writer has seen, so of many that open, probe or close at once one does. Counts are added to the item of their quarter of an hour,
blindly: an SDK that repeats an addition whose answer was lost counts it twice, which a ratio can bear. What nobody needs any more expires.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from chalicelib.errors import ConditionLost
from chalicelib.providers.breaker import Standing
from chalicelib.providers.candidates import Route
from chalicelib.providers.counts import Counts, together
from chalicelib.providers.failures import FailureKind
from chalicelib.providers.health import Shared
from chalicelib.providers.report import Known
from chalicelib.store import keys, table
from chalicelib.store.items import Item, fields_of, item_of, record_of
from chalicelib.store.keys import Key
from chalicelib.store.record import Record
from chalicelib.store.table import Write

QUARTER_SECONDS: Final = 900
DAY_QUARTERS: Final = 96
RECENT_QUARTERS: Final = 2  # what routers look at: between a quarter and half an hour
_KEPT_SECONDS: Final = 2 * 86_400
_BREAKER_KEPT_SECONDS: Final = 30 * 86_400
_NO_COUNTS: Final = frozenset({"PK", "SK", "expires_at"})


class Breaker(Record):
    """A candidate's standing as the table holds it."""

    revision: int = 0
    open_until: float | None = None
    opened_at: float | None = None
    openings: int = 0
    kind: FailureKind | None = None
    probe_owner: str = ""
    probe_until: float = 0.0


class Providers(Record):
    """`routes` as the workers have them, `candidates` that were ever called or are in a route."""

    routes: tuple[Route, ...] = ()
    candidates: tuple[str, ...] = ()


class ProviderHealth:
    """The port `providers.health.SharedHealth`, upon the table. `now` tells seconds since the epoch."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def read(self, candidates: Sequence[str]) -> dict[str, Shared]:
        """One batch for all of them."""
        latest = _quarter(self._now())
        wanted = {name: [keys.breaker(name), *_recent_keys(name, latest)] for name in candidates}
        found = table.get_many([key for places in wanted.values() for key in places])
        return {
            name: Shared(_standing(found.get(places[0])), together(_counts(found[place]) for place in places[1:] if place in found))
            for name, places in wanted.items()
        }

    def change(self, candidate: str, before: Standing, after: Standing) -> bool:
        """Written by one of those that saw the same revision."""
        record = Breaker(**asdict(after))
        item = item_of(record, keys.breaker(candidate), expires_at=int(self._now()) + _BREAKER_KEPT_SECONDS)
        condition = table.ABSENT if before.revision == 0 else "#revision = :seen"
        try:
            table.write(table.put(item, condition=condition, values={"seen": before.revision} if before.revision else None))
        except ConditionLost:
            return False
        return True

    def add(self, counts: Mapping[str, Counts], *, now: float) -> None:
        for candidate, each in counts.items():
            table.write(_addition(keys.call_counts(candidate, _quarter(now)), each, now))


def announce(routes: Sequence[Route], candidates: Iterable[str]) -> None:
    """What the workers' routes are, and which candidates there are: told once per container, the same for all of one deployment."""
    values = {"routes": fields_of(Providers(routes=tuple(routes)))["routes"], "ids": frozenset(candidates)}
    table.write(table.update(keys.providers(), "SET #routes = :routes ADD #candidates :ids", values=values))


def read_providers() -> Providers:
    """The routes and candidates; empty until a worker has told."""
    item = table.get(keys.providers())
    return Providers() if item is None else record_of(Providers, {**item, "candidates": sorted(item.get("candidates", ()))})


def read_known(candidate: str, *, now: float) -> Known:
    """One candidate's standing and counts, as they are now."""
    latest = _quarter(now)
    start = keys.call_counts(candidate, latest - DAY_QUARTERS).sk
    days = table.query_all(keys.breaker(candidate).pk, prefix="COUNTS#")
    items = {item["SK"]: item for item in days if item["SK"] > start}
    recent = {key.sk for key in _recent_keys(candidate, latest)}
    return Known(
        _standing(table.get(keys.breaker(candidate))),
        together(_counts(item) for item in items.values()),
        together(_counts(item) for sk, item in items.items() if sk in recent),
    )


def _quarter(now: float) -> int:
    return int(now // QUARTER_SECONDS)


def _recent_keys(candidate: str, latest: int) -> list[Key]:
    return [keys.call_counts(candidate, latest - back) for back in range(RECENT_QUARTERS)]


def _standing(item: Item | None) -> Standing:
    if item is None:
        return Standing()
    kept = record_of(Breaker, item)
    return Standing(kept.revision, kept.open_until, kept.opened_at, kept.openings, kept.kind, kept.probe_owner, kept.probe_until)


def _counts(item: Item) -> Counts:
    return Counts({name: value for name, value in item.items() if name not in _NO_COUNTS})


def _addition(key: Key, counts: Counts, now: float) -> Write:
    sums = ", ".join(f"#{name} :{name}" for name in counts.numbers)
    values = {**counts.numbers, "until": int(now) + _KEPT_SECONDS}
    return table.update(key, f"ADD {sums} SET #expires_at = :until", values=values)
