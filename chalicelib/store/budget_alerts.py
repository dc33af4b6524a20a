"""The repository of alerts on budgets: each said once, kept as long as the counters that it is of.

In: alerts, whose id says what they are of. Out: pages, newest first. An alert that nobody was told of yet is marked so with the write that keeps it;
who told of it takes the mark away.
"""

from contextlib import suppress
from dataclasses import dataclass

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.budget_records import BudgetAlert
from chalicelib.store.budgets import COUNTER_SECONDS
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.pages import at_index, page_at, whole

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class AlertPage:
    alerts: tuple[BudgetAlert, ...]
    cursor: str | None


def put(organisation_id: str, alert: BudgetAlert) -> bool:
    """False where it was said before."""
    places = keys.budget_alerts(organisation_id, alert.at, alert.id), keys.untold_alerts(organisation_id, alert.id)
    item = item_of(alert, keys.budget_alert(organisation_id, alert.id), *places, expires_at=epoch_seconds() + COUNTER_SECONDS)
    try:
        table.write(table.put(item, condition=table.ABSENT))
    except ConditionLost:
        return False
    return True


def settle_told(organisation_id: str, alert_id: str) -> None:
    """Somebody was told. Twice is harmless."""
    with suppress(ConditionLost):
        unmarked = {"GSI2PK": None, "GSI2SK": None}
        table.write(table.assign(keys.budget_alert(organisation_id, alert_id), unmarked, condition=table.PRESENT))


def list_untold(organisation_id: str) -> tuple[BudgetAlert, ...]:
    """A hundred at most. The index lags: one that was just told of may be among them."""
    page = at_index(keys.untold_alerts(organisation_id))(_AT_ONCE, None)
    return tuple(alert for _, alert in whole(_alert)(page.items))


def list_page(organisation_id: str, *, limit: int, cursor: str | None) -> AlertPage:
    """Newest first. Raises CursorInvalid."""
    return AlertPage(*page_at(organisation_id, keys.budget_alerts(organisation_id), whole(_alert), limit=limit, cursor=cursor, backwards=True))


def _alert(item: Item) -> BudgetAlert:
    return record_of(BudgetAlert, item)
