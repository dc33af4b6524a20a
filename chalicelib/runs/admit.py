"""Let runs in that wait for a slot, as many as there are slots: after a run has ended, after one got in line, after a limit was raised, and by the
sweeper where one of these died on the way.

In: an organisation, and how a run is given to the engine. Out: how many were let in. Each admission is one transaction; whoever dies behind it has
left a queued run with a slot, which the sweeper gives to the engine. Never: more runs than a limit allows, whoever races.
"""

import time
from collections.abc import Callable
from typing import Final

from chalicelib.errors import ConditionLost, Contention
from chalicelib.runs.turns import in_turn, lines_of
from chalicelib.settings import settings
from chalicelib.store import runs, slots, table
from chalicelib.store.run_records import Run
from chalicelib.store.slots import Slots

MOST: Final = 25  # let in by one caller; the sweeper goes on
_TRIES: Final = 12
Give = Callable[[Run], None]


def admit(organisation_id: str, give: Give, *, most: int = MOST) -> int:
    """Let in who can be. Where the whole deployment has a limit, organisations take turns, whichever one calls."""
    count = 0
    while count < most:
        run = _next_of_all(organisation_id) if settings().max_running else admit_next(organisation_id)
        if run is None:
            break
        give(run)
        count += 1
    return count


def _next_of_all(organisation_id: str) -> Run | None:
    """The next run of the deployment. The caller's organisation comes last where the index does not know of it yet."""
    for each in dict.fromkeys((*slots.waiting_organisations(), organisation_id)):
        run = admit_next(each)
        if run is not None:
            return run
    return None


def admit_next(organisation_id: str) -> Run | None:
    """Let the next run of an organisation in. None where nobody waits who could be. Raises Contention when others always come first."""
    for attempt in range(_TRIES):
        found = slots.read(organisation_id)
        if not _has_room(found):
            return None
        try:
            return _first_in(organisation_id, found)
        except ConditionLost:
            if settings().max_running and slots.read_deployment().taken >= settings().max_running:
                return None
            table.pause(min(attempt, 4))
    raise Contention("the slots of this organisation change too fast")


def _has_room(found: Slots) -> bool:
    limit = settings().max_running_of_organisation
    return found.organisation.waiting > 0 and (not limit or found.organisation.taken < limit)


def _first_in(organisation_id: str, found: Slots) -> Run | None:
    """Raises ConditionLost where another one came first."""
    lines = in_turn(lines_of(found), now=int(time.time() * 1000), ageing_seconds=settings().queue_ageing_seconds)
    for line in lines:
        run_id = slots.head_of(organisation_id, line.workflow_id, line.priority)
        run = runs.find(organisation_id, run_id) if run_id else None
        if run is None:
            continue  # the last one has just left the line
        table.transact(slots.admitting(run, found))
        return runs.get(organisation_id, run.id)
    return None
