"""Items of distributed maps: thousands of node runs at once, so none of them touches the run's own record.

In: an attempt and what it says. Out: its node run, written alone, on the condition of its revision; no event.
What the items spent is added up when the run
ends. Since nothing locks the run here, an item that begins while its run ends looks again after it has written.
"""

from collections.abc import Callable, Mapping

from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention
from chalicelib.live.announce import announce
from chalicelib.spec.model import Json
from chalicelib.store import accounts, keys, table, transitions
from chalicelib.store.accounts import Scene
from chalicelib.store.items import item_of
from chalicelib.store.journal import Change, NodeChange
from chalicelib.store.run_records import NodeAttempt, NodeRun
from chalicelib.store.statuses import NodeStatus

_TRIES = 8


def record(attempt: NodeAttempt, speak: Callable[[Scene, str], NodeRun | None], settled: Mapping[str, Json] | None = None) -> None:
    """Record what an item's attempt says. Raises what `speak` raises, and Contention."""
    for tried in range(_TRIES):
        at = now_text()
        scene = accounts.read_scene(attempt, settled=settled)
        after = speak(scene, at)
        if after is None:
            return
        _begin_maps(scene)
        try:
            for change in (*accounts.settled_changes(scene, at), NodeChange(scene.node, after)):
                _write(scene, change)
        except ConditionLost:
            table.pause(tried)
            continue
        if not after.status.is_terminal:
            _end_if_run_ended(attempt, after)
        return
    raise Contention(f"{attempt.node} in {attempt.item_path} changes too fast")


def _write(scene: Scene, change: NodeChange) -> None:
    before, after = change.before.revision if change.before else 0, change.after
    written = after.model_copy(update={"revision": before + 1, "write_count": after.write_count + 1})
    item = item_of(written, keys.node_run(scene.run.organisation_id, scene.run.id, after.node, after.item_path))
    table.write(table.put(item, condition="#revision = :before" if before else table.ABSENT, values={"before": before} if before else {}))


def _begin_maps(scene: Scene) -> None:
    """The first item tells that its map has begun."""
    if accounts.begun_maps(scene, now_text()):
        announce(lambda: _maps_change(scene.attempt))


def _maps_change(attempt: NodeAttempt) -> Change | None:
    scene = accounts.read_scene(attempt)
    accounts.require_open(scene)
    begun = accounts.begun_maps(scene, now_text())
    return Change(scene.run, tuple(begun)) if begun else None


def _end_if_run_ended(attempt: NodeAttempt, written: NodeRun) -> None:
    """`finish` settles what it sees after it has ended the run; what it could not see yet settles itself."""
    scene = accounts.read_scene(attempt)
    if not scene.run.status.is_terminal or scene.node is None or scene.node.fence != written.fence:
        return
    after = transitions.end(scene.node, at=now_text(), status=NodeStatus.CANCELLED)
    if after is not None:
        _write(scene, NodeChange(scene.node, after))
