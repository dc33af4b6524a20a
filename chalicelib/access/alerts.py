"""Alerts on budgets: at half, at four fifths and at all of what a day or a month may cost.

In: what the table's stream tells of counters and of limits, a call that was refused. Out: an alert each, kept once for its limit, and told on the
account's event bus (`Budget alert` of `sluice`), where a trigger, a topic or a chat may hear it. Written first, with a mark that nobody was told; the
stream tells and takes the mark away, the sweeper tells what the stream gave up on: twice perhaps, with the same id, and never not at all.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from chalicelib.access.limits import period_holds, spent_of
from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import Unavailable
from chalicelib.store import budget_alerts, budgets, keys
from chalicelib.store.budget_alerts import AlertPage
from chalicelib.store.budget_records import AlertPeriod, Budget, BudgetAlert, Hold
from chalicelib.store.clients import client
from chalicelib.store.items import record_of

LEVELS: Final = (50, 80, 100)  # percent
SOURCE: Final = "sluice"
DETAIL_TYPE: Final = "Budget alert"
_log: Final = logging.getLogger(__name__)


def relay_alerts(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """What a record of the stream is about, if it is about budgets (plain items; `before` is empty for a new one): a counter that has passed a share,
    a limit that was set, an alert that nobody was told of. False for anything else. Raises Unavailable, for the stream to deliver again."""
    pk, sk = str(after.get("PK")), str(after.get("SK"))
    counter, limited = keys.place_of_counter(pk, sk), keys.organisation_of_budget(pk)
    if counter is not None:
        _of_counter(counter, int(before.get("spent", 0)), int(after.get("spent", 0)))
    elif limited:
        _of_limits(limited, record_of(Budget, after))
    elif str(after.get("GSI2PK")).endswith("#UNTOLD#ALERTS"):
        _tell(pk.split("#")[1], record_of(BudgetAlert, after))
    else:
        return False
    return True


def alert_of_refusal(organisation_id: str, workflow_id: str, hold: Hold, spent: int) -> None:
    """A call was refused for want of room. A run's own limit alerts nobody: the run says so itself."""
    if hold.period != "run":
        of_workflow = workflow_id if hold.scope == "workflow" else ""
        _say(organisation_id, of_workflow, period=hold.period, of=hold.of, limit=hold.limit, spent=spent, levels=LEVELS[-1:])


def tell_left(organisation_id: str) -> int:
    """Tell of what the stream gave up on; how many there were. Raises Unavailable."""
    left = budget_alerts.list_untold(organisation_id)
    for alert in left:
        _tell(organisation_id, alert)
    return len(left)


def list_alerts(principal: Principal, *, limit: int, cursor: str | None) -> AlertPage:
    """Newest first. Raises CursorInvalid."""
    return budget_alerts.list_page(principal.organisation_id, limit=limit, cursor=cursor)


def _of_counter(place: keys.CounterPlace, earlier: int, spent: int) -> None:
    if spent == earlier:  # something was held or given back
        return
    limit = _limit(budgets.find(place.organisation_id, place.workflow_id), place)
    if limit is not None:
        levels = [level for level in _reached(spent, limit) if level not in _reached(earlier, limit)]
        _say(place.organisation_id, place.workflow_id, period=place.period, of=place.of, limit=limit, spent=spent, levels=levels)


def _limit(budget: Budget | None, place: keys.CounterPlace) -> int | None:
    """Of the limit that the counter is of; None where it was taken away or set anew."""
    found = None if budget is None else budget.per_day if place.period == "day" else budget.per_month
    return found.micro_dollars if found is not None and found.generation == place.generation else None


def _of_limits(organisation_id: str, budget: Budget) -> None:
    """How far limits that were just set are used from the start."""
    for hold, spent in spent_of(organisation_id, budget, period_holds(organisation_id, budget, now_text())):
        if spent and hold.period != "run":
            levels = _reached(spent, hold.limit)
            _say(organisation_id, budget.workflow_id, period=hold.period, of=hold.of, limit=hold.limit, spent=spent, levels=levels)


def _reached(spent: int, limit: int) -> list[int]:
    return [level for level in LEVELS if spent * 100 >= limit * level]


def _say(organisation_id: str, workflow_id: str, *, period: AlertPeriod, of: str, limit: int, spent: int, levels: Iterable[int]) -> None:
    for level in levels:
        alert_id = hashlib.sha256(f"{workflow_id} {period} {of} {limit} {level}".encode()).hexdigest()[:32]
        alert = BudgetAlert(id=alert_id, workflow_id=workflow_id, period=period, of=of, level=level, limit=limit, spent=spent, at=now_text())
        budget_alerts.put(organisation_id, alert)


def _tell(organisation_id: str, alert: BudgetAlert) -> None:
    detail = {"organisation_id": organisation_id, "alert_id": alert.id, "scope": alert.scope, **alert.model_dump(exclude={"schema_version", "id"})}
    answer = client("events").put_events(Entries=[{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}])
    if answer.get("FailedEntryCount"):
        raise Unavailable(f"EventBridge did not take an alert ({answer['Entries'][0].get('ErrorCode')})")
    budget_alerts.settle_told(organisation_id, alert.id)
    _log.warning("a budget is used to %s percent", alert.level, extra={"organisation_id": organisation_id, "workflow_id": alert.workflow_id})
