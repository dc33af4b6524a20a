"""EventBridge is brought up to date with the records of triggers, and what schedules missed is made up for.

In: the id of a trigger that is marked unsynced (the table's stream tells of it; the sweeper finds what was left). Out: nothing; the mark is gone once
EventBridge holds what the record says. A crash anywhere leaves the mark: doing it all twice is harmless.
"""

import logging
from datetime import UTC, datetime
from typing import Final

from chalicelib.clock import time_text
from chalicelib.errors import Contention
from chalicelib.store import triggers
from chalicelib.store.trigger_records import Schedule, TriggerRecord
from chalicelib.triggers import at_aws
from chalicelib.triggers.schedules import GRACE, has_time_left, make_up

_TRIES: Final = 5
_log: Final = logging.getLogger(__name__)


def sync(organisation_id: str, trigger_id: str) -> None:
    """Bring EventBridge up to date with one trigger, however it changes meanwhile. Raises Contention, and what AWS refuses."""
    for _ in range(_TRIES):
        trigger = triggers.find(organisation_id, trigger_id)
        if trigger is None or not trigger.is_of_aws or _synced(trigger):
            return
    raise Contention(f"the trigger {trigger_id} is changed again and again")


def sync_left(organisation_id: str) -> int:
    """All that are still marked. One that fails keeps no other waiting: the next sweep comes back to it."""
    return sum(_tried(organisation_id, trigger_id) for trigger_id in triggers.list_unsynced(organisation_id))


def reconcile(organisation_id: str) -> int:
    """All triggers that EventBridge holds a part of, marked or not: what was lost there is there again, what was missed meanwhile is made up for."""
    count, cursor, goes_on = 0, None, True
    while goes_on:
        page = triggers.list_page(organisation_id, limit=100, cursor=cursor)
        count += sum(_tried(organisation_id, trigger.id) for trigger in page.triggers if trigger.is_of_aws)
        cursor, goes_on = page.cursor, page.cursor is not None
    return count


def relay_unsynced(image: dict[str, object]) -> bool:
    """Sync the trigger that a stream record's new image (plain values) holds, if it is a marked one; False when it is not."""
    place, trigger_id, pk = (str(image.get(name) or "") for name in ("GSI2PK", "GSI2SK", "PK"))
    if not place.endswith("#UNSYNCED#TRIGGERS"):
        return False
    sync(pk.split("#")[1], trigger_id)
    return True


def _synced(trigger: TriggerRecord) -> bool:
    if trigger.deleted_at is not None:
        at_aws.remove(trigger)
        return triggers.settle_synced(trigger, handled_from=None)
    if trigger.schedule is None or not trigger.enabled or has_time_left(trigger.schedule):
        at_aws.put(trigger)
    if trigger.schedule is None or not trigger.enabled:
        return triggers.settle_synced(trigger, handled_from=None)
    until = _certain(trigger, trigger.schedule)
    make_up(trigger, until)
    return triggers.settle_synced(trigger, handled_from=max(time_text(until), trigger.handled_from or ""))


def _certain(trigger: TriggerRecord, schedule: Schedule) -> datetime:
    """Up to when it is certain which times there were. One that Scheduler delivers as well has the same key; only a rate's phase is Scheduler's."""
    now = datetime.now(UTC)
    if not schedule.expression.startswith("rate("):
        return now
    return max(now - GRACE, datetime.fromisoformat(trigger.updated_at))


def _tried(organisation_id: str, trigger_id: str) -> bool:
    try:
        sync(organisation_id, trigger_id)
    except Exception:
        _log.warning("a trigger waits for EventBridge", exc_info=True, extra={"trigger_id": trigger_id})
        return False
    return True
