"""Budgets: what may be spent on model calls, held before a call is made and settled after it.

In: the call's key, where it is made, and the most it is likely to cost, in micro-dollars. Out: a `Reservation`, or None where nothing limits
the call: then nothing is written. At a limit BudgetExceeded says which, and its figures. Reserving, settling and giving back may each be told
twice.

A reservation whose worker died lapses. It is given back by whoever next meets a limit that has no room, and by the sweeper. A settlement that comes
later still counts what was spent.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.access.alerts import alert_of_refusal
from chalicelib.access.limits import hold_of, period_holds, spent_before
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import BudgetExceeded, ConditionLost, Contention, KeyReused, ModelUnpriced
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, table
from chalicelib.store.budget_records import Counter, Hold, Reservation, ReservationStatus, RunLimit
from chalicelib.store.budgets import Limits
from chalicelib.store.ledger import CallEntry

LIFE_SECONDS: Final = 960  # of a reservation: what a worker may take (a Lambda's fifteen minutes), and a minute
_TRIES: Final = 20
_OPEN, _SETTLED, _RETURNED = ReservationStatus.OPEN, ReservationStatus.SETTLED, ReservationStatus.RETURNED


def reserve(
    organisation_id: str,
    *,
    call_key: str,
    amount: int | None,
    run_id: str = "",
    workflow_id: str = "",
    run_limit: int | None = None,
    above: Sequence[RunLimit] = (),
) -> Reservation | None:
    """Hold `amount` under every limit of the organisation, the workflow and the run; `run_limit` is the one that the workflow spec gives. The limits
    of the runs `above`, which wait for this one, hold as well.

    `call_key` names one call to a vendor, so a repetition has another key; reserved twice, an open reservation goes on. `amount` None: the model
    has no price. Raises BudgetExceeded, ModelUnpriced, and KeyReused for a call that was settled.
    """
    runs = (*((RunLimit(run_id=run_id, workflow_id=workflow_id, limit=run_limit),) if run_id else ()), *above)
    for attempt in range(_TRIES):
        limits = store.find_for(organisation_id, workflow_id=workflow_id, limits=runs, call_sha256=ledger.key_digest(call_key))
        now = now_text()
        holds = _holds(organisation_id, limits, runs, now=now)
        try:
            if limits.own is not None and limits.own.status is not _RETURNED:
                return _gone_on(limits.own)
            if not holds:
                return None
            wanted = Reservation(
                organisation_id=organisation_id,
                call_key=call_key,
                run_id=run_id,
                workflow_id=workflow_id,
                amount=_priced(amount, limits, runs),
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


def _run_limit(run: RunLimit, limits: Limits) -> int | None:
    """The least that the workflow spec and the workflow's budget allow a run, and what people have allowed beyond it."""
    budget = limits.by_workflow.get(run.workflow_id) if run.workflow_id else None
    given = [limit for limit in (run.limit, None if budget is None else budget.per_run) if limit is not None]
    return min(given) + limits.raised[run.run_id] if given else None


def _holds(organisation_id: str, limits: Limits, runs: Sequence[RunLimit], *, now: str) -> tuple[Hold, ...]:
    limited = ((run.run_id, limit) for run in runs if (limit := _run_limit(run, limits)) is not None)
    of_runs = (hold_of("run", "run", keys.spent_of_run(organisation_id, run_id), limit) for run_id, limit in limited)
    return (*of_runs, *(hold for budget in limits.budgets for hold in period_holds(organisation_id, budget, now)))


def _priced(amount: int | None, limits: Limits, runs: Sequence[RunLimit]) -> int:
    """What to hold. A model without a price is called only where every budget allows it; a limit of a spec goes by its workflow's budget."""
    if amount is not None:
        return amount
    of_runs = [limits.by_workflow.get(run.workflow_id) for run in runs if _run_limit(run, limits) is not None]
    if any(budget is None or not budget.workflow_id or budget.unpriced != "allow" for budget in of_runs) or any(
        budget.unpriced != "allow" for budget in limits.budgets
    ):
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
    alert_of_refusal(wanted.organisation_id, wanted.workflow_id, hold, counter.spent)
    raise _exceeded(hold, counter, wanted)


def _exceeded(hold: Hold, counter: Counter, wanted: Reservation) -> BudgetExceeded:
    whose = {"run": f"run {hold.run_id}", "workflow": f"workflow {wanted.workflow_id}", "organisation": "the organisation"}[hold.scope]
    per = "" if hold.period == "run" else f" for this {hold.period}"
    left = max(hold.limit - counter.committed, 0)
    return BudgetExceeded(
        f"the budget of {whose}{per} has {left} of {hold.limit} micro-dollars left, and the call may cost {wanted.amount}",
        {
            "scope": hold.scope,
            "period": hold.period,
            **({"run_id": hold.run_id} if hold.run_id else {}),
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
