"""Alerts on budgets: at half, at four fifths and at all of what a day or a month may cost.

In: a counter as it was and as it is (the table's stream), a limit that was just set, a call that was refused. Out: an alert each, kept once for its
limit, and told on the account's event bus (`Budget alert` of `sluice`), where a trigger, a topic or a chat may hear it. Written first, told
by the stream after it: told twice perhaps, with the same id, and never not at all.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from chalicelib.access.principal import Principal
from chalicelib.clock import now_text
from chalicelib.errors import Unavailable
from chalicelib.store import budget_alerts, budgets
from chalicelib.store.budget_alerts import AlertPage
from chalicelib.store.budget_records import Budget, BudgetAlert, Hold
from chalicelib.store.clients import client
from chalicelib.store.items import record_of

LEVELS: Final = (50, 80, 100)  # percent
SOURCE: Final = "sluice"
DETAIL_TYPE: Final = "Budget alert"
_DAY, _MONTH = "DAY", "MONTH"
_log: Final = logging.getLogger(__name__)


def alert_of_counter(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A counter has changed (plain items of the stream; `before` is empty for a new one). False where the item is none of a budget's period."""
    place = _place(str(after.get("PK")), str(after.get("SK")))
    if place is None:
        return False
    organisation_id, workflow_id, period, of, generation = place
    limit = _limit(budgets.find(organisation_id, workflow_id), period, generation)
    spent, earlier = int(after.get("spent", 0)), int(before.get("spent", 0))
    if limit is not None and spent != earlier:
        levels = [level for level in LEVELS if _reached(spent, limit, level) and not _reached(earlier, limit, level)]
        _say(organisation_id, workflow_id, period=period, of=of, limit=limit, spent=spent, levels=levels)
    return True


def alert_of_limit(organisation_id: str, workflow_id: str, hold: Hold, spent: int) -> None:
    """A limit was set: how far it is used from the start."""
    period, of, _ = hold.sk.split("#")
    levels = [level for level in LEVELS if spent and _reached(spent, hold.limit, level)]
    _say(organisation_id, workflow_id, period=_name(period), of=of, limit=hold.limit, spent=spent, levels=levels)


def alert_of_refusal(organisation_id: str, workflow_id: str, hold: Hold, spent: int) -> None:
    """A call was refused for want of room. A run's own limit alerts nobody: the run says so itself."""
    if hold.scope == "run":
        return
    period, of, _ = hold.sk.split("#")
    of_workflow = workflow_id if hold.scope == "workflow" else ""
    _say(organisation_id, of_workflow, period=_name(period), of=of, limit=hold.limit, spent=spent, levels=LEVELS[-1:])


def tell(image: Mapping[str, Any]) -> bool:
    """Put a new alert's event on the bus. False where the item is no alert. Raises Unavailable, for the stream to deliver again."""
    if image.get("SK") != "ALERT":
        return False
    organisation_id, alert = str(image.get("PK")).split("#")[1], record_of(BudgetAlert, image)
    detail = {"organisation_id": organisation_id, "alert_id": alert.id, "scope": alert.scope, **alert.model_dump(exclude={"schema_version", "id"})}
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}
    answer = client("events").put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        raise Unavailable(f"EventBridge did not take an alert ({answer['Entries'][0].get('ErrorCode')})")
    _log.warning("a budget is used to %s percent", alert.level, extra={"organisation_id": organisation_id, "workflow_id": alert.workflow_id})
    return True


def list_alerts(principal: Principal, *, limit: int, cursor: str | None) -> AlertPage:
    """Newest first. Raises CursorInvalid."""
    return budget_alerts.list_page(principal.organisation_id, limit=limit, cursor=cursor)


def _say(organisation_id: str, workflow_id: str, *, period: Literal["day", "month"], of: str, limit: int, spent: int, levels: Iterable[int]) -> None:
    for level in levels:
        alert_id = hashlib.sha256(f"{workflow_id} {period} {of} {limit} {level}".encode()).hexdigest()[:32]
        alert = BudgetAlert(id=alert_id, workflow_id=workflow_id, period=period, of=of, level=level, limit=limit, spent=spent, at=now_text())
        budget_alerts.put(organisation_id, alert)


def _reached(spent: int, limit: int, level: int) -> bool:
    return spent * 100 >= limit * level


def _place(pk: str, sk: str) -> tuple[str, str, Literal["day", "month"], str, str] | None:
    """Organisation, workflow, period, which one and the limit's generation of a counter, by its key (`store.keys.spent_of_period`)."""
    where, when = pk.split("#"), sk.split("#")
    if len(where) != 4 or where[2] != "BUDGET" or len(when) != 3 or when[0] not in (_DAY, _MONTH):
        return None
    return where[1], where[3], _name(when[0]), when[1], when[2]


def _name(period: str) -> Literal["day", "month"]:
    return "day" if period == _DAY else "month"


def _limit(budget: Budget | None, period: Literal["day", "month"], generation: str) -> int | None:
    """Of the limit that the counter is of; None where it was taken away or set anew."""
    found = None if budget is None else budget.per_day if period == "day" else budget.per_month
    return found.micro_dollars if found is not None and found.generation == generation else None
