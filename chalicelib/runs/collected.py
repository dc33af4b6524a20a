"""What the Task that collects a map's results tells: the map has come to its end.

In: the map's attempt and how many items there were. Out: its node run settled, with its event, and the invocation counted. Told again, nothing
changes. A map in a distributed map's item tells nothing: thousands would tell at once; the run's end settles it.
"""

from chalicelib.clock import now_text
from chalicelib.live.announce import announce
from chalicelib.store import accounts
from chalicelib.store.journal import Change
from chalicelib.store.run_records import NodeAttempt


def map_collected(attempt: NodeAttempt, *, count: int) -> None:
    """Raises RunEnded, RunNotFound, StaleAttempt, Contention."""
    if not attempt.distributed:
        announce(lambda: _change(attempt, count))


def _change(attempt: NodeAttempt, count: int) -> Change | None:
    scene = accounts.read_scene(attempt, settled={attempt.node: count})
    accounts.require_open(scene)
    changes = accounts.settled_changes(scene, now_text())
    return Change(scene.run, tuple(changes), invocation_count=1) if changes else None
