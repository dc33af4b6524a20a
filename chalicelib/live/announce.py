"""Record a change of a run and tell its watchers: written first, then pushed."""

from collections.abc import Callable

from chalicelib.live.publish import publish
from chalicelib.store import journal
from chalicelib.store.journal import Change, Recorded


def announce(propose: Callable[[], Change | None]) -> Recorded:
    """`store.journal.record`, and its events pushed to the watching connections."""
    recorded = journal.record(propose)
    publish(recorded.events)
    return recorded
