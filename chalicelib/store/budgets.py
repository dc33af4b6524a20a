"""The repository of budgets: limits, the counters under them, and reservations.

In: records and amounts in micro-dollars. Out: records; ConditionLost where a limit or another writer stood against it. Every change of a reservation
and of the counters that it is held under is one transaction, on the condition of the reservation's status: done twice, it changes nothing. Which
limits apply, and what to do at one, is `access.budgets`' business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost
from chalicelib.store import keys, ledger, table
from chalicelib.store.budget_records import Budget, Counter, Hold, Reservation, ReservationStatus, RunLimit
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.keys import Key
from chalicelib.store.table import Write

KEPT_SECONDS: Final = 30 * 86_400  # of reservations that are over: for whoever settles late
COUNTER_SECONDS: Final = 400 * 86_400


def put(organisation_id: str, budget: Budget) -> None:
    """Set a budget; the last one stays."""
    table.write(table.put(item_of(budget, keys.budget(organisation_id, budget.workflow_id))))


def find(organisation_id: str, workflow_id: str = "") -> Budget | None:
    item = table.get(keys.budget(organisation_id, workflow_id))
    return record_of(Budget, item) if item else None


def remove(organisation_id: str, workflow_id: str = "") -> None:
    """There is no budget from now on. Removing twice is harmless."""
    table.write(table.delete(keys.budget(organisation_id, workflow_id)))


def list_all(organisation_id: str) -> tuple[Budget, ...]:
    """The organisation's own first, if it has one, then those of workflows."""
    return tuple(record_of(Budget, item) for item in table.query_all(keys.budget(organisation_id).pk))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call falls under. `budgets` are the organisation's and its workflow's, `by_workflow` those of all runs that were named, `raised` by how
    much a run's limit was raised, `own` the call's reservation."""

    budgets: tuple[Budget, ...]
    by_workflow: Mapping[str, Budget]
    raised: Mapping[str, int]
    own: Reservation | None


def find_for(organisation_id: str, *, workflow_id: str, limits: Sequence[RunLimit], call_sha256: str) -> Limits:
    """What a call of a workflow falls under, in one read. `limits` are the call's run, if it has one, and those above it."""
    workflows = {workflow_id, *(limit.workflow_id for limit in limits)} - {""}
    budget_keys = {"": keys.budget(organisation_id), **{each: keys.budget(organisation_id, each) for each in sorted(workflows)}}
    run_keys = {limit.run_id: keys.spent_of_run(organisation_id, limit.run_id) for limit in limits}
    own_key = keys.reservation(organisation_id, call_sha256)
    found = table.get_many([*budget_keys.values(), own_key, *run_keys.values()])
    by_workflow = {each: record_of(Budget, found[key]) for each, key in budget_keys.items() if key in found}
    own = found.get(own_key)
    return Limits(
        budgets=tuple(by_workflow[each] for each in dict.fromkeys(("", workflow_id)) if each in by_workflow),
        by_workflow=by_workflow,
        raised={run_id: int(found.get(key, {}).get("raised", 0)) for run_id, key in run_keys.items()},
        own=record_of(Reservation, own) if own else None,
    )


def find_reservation(organisation_id: str, call_key: str) -> Reservation | None:
    item = table.get(keys.reservation(organisation_id, ledger.key_digest(call_key)))
    return record_of(Reservation, item) if item else None


def counters(holds: Sequence[Hold]) -> tuple[Counter | None, ...]:
    """What each limit has been used for; None where nothing was counted yet."""
    found = table.get_many([hold.key for hold in holds])
    begun = {key: item for key, item in found.items() if "committed" in item}
    return tuple(record_of(Counter, begun[hold.key]) if hold.key in begun else None for hold in holds)


