"""A model call within its budgets and in the ledger: reserve, call, settle.

In: where the call belongs, its key, the most it is likely to cost, and the call. Out: its answer. Whatever comes of the call, what it cost is counted
once and the rest of what was held is given back. Never: a call before its reservation stands; a retry of the call, which is its caller's business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.budgets import release, reserve, settle
from chalicelib.clock import now_text
from chalicelib.errors import Contention
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import Embedded, ModelResponse, Usage
from chalicelib.store import ledger, table
from chalicelib.store.budget_records import Reservation, RunLimit
from chalicelib.store.ledger import CallEntry

_TELLINGS: Final = 3  # of what was paid for: it may not get lost for one failed write
Answer = TypeVar("Answer", ModelResponse, Embedded)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a call belongs. A call of no run counts for its organisation. `above`: the runs that wait for its run, with their limits."""

    organisation_id: str
    run_id: str = ""
    workflow_id: str = ""
    node: str = ""
    item_path: str = ""
    above: tuple[RunLimit, ...] = ()


def metered(spot: Spot, *, call_key: str, amount: int | None, call: Callable[[], Answer], run_limit: int | None = None) -> Answer:
    """The answer. `amount` is `providers.estimate.upper_cost`. Raises BudgetExceeded or ModelUnpriced before the call, and what the call raises."""
    held = reserve(
        spot.organisation_id,
        call_key=call_key,
        amount=amount,
        run_id=spot.run_id,
        workflow_id=spot.workflow_id,
        run_limit=run_limit,
        above=spot.above,
    )
    began_at = held.reserved_at if held is not None else now_text()
    try:
        response = call()
    except Exception as failure:
        usage = failure.usage if isinstance(failure, ModelFailure) else None
        _surely(lambda: _count(spot, held, None if usage is None else _entry(spot, call_key, began_at, usage)))
        raise
    _surely(lambda: _count(spot, held, _entry(spot, call_key, began_at, response.usage)))
    return response


def _count(spot: Spot, held: Reservation | None, entry: CallEntry | None) -> None:
    if held is not None and entry is not None:
        settle(held, entry.cost, entry=entry)
    elif held is not None:
        release(held)
    elif entry is not None:
        ledger.record(spot.organisation_id, entry)


def _entry(spot: Spot, call_key: str, began_at: str, usage: Usage) -> CallEntry:
    return CallEntry(
        call_key=call_key,
        at=began_at,
        provider=usage.provider,
        model=usage.model,
        run_id=spot.run_id,
        above=tuple(run.run_id for run in spot.above),
        workflow_id=spot.workflow_id,
        node=spot.node,
        item_path=spot.item_path,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost=usage.cost,
    )


def _surely(tell: Callable[[], None]) -> None:
    """Telling twice is harmless; the last failure is the caller's."""
    for attempt in range(_TELLINGS - 1):
        try:
            return tell()
        except (BotoCoreError, ClientError, Contention):
            table.pause(attempt)
    return tell()
