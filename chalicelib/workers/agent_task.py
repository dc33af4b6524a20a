"""The worker of a node that waits for the task of an agent elsewhere: one entry, which sends or asks once.

In: the work and what is sent. Out: `{Next, output, seconds}`: `done` with what the agent says, or `again` after so many seconds. The task's id is
kept before the first pause, so that nothing is sent twice but by a worker that died in between; then the message has the same id, by which an agent
knows it. An asking that fails in passing is no failure: the next one follows anyway.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chalicelib.clock import seconds_since
from chalicelib.errors import SluiceError
from chalicelib.runs.nodes import NextWait, node_started, node_succeeded
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Polling, ToolCall
from chalicelib.store import agent_tasks
from chalicelib.store.agent_tasks import AgentTask
from chalicelib.tools.failures import AgentRefused, AgentTaskTimedOut
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from chalicelib.workers.failures import CameTooLate
from chalicelib.workers.outputs import fitted
from chalicelib.workers.tool import carried_out, shown_call, with_secrets
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work

_TOOL: Final = "a2a.send"
_ASKS_BACK: Final = "input_required"  # nobody but the workflow can answer


@dataclass(frozen=True, slots=True)
class Sending:
    """What is said to an agent, and what people see of it. `authored` are arguments that may name secrets, `take` makes the node's output of what the
    agent says last."""

    arguments: JsonObject
    shown: JsonObject
    authored: JsonObject = field(default_factory=dict)
    take: Callable[[JsonObject], Json] = lambda said: said
    details: JsonObject = field(default_factory=dict)


def call_of(node: ToolCall, values: Mapping[str, Json]) -> Sending:
    """What a tool call sends."""
    arguments = rendered_members(node.arguments, values)
    return Sending(arguments, shown_call(node.tool, arguments), authored=node.arguments)


def work_on(work: Work, sending: Sending, wait: Polling) -> JsonObject:
    """Send if nothing was sent, else ask. Raises AgentTaskTimedOut when the task has not ended in its time, and what `take` raises."""
    task = agent_tasks.find(work.attempt)
    if task is None or not _is_going_on(work, task):
        replay = node_started(work.attempt, input=sending.shown, settled=work.payload.settled)
        if replay is not None:
            return _step("done", replay.result)
        task = agent_tasks.begin(work.attempt)
    said = _send(work, sending) if task.task_id is None else _ask(work, sending, task.task_id)
    if said and _is_over(said):
        return _finish(work, sending, said)
    if task.task_id is None:
        task = agent_tasks.name(work.attempt, _id_of(said))
    return _wait(task, wait)


def _is_going_on(work: Work, task: AgentTask) -> bool:
    """Whether this is the next asking, and no try of an entry that might have ended well."""
    return task.task_id is not None and task.resume == work.attempt.fence.resume and work.attempt.fence.retry == 0


def _send(work: Work, sending: Sending) -> JsonObject:
    return _object(carried_out(work, _TOOL, sending.authored, sending.arguments))


def _ask(work: Work, sending: Sending, task_id: str) -> JsonObject:
    """How the task stands; nothing where that cannot be known now."""
    try:
        return _object(with_secrets(work, sending.authored, sending.arguments, partial(_get, task_id)))
    except SluiceError as failure:
        if not failure.retryable:
            raise
        return {}


def _get(task_id: str, arguments: JsonObject, surroundings: Surroundings) -> Json:
    """With the secrets of the whole call, since an agent may repeat what it was told."""
    kept: JsonObject = {name: arguments[name] for name in ("agent", "timeout_seconds") if name in arguments}
    return run_tool("a2a.get", {**kept, "task_id": task_id}, surroundings)


def _is_over(said: JsonObject) -> bool:
    return said["is_final"] is True or said["state"] == _ASKS_BACK


def _id_of(said: JsonObject) -> str:
    task_id = said.get("task_id")
    if not isinstance(task_id, str):
        raise AgentRefused("the agent's task has no id by which it could be asked for")
    return task_id


def _wait(task: AgentTask, wait: Polling) -> JsonObject:
    waited = seconds_since(task.began_at)
    if waited >= wait.timeout_seconds:
        raise AgentTaskTimedOut(f"the agent's task {task.task_id} has not ended in {wait.timeout_seconds} s")
    return _step("again", None, seconds=wait.pause(waited))


def _finish(work: Work, sending: Sending, said: JsonObject) -> JsonObject:
    if work.is_too_late:
        raise CameTooLate("the work took longer than its time limit; what it gave came too late")
    next_wait = work.payload.next_wait
    announced = None if next_wait is None else NextWait(next_wait.node, next_wait.until)
    details: JsonObject = {"task_id": said["task_id"], "state": said["state"], **sending.details}
    return _step("done", node_succeeded(work.attempt, result=fitted(work, sending.take(said)), details=details, next_wait=announced))


def _object(said: Json) -> JsonObject:
    return said if isinstance(said, dict) else {}


def _step(following: str, output: Json, *, seconds: int = 0) -> JsonObject:
    return {"Next": following, "output": output, "seconds": seconds}
