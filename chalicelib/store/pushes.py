"""Whom to tell that a run has changed: A2A's push notification configurations, beside the run that they are of.

In: a run, where to tell and with what. Out: configurations as they were set; which of them have not been told of the run's end, and how often that
was tried. The caller's token has to be kept as it is: it goes back to the caller. Never: in a log, or in what anybody may read.
"""

from pydantic import Field

from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record

MAX_PUSHES = 5  # of one run


class Push(Record):
    """`tried_count` counts tellings of the run's end that failed."""

    id: str
    url: str
    token: str = Field(default="", repr=False)
    scheme: str = ""
    credentials: str = Field(default="", repr=False)
    tried_count: int = 0
    told_at: str | None = None


def put(organisation_id: str, run_id: str, push: Push) -> None:
    """In place of the one of that id."""
    table.write(table.put(item_of(push, keys.push(organisation_id, run_id, push.id))))


def find(organisation_id: str, run_id: str, push_id: str) -> Push | None:
    item = table.get(keys.push(organisation_id, run_id, push_id))
    return None if item is None else record_of(Push, item)


def list_of_run(organisation_id: str, run_id: str) -> list[Push]:
    place = keys.push(organisation_id, run_id, "")
    return [record_of(Push, item) for item in table.query_all(place.pk, prefix=place.sk)]


def delete(organisation_id: str, run_id: str, push_id: str) -> None:
    """One that is not there is deleted already."""
    table.write(table.delete(keys.push(organisation_id, run_id, push_id)))


def note(organisation_id: str, run_id: str, push: Push) -> None:
    """What came of a telling; of one that was deleted meanwhile nothing is noted."""
    changes = {"tried_count": push.tried_count, "told_at": push.told_at}
    try:
        table.write(table.assign(keys.push(organisation_id, run_id, push.id), changes, condition=table.PRESENT))
    except ConditionLost:
        return
