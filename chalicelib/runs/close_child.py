"""Close a sub-workflow's node whose time is over: what the worker of its `--close` state calls."""

from chalicelib.clock import now_text
from chalicelib.errors import ChildRunTimedOut
from chalicelib.gates.deliver import deliver
from chalicelib.live.announce import announce
from chalicelib.runs.follow_up import stop
from chalicelib.spec.model import Json
from chalicelib.store import accounts, runs
from chalicelib.store.accounts import node_event
from chalicelib.store.journal import Change, NodeChange
from chalicelib.store.run_records import Fault, NodeAttempt, NodeRun
from chalicelib.store.statuses import EventType, NodeStatus
from chalicelib.store.transitions import fail
from chalicelib.store.values import load


def close_child(attempt: NodeAttempt) -> Json:
    """The child's output, if it came after all; else the child is cancelled, the node recorded as failed, and ChildRunTimedOut raised."""
    node_run = runs.find_node_run(attempt.organisation_id, attempt.run_id, attempt.node, attempt.item_path)
    if node_run is not None and node_run.reference is not None and node_run.status is NodeStatus.WAITING:
        deliver(attempt.organisation_id, node_run.reference)  # an answer that is written counts, even if the engine no longer waits for it
    message = f"the sub-workflow of {attempt.node} took too long"
    announce(lambda: _timed_out(attempt, message))
    node_run = runs.find_node_run(attempt.organisation_id, attempt.run_id, attempt.node, attempt.item_path)
    if node_run is not None and node_run.status is NodeStatus.SUCCEEDED:
        return load(attempt.organisation_id, node_run.result)
    _stop_child(attempt, node_run)
    raise ChildRunTimedOut(message)


def _timed_out(attempt: NodeAttempt, message: str) -> Change | None:
    scene = accounts.read_scene(attempt)
    if scene.node is not None and scene.node.status.is_terminal:
        return None
    accounts.require_open(scene)
    speaking = attempt if scene.node is None else attempt.model_copy(update={"fence": scene.node.fence})
    error = Fault(name="ChildRunTimedOut", message=message, code=ChildRunTimedOut.code)
    after = fail(scene.node, speaking, at=now_text(), error=error)
    if after is None:
        return None
    told = node_event(after, EventType.NODE_FAILED, accounts.fault_data(error))
    return Change(scene.run, (NodeChange(scene.node, after, (told,)),))


def _stop_child(attempt: NodeAttempt, node_run: NodeRun | None) -> None:
    if node_run is not None and node_run.waiting_for == "child" and node_run.reference is not None:
        stop(attempt.organisation_id, node_run.reference, by=f"run:{attempt.run_id}", reason="the node that waited for it took too long")
