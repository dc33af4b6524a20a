"""The ledger: what every model call cost, written once, and the sums of it.

In: a call with its key. Out: integer micro-dollars by call, node run, run, runs below a run, workflow and day, organisation and day. An entry and the
sums it belongs to are one transaction on the condition that the entry is new: told again, it changes nothing. A call without a price is counted
apart, never as 0.

Sums are kept in `SHARDS` items each, chosen by the call's digest: calls that end at the same moment seldom write the same item, so their transactions
seldom collide. Who reads adds the shards up.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.table import Write

SHARDS: Final = 10
KEPT_SECONDS: Final = 400 * 86_400  # of single calls; sums stay
_COUNTED: Final = ("cost", "call_count", "unpriced_count", "input_tokens", "output_tokens", "cached_tokens")


class CallEntry(Record):
    """One call that was made. `call_key` names it for ever: another call, a repetition of this one too, has another key. `at` is when it began;
    its day is the one that it counts for. `cost` is None where the model has no price. `above`: the runs that the call's run was started by."""

    call_key: str
    at: str
    provider: str
    model: str
    run_id: str = ""
    above: tuple[str, ...] = ()
    workflow_id: str = ""
    node: str = ""
    item_path: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: int | None = None

    @property
    def day(self) -> str:
        return self.at[:10]

    @property
    def sha256(self) -> str:
        return key_digest(self.call_key)


class Cost(Record):
    """A sum. `cost` is what the priced calls cost; `unpriced_count` of the `call_count` have no price and are in no sum of money."""

    cost: int = 0
    call_count: int = 0
    unpriced_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def plus(self, other: "Cost") -> "Cost":
        return Cost(**{name: getattr(self, name) + getattr(other, name) for name in _COUNTED})


def key_digest(call_key: str) -> str:
    return hashlib.sha256(call_key.encode()).hexdigest()


def shard_of(sha256: str) -> int:
    return int(sha256[:8], 16) % SHARDS


def record(organisation_id: str, entry: CallEntry) -> bool:
    """Write a call and its sums. False when it was written before."""
    try:
        table.transact(entry_writes(organisation_id, entry))
    except ConditionLost:
        return False
    return True


def entry_writes(organisation_id: str, entry: CallEntry) -> list[Write]:
    """The writes of one call, for a transaction; the first is lost where the call is in the ledger already."""
    key = keys.call(organisation_id, entry.run_id, _place(entry.node, entry.item_path), entry.sha256)
    item = item_of(entry, key, expires_at=epoch_seconds() + KEPT_SECONDS)
    counts = dict(_cost_of(entry).model_dump(include=set(_COUNTED)))
    return [table.put(item, condition=table.ABSENT), *(table.add(sum_key, counts) for sum_key in _sum_keys(organisation_id, entry))]


def _sum_keys(organisation_id: str, entry: CallEntry) -> list[keys.Key]:
    shard = shard_of(entry.sha256)
    found = [keys.day_cost(organisation_id, "", entry.day, shard)]
    if entry.workflow_id:
        found.append(keys.day_cost(organisation_id, entry.workflow_id, entry.day, shard))
    if entry.run_id:
        found.append(keys.run_cost(organisation_id, entry.run_id, shard))
    return [*found, *(keys.cost_below(organisation_id, run_id, shard) for run_id in entry.above)]


def cost_of_run(organisation_id: str, run_id: str) -> Cost:
    return _total(table.query_all(keys.run(organisation_id, run_id).pk, prefix="COST#"))


def cost_below(organisation_id: str, run_id: str) -> Cost:
    """What all runs cost that the run started, and those that they did."""
    return _total(table.query_all(keys.run(organisation_id, run_id).pk, prefix="BELOW#"))


def cost_of_node_run(organisation_id: str, run_id: str, node: str, item_path: str = "") -> Cost:
    """All calls of one node run, whatever attempt made them."""
    return costs_of_node_runs(organisation_id, run_id, prefix=f"{_place(node, item_path)}#").get((node, item_path), Cost())


def costs_of_node_runs(organisation_id: str, run_id: str, *, prefix: str = "") -> dict[tuple[str, str], Cost]:
    """By node and item path, as far as calls were made."""
    costs: dict[tuple[str, str], Cost] = {}
    for item in table.query_all(keys.run(organisation_id, run_id).pk, prefix=f"CALL#{prefix}"):
        entry = record_of(CallEntry, item)
        costs[entry.node, entry.item_path] = costs.get((entry.node, entry.item_path), Cost()).plus(_cost_of(entry))
    return costs


def costs_by_day(organisation_id: str, first_day: str, last_day: str, *, workflow_id: str = "") -> dict[str, Cost]:
    """Of the days that have any, in order; both ends are within. With a workflow, of that one."""
    costs: dict[str, Cost] = {}
    for item in table.query_between(keys.day_costs(organisation_id, workflow_id), f"DAY#{first_day}", f"DAY#{last_day}"):
        day = item["SK"].split("#")[1]
        costs[day] = costs.get(day, Cost()).plus(record_of(Cost, item))
    return costs


def _place(node: str, item_path: str) -> str:
    return f"{node}#{item_path}"


def _cost_of(entry: CallEntry) -> Cost:
    return Cost(
        cost=entry.cost or 0,
        call_count=1,
        unpriced_count=int(entry.cost is None),
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        cached_tokens=entry.cached_tokens,
    )


def _total(items: Iterable[Item]) -> Cost:
    total = Cost()
    for item in items:
        total = total.plus(record_of(Cost, item))
    return total