def begin_counter(hold: Hold, *, spent: int) -> None:
    """The counter of a limit, beginning with what was spent before. One that has begun stays as it is."""
    counts = {"spent": spent, "reserved": 0, "committed": spent, "expires_at": epoch_seconds() + COUNTER_SECONDS}
    try:
        # An update: an approval may have raised a run's limit before anything was spent, and that item has no counts yet.
        table.write(table.assign(hold.key, counts, condition="attribute_not_exists(#committed)"))
    except ConditionLost:
        return


def reserve(reservation: Reservation) -> None:
    """Hold the amount under every limit, or under none. Raises ConditionLost: position 0 stands for a reservation of this key that is open or
    settled, the others for the holds, in their order."""
    item = item_of(reservation, _key(reservation), _place(reservation))
    own = table.put(item, condition=f"{table.ABSENT} OR #status = :returned", values={"returned": ReservationStatus.RETURNED.value})
    amount = reservation.amount
    counted = [
        table.add(
            hold.key,
            {"reserved": amount, "committed": amount},
            condition="#committed <= :room",
            values={"room": hold.limit - amount},
        )
        for hold in reservation.holds
    ]
    table.transact([own, *counted])


def renew(reservation: Reservation, *, lapses_at: int) -> Reservation:
    """An open reservation goes on for its next caller. Raises ConditionLost."""
    renewed = reservation.model_copy(update={"lapses_at": lapses_at})
    item = item_of(renewed, _key(renewed), _place(renewed))
    table.write(table.put(item, condition="#status = :open", values={"open": ReservationStatus.OPEN.value}))
    return renewed


def close(reservation: Reservation, *, before: ReservationStatus, after: ReservationStatus, cost: int = 0, also: Iterable[Write] = ()) -> None:
    """From one status to another, with what that means for the counters, and further writes in the same transaction. Raises ConditionLost with
    position 0 where the status was another, or the reservation was renewed since it was read."""
    held = reservation.amount if before is ReservationStatus.OPEN else 0
    changes = {"status": after.value, "expires_at": epoch_seconds() + KEPT_SECONDS, "GSI2PK": None, "GSI2SK": None}
    condition, values = "#status = :before AND #lapses_at = :known", {"before": before.value, "known": reservation.lapses_at}
    own = table.assign(_key(reservation), changes, condition=condition, values=values)
    amounts = {"spent": cost, "reserved": -held, "committed": cost - held}
    table.transact([own, *(table.add(hold.key, amounts) for hold in reservation.holds), *also])


def list_lapsed(organisation_id: str, *, limit: int = 100) -> tuple[Reservation, ...]:
    """Open reservations whose time is over, oldest first. The index lags; the reservations are read as they are."""
    place = keys.open_reservations(organisation_id)
    now = epoch_seconds()
    page: tuple[Item, ...] = table.query_index(place, limit=limit).items
    lapsed = [item for item in page if int(item["GSI2SK"].partition("#")[0]) < now]
    found = table.get_many(table.keys_of(lapsed)).values() if lapsed else ()
    reservations = (record_of(Reservation, item) for item in found)
    due = (each for each in reservations if each.status is ReservationStatus.OPEN and each.lapses_at < now)
    return tuple(sorted(due, key=lambda each: each.lapses_at))


def raise_run(organisation_id: str, run_id: str, *, by: int, key: str) -> bool:
    """Allow a run more than its limit. False when it was raised for this key before."""
    raised = table.update(
        keys.spent_of_run(organisation_id, run_id),
        "ADD #raised :by, #raised_for :keys SET #expires_at = :until",
        values={"by": by, "keys": {key}, "key": key, "until": epoch_seconds() + COUNTER_SECONDS},
        condition="NOT contains(#raised_for, :key)",
    )
    try:
        table.write(raised)
    except ConditionLost:
        return False
    return True


def _key(reservation: Reservation) -> Key:
    return keys.reservation(reservation.organisation_id, ledger.key_digest(reservation.call_key))


def _place(reservation: Reservation) -> keys.IndexKey:
    return keys.open_reservations(reservation.organisation_id, reservation.lapses_at, ledger.key_digest(reservation.call_key))
