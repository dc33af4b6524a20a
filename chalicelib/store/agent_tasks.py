"""The tasks of agents elsewhere that nodes wait for: one item a visit of such a node.

In: an attempt, the task's id. Out: the task as it is known: since when it is waited for, under which id. Never: two ids for one visit; whoever comes
second is told the first.
"""

from chalicelib.clock import now_text
from chalicelib.errors import ConditionLost, Contention
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.run_records import NodeAttempt

_UNNAMED = "attribute_not_exists(#task_id)"


class AgentTask(Record):
    """`began_at`: since when it is waited for, in the run as it is resumed; `task_id` is None until the agent has given one."""

    began_at: str
    resume: int = 0
    task_id: str | None = None


def find(attempt: NodeAttempt) -> AgentTask | None:
    item = table.get(_key(attempt))
    return None if item is None else record_of(AgentTask, item)


def begin(attempt: NodeAttempt) -> AgentTask:
    """The waiting begins, if it has not. A resumed run waits anew, for the same task."""
    resume, before = attempt.fence.resume, find(attempt)
    if before is None:
        _write_or_lose(table.put(item_of(AgentTask(began_at=now_text(), resume=resume), _key(attempt)), condition=table.ABSENT))
    elif before.resume < resume:
        changes = {"began_at": now_text(), "resume": resume}
        _write_or_lose(table.assign(_key(attempt), changes, condition="#resume < :resume_new"))
    return _found(attempt)


def name(attempt: NodeAttempt, task_id: str) -> AgentTask:
    """The agent has given the task an id."""
    _write_or_lose(table.assign(_key(attempt), {"task_id": task_id}, condition=f"{table.PRESENT} AND {_UNNAMED}"))
    return _found(attempt)


def _write_or_lose(write: table.Write) -> None:
    """Somebody who was faster wrote the same, or what counts instead."""
    try:
        table.write(write)
    except ConditionLost:
        return


def _found(attempt: NodeAttempt) -> AgentTask:
    found = find(attempt)
    if found is None:
        raise Contention(f"the task of {attempt.node} is not there")
    return found


def _key(attempt: NodeAttempt) -> keys.Key:
    return keys.agent_task(attempt.organisation_id, attempt.run_id, attempt.node, f"{attempt.item_path}#{attempt.fence.visit_name}")
