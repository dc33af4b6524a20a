"""The worker of a node that waits for the task of an agent elsewhere: one entry, which sends or asks once.

In: the work and what is sent. Out: `{Next, output, seconds}`: `done` with what the agent says, `again` after so many seconds, or `wait`: after so
many seconds or once the agent tells that something has changed, which it was asked to do. `wait_for_word` is the worker of that wait. The task's id
is kept before the first pause, so that nothing is sent twice but by a worker that died in between; then the message has the same id, by which an
agent knows it. An asking that fails in passing is no failure: the next one follows anyway.
Never: what an agent tells taken for how its task stands; a wait without an asking at its end.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chalicelib.clock import seconds_since
from chalicelib.errors import SluiceError
from chalicelib.runs.nodes import NextWait, node_started, node_succeeded
from chalicelib.runs.task_hooks import open_hook, wait_at_hook
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import MOST_WOKEN, Polling, ToolCall
from chalicelib.store import agent_tasks
from chalicelib.store.agent_tasks import AgentTask
from chalicelib.tools.a2a import Hook, tell_at
from chalicelib.tools.failures import AgentRefused, AgentTaskTimedOut
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from chalicelib.workers.failures import CameTooLate
from chalicelib.workers.outputs import fitted
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.tool import carried_out, shown_call, with_secrets
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work

_log: Final = logging.getLogger(__name__)
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
    if task.task_id is not None:
        return _look(work, sending, wait, task)
    said = _send(work, sending)
    if _is_over(said):
        return _finish(work, sending, said)
    task = agent_tasks.name(work.attempt, _id_of(said))
    return _look(work, sending, wait, task, known=said)


def wait_for_word(work: Work) -> None:
    """The engine waits. Nothing that it waits for is given: it comes by the token."""
    if work.payload.token is None:
        raise PayloadInvalid("a node that waits for an agent's word needs a task token")
    wait_at_hook(work.attempt, work.payload.token)


def _look(work: Work, sending: Sending, wait: Polling, task: AgentTask, *, known: JsonObject | None = None) -> JsonObject:
    """Have the agent tell of changes from now on, then ask, so that none falls in between. `known`: what it said just now."""
    task_id = str(task.task_id)
    is_hooked = _is_hooked(work, sending, wait, task_id)
    said = known if known is not None and not is_hooked else _ask(work, sending, task_id)
    if said and _is_over(said):
        return _finish(work, sending, said)
    return _wait(task, wait, is_hooked=is_hooked)


def _is_hooked(work: Work, sending: Sending, wait: Polling, task_id: str) -> bool:
    """Whether the agent tells of changes. Whatever keeps it from that, it can still be asked."""
    if not work.payload.may_wait or work.attempt.fence.entry >= MOST_WOKEN:
        return False
    hook = open_hook(work.attempt, seconds=wait.timeout_seconds)
    if hook is None:
        return False
    told = partial(_tell_at, Hook(hook.id, hook.url, hook.token), task_id)
    try:
        return with_secrets(work, sending.authored, sending.arguments, told) is True
    except SluiceError as failure:
        _log.info("an agent tells of no changes", extra={"run_id": work.payload.run_id, "node": work.payload.node, "why": type(failure).__name__})
        return False


def _tell_at(hook: Hook, task_id: str, arguments: JsonObject, surroundings: Surroundings) -> Json:
    return tell_at(hook, _of_task(arguments, task_id), surroundings)


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
    return run_tool("a2a.get", _of_task(arguments, task_id), surroundings)


def _of_task(arguments: JsonObject, task_id: str) -> JsonObject:
    kept: JsonObject = {name: arguments[name] for name in ("agent", "timeout_seconds") if name in arguments}
    return {**kept, "task_id": task_id}


def _is_over(said: JsonObject) -> bool:
    return said["is_final"] is True or said["state"] == _ASKS_BACK


def _id_of(said: JsonObject) -> str:
    task_id = said.get("task_id")
    if not isinstance(task_id, str):
        raise AgentRefused("the agent's task has no id by which it could be asked for")
    return task_id


def _wait(task: AgentTask, wait: Polling, *, is_hooked: bool) -> JsonObject:
    waited = seconds_since(task.began_at)
    if waited >= wait.timeout_seconds:
        raise AgentTaskTimedOut(f"the agent's task {task.task_id} has not ended in {wait.timeout_seconds} s")
    if is_hooked:
        return _step("wait", None, seconds=wait.long_pause(waited))
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
