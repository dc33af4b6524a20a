"""Budgets: what may be spent on model calls, held before a call is made and settled after it.

In: the call's key, where it is made, and the most it is likely to cost, in micro-dollars. Out: a `Reservation`, or None where nothing limits
the call: then nothing is written. At a limit BudgetExceeded says which, and its figures. Reserving, settling and giving back may each be told
twice.

A reservation whose worker died lapses. It is given back by whoever next meets a limit that has no room, and by the sweeper. A settlement that comes
later still counts what was spent.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.access.limits import hold_of, period_holds, spent_before
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import BudgetExceeded, ConditionLost, Contention, KeyReused, ModelUnpriced
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, table
from chalicelib.store.budget_records import Budget, Counter, Hold, Reservation, ReservationStatus
from chalicelib.store.ledger import CallEntry

LIFE_SECONDS: Final = 960  # of a reservation: what a worker may take (a Lambda's fifteen minutes), and a minute
_TRIES: Final = 20
_OPEN, _SETTLED, _RETURNED = ReservationStatus.OPEN, ReservationStatus.SETTLED, ReservationStatus.RETURNED


def reserve(
    organisation_id: str, *, call_key: str, amount: int | None, run_id: str = "", workflow_id: str = "", run_limit: int | None = None
) -> Reservation | None:
    """Hold `amount` under every limit of the organisation, the workflow and the run; `run_limit` is the one that the workflow spec gives.

    `call_key` names one call to a vendor, so a repetition has another key; reserved twice, an open reservation goes on. `amount` None: the model
    has no price. Raises BudgetExceeded, ModelUnpriced, and KeyReused for a call that was settled.
    """
    for attempt in range(_TRIES):
        budgets, raised, own = store.find_for(organisation_id, workflow_id=workflow_id, run_id=run_id, call_sha256=ledger.key_digest(call_key))
        now = now_text()
        holds = _holds(organisation_id, budgets, run_id=run_id, run_limit=_raised(_run_limit(budgets, run_limit), raised), now=now)
        try:
            if own is not None and own.status is not _RETURNED:
                return _gone_on(own)
            if not holds:
                return None
            wanted = Reservation(
                organisation_id=organisation_id,
                call_key=call_key,
                run_id=run_id,
                workflow_id=workflow_id,
                amount=_priced(amount, budgets, has_run_limit=run_limit is not None),
                reserved_at=now,
                holds=holds,
                lapses_at=epoch_seconds() + LIFE_SECONDS,
            )
            store.reserve(wanted)
        except ConditionLost as lost:
            if 0 not in lost.positions:
                _make_room(wanted)
            if attempt:
                table.pause(attempt)
        else:
            return wanted
    raise Contention("too many calls are made under one budget at once")


def settle(reservation: Reservation, cost: int | None, *, entry: CallEntry | None = None) -> None:
    """Count the true cost and give the rest back; with `entry`, the ledger gets the call in the same transaction. None: the call had no price."""
    current: Reservation | None = reservation
    while current is not None and current.status is not _SETTLED:
        also = ledger.entry_writes(current.organisation_id, entry) if entry is not None else ()
        try:
            store.close(current, before=current.status, after=_SETTLED, cost=cost or 0, also=also)
        except ConditionLost as lost:
            if 0 not in lost.positions:
                entry = None  # the ledger has it already
            else:
                current = store.find_reservation(current.organisation_id, current.call_key)
        else:
            return
    if entry is not None:
        ledger.record(reservation.organisation_id, entry)


def release(reservation: Reservation) -> None:
    """Give back what was held for a call that was not made, or cost nothing."""
    _give_back(reservation)


def give_back_lapsed(organisation_id: str) -> int:
    """Give back what is held for calls whose worker must be dead; how many there were."""
    return sum(_give_back(each) for each in store.list_lapsed(organisation_id))


def raise_run_limit(organisation_id: str, run_id: str, by: int, *, key: str) -> bool:
    """Allow a run `by` micro-dollars beyond its limit. `key` names the approval (a gate's id): told twice, it counts once and the second is False."""
    return store.raise_run(organisation_id, run_id, by=by, key=key)


def _gone_on(own: Reservation) -> Reservation:
    if own.status is _SETTLED:
        raise KeyReused("this call was made and settled; a repetition needs a key of its own")
    return store.renew(own, lapses_at=epoch_seconds() + LIFE_SECONDS)


def _run_limit(budgets: Sequence[Budget], run_limit: int | None) -> int | None:
    """The least that the workflow spec and the workflow's budget allow."""
    given = [limit for limit in (run_limit, *(budget.per_run for budget in budgets)) if limit is not None]
    return min(given, default=None)


def _raised(limit: int | None, by: int) -> int | None:
    return None if limit is None else limit + by


def _holds(organisation_id: str, budgets: Sequence[Budget], *, run_id: str, run_limit: int | None, now: str) -> tuple[Hold, ...]:
    of_run = () if run_limit is None or not run_id else (hold_of("run", "run", keys.spent_of_run(organisation_id, run_id), run_limit),)
    return (*of_run, *(hold for budget in budgets for hold in period_holds(organisation_id, budget, now)))


def _priced(amount: int | None, budgets: Sequence[Budget], *, has_run_limit: bool) -> int:
    """What to hold. A model without a price is called only where every budget allows it; a limit of the spec goes by the workflow's budget."""
    if amount is not None:
        return amount
    allowed = [budget.unpriced == "allow" for budget in budgets]
    if not all(allowed) or (has_run_limit and not any(budget.workflow_id for budget in budgets)):
        raise ModelUnpriced(
            "the model has no known price, so no budget can be kept with it; name a priced one, or set the budget with unpriced: allow"
        )
    return 0


def _make_room(wanted: Reservation) -> None:
    """After a refusal: counters that have not begun begin, what has lapsed is given back. Raises BudgetExceeded where neither makes room."""
    counted = list(zip(wanted.holds, store.counters(wanted.holds), strict=True))
    new = [hold for hold, counter in counted if counter is None]
    for hold in new:
        store.begin_counter(hold, spent=spent_before(wanted.organisation_id, wanted.workflow_id, hold))
    full = [(hold, counter) for hold, counter in counted if counter is not None and counter.committed > hold.limit - wanted.amount]
    if new or not full or give_back_lapsed(wanted.organisation_id):
        return
    hold, counter = full[0]
    raise _exceeded(hold, counter, wanted)


def _exceeded(hold: Hold, counter: Counter, wanted: Reservation) -> BudgetExceeded:
    whose = {"run": f"run {wanted.run_id}", "workflow": f"workflow {wanted.workflow_id}", "organisation": "the organisation"}[hold.scope]
    per = "" if hold.period == "run" else f" for this {hold.period}"
    left = max(hold.limit - counter.committed, 0)
    return BudgetExceeded(
        f"the budget of {whose}{per} has {left} of {hold.limit} micro-dollars left, and the call may cost {wanted.amount}",
        {
            "scope": hold.scope,
            "period": hold.period,
            "limit": hold.limit,
            "spent": counter.spent,
            "reserved": counter.reserved,
            "wanted": wanted.amount,
        },
    )


def _give_back(reservation: Reservation) -> bool:
    try:
        store.close(reservation, before=_OPEN, after=_RETURNED)
    except ConditionLost:
        return False
    return True
