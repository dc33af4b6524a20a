"""Hooks: where agents elsewhere tell that something has changed in a task that a node waits for. One item a visit of such a node.

In: an attempt, the digest of a hook's token, the engine's task token. Out: the hook. What was heard is an answer for the outbox (`store.answers`) as
soon as the engine waits; heard before that, it is there when the engine comes to wait. Never: a hook's token itself; two wake-ups by one token.
"""

from chalicelib import ids
from chalicelib.errors import ConditionLost
from chalicelib.store import answers, keys, table
from chalicelib.store.answers import Answer
from chalicelib.store.items import Item, item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.run_records import NodeAttempt

_HEARD = Answer()
_TRIES = 3
_UNANSWERED = "attribute_not_exists(answer)"
_NEWEST = "attribute_not_exists(PK) OR #opened_by <= :order"


class TaskHook(Record):
    """`opened_by` orders the attempts that opened it."""

    id: str
    organisation_id: str
    token_sha256: str
    opened_by: int


def hook_id(attempt: NodeAttempt) -> str:
    """Of the visit that the attempt belongs to."""
    meaning = (attempt.run_id, attempt.node, attempt.item_path, attempt.fence.visit_name)
    return ids.derived_id(ids.HOOK, *meaning, time_of=attempt.run_id)


def open_anew(attempt: NodeAttempt, *, token_sha256: str, expires_at: int) -> TaskHook | None:
    """The hook under a new token, with nothing heard; None where a newer attempt has opened it."""
    fence = attempt.fence
    order = (fence.resume * 1_000_000 + fence.entry) * 1_000 + fence.retry
    hook = TaskHook(id=hook_id(attempt), organisation_id=attempt.organisation_id, token_sha256=token_sha256, opened_by=order)
    item = item_of(hook, keys.task_hook(hook.organisation_id, hook.id), expires_at=expires_at)
    try:
        table.write(table.put(item, condition=_NEWEST, values={"order": order}))
    except ConditionLost:
        return None
    return hook


def find(organisation_id: str, hook_id: str) -> TaskHook | None:
    item = table.get(keys.task_hook(organisation_id, hook_id))
    return None if item is None else record_of(TaskHook, item)


def hear(hook: TaskHook) -> None:
    """Something has changed. Heard once, under the token that the hook has now, and kept before this returns."""
    waited_for = answers.fields(hook.organisation_id, hook.id, _HEARD)
    for _ in range(_TRIES):
        if _wrote(hook, waited_for, f"attribute_exists(task_token) AND {_UNANSWERED}"):
            return
        if _wrote(hook, {"answer": _HEARD.text()}, f"attribute_not_exists(task_token) AND {_UNANSWERED}"):
            return


def wait_at(organisation_id: str, hook_id: str, task_token: str) -> None:
    """The engine waits from now on, or is answered at once. A hook that is gone wakes nobody: the engine's own time does."""
    hook = find(organisation_id, hook_id)
    if hook is None:
        return
    for _ in range(_TRIES):
        if _wrote(hook, {"task_token": task_token}, _UNANSWERED):
            return
        again = {"task_token": task_token, "delivered_at": None, **answers.fields(organisation_id, hook_id, _HEARD)}
        if _wrote(hook, again, "attribute_exists(answer)"):
            return


def _wrote(hook: TaskHook, changes: Item, condition: str) -> bool:
    """Whether the hook, still under the same token, was changed."""
    key = keys.task_hook(hook.organisation_id, hook.id)
    try:
        table.write(table.assign(key, changes, condition=f"#token_sha256 = :same AND {condition}", values={"same": hook.token_sha256}))
    except ConditionLost:
        return False
    return True
