"""The worker of `workflow`: starts the child run and leaves the task token with it; closes the node when its time is over.

In: the work and its values. Out: nothing that the machine waits for (the child's output comes by the token), or, from the `--close` state, the
child's output if it came after all. The child belongs to the person who started the parent, so that nobody approves their own run by way of a
child.
"""

from collections.abc import Mapping

from chalicelib.access.principal import Principal
from chalicelib.errors import WorkflowNotFound
from chalicelib.runs.close_child import close_child
from chalicelib.runs.nodes import node_started, node_waiting
from chalicelib.runs.start import Parent, start
from chalicelib.runs.take_up import take_up
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import SubWorkflow
from chalicelib.store import runs, workflows
from chalicelib.store.run_records import Run, Trigger
from chalicelib.store.runs import Promise
from chalicelib.store.workflow_records import Child
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work


def begin(work: Work, node: SubWorkflow, values: Mapping[str, Json]) -> JsonObject:
    """Start the child, or find the one that this visit has started, which a resume takes up again; from here on the node waits for it."""
    given = rendered_members(node.arguments, values)
    shown: JsonObject = {"workflow": node.workflow, "input": given}
    node_started(work.attempt, input=shown, settled=work.payload.settled)  # a visit that has its output already: the child answers the new token
    child = start_child(work, node.workflow, given)
    node_waiting(work.attempt, waiting_for="child", reference=child.id, until=child.deadline_at)
    return {"run_id": child.id}


def close(work: Work) -> Json:
    """The child's output, if it came after all. Raises ChildRunTimedOut."""
    return close_child(work.attempt)


def start_child(work: Work, name: str, given: JsonObject, *, promise: Promise | None = None) -> Run:
    """The run that the node waits for, or the one that this visit has started. `promise` is an agent node's."""
    payload = work.payload
    if payload.token is None:
        raise PayloadInvalid("a sub-workflow needs a task token")
    pinned = pinned_child(work, name)
    parent = Parent(
        attempt=work.attempt,
        token=payload.token,
        keep=payload.keep,
        inline_bytes=payload.inline_bytes,
        deadline_seconds=payload.deadline_seconds,
        promise=promise,
    )
    principal = Principal(payload.organisation_id, runs.get(payload.organisation_id, payload.run_id).started_by)
    return take_up(principal, parent, pinned, given) or start(
        principal,
        workflow_id=pinned.workflow_id,
        input=given,
        version=pinned.version,
        trigger=Trigger(type="workflow", source=payload.run_id),
        parent=parent,
    )


def pinned_child(work: Work, name: str) -> Child:
    """The version of the child that was fixed when the parent was published. Raises WorkflowNotFound."""
    version = workflows.get_version(work.payload.organisation_id, work.payload.version_id)
    pinned = version.children.get(name)
    if pinned is None:
        raise WorkflowNotFound(f"the version names no workflow {name}")
    return pinned
