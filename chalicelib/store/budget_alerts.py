"""The repository of alerts on budgets: each said once, kept as long as the counters that it is of.

In: alerts, whose id says what they are of. Out: pages, newest first.
"""

from dataclasses import dataclass

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.budget_records import BudgetAlert
from chalicelib.store.budgets import COUNTER_SECONDS
from chalicelib.store.cursors import cursor_of, start_of
from chalicelib.store.items import item_of, record_of


@dataclass(frozen=True, slots=True)
class AlertPage:
    alerts: tuple[BudgetAlert, ...]
    cursor: str | None


def put(organisation_id: str, alert: BudgetAlert) -> bool:
    """False where it was said before."""
    key, place = keys.budget_alert(organisation_id, alert.id), keys.budget_alerts(organisation_id, alert.at, alert.id)
    try:
        table.write(table.put(item_of(alert, key, place, expires_at=epoch_seconds() + COUNTER_SECONDS), condition=table.ABSENT))
    except ConditionLost:
        return False
    return True


def list_page(organisation_id: str, *, limit: int, cursor: str | None) -> AlertPage:
    """Newest first. Raises CursorInvalid."""
    place = keys.budget_alerts(organisation_id)
    page = table.query_index(place, newest_first=True, limit=limit, after=start_of(place, organisation_id, cursor))
    wanted = table.keys_of(page.items)
    found = table.get_many(wanted)
    alerts = tuple(record_of(BudgetAlert, found[key]) for key in wanted if key in found)
    return AlertPage(alerts, cursor_of(place, page.last))
