"""Hooks of nodes that wait for the task of an agent elsewhere: opened before the wait, heard from outside, waking the engine.

In: an attempt; what an agent sends to the webhook. Out: where the agent shall tell, under a token that is random, good for one wake-up and kept as
its digest alone. What an agent tells is a hint that something has changed, and nothing more: the node asks the agent itself.
Never: a word of a notification's body; a difference by which an outsider could tell an unknown hook from a wrong token.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import NotificationUnknown
from chalicelib.gates.deliver import deliver_soon
from chalicelib.settings import settings
from chalicelib.store import task_hooks
from chalicelib.store.run_records import NodeAttempt

PATH: Final = "/api/v1/a2a/notifications"
_TOKEN_BYTES: Final = 32
_MOST_CHARACTERS: Final = 200  # of a token that is looked at
_NOBODYS: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class OpenedHook:
    """What an agent is told."""

    id: str
    url: str
    token: str = field(repr=False)


def open_hook(attempt: NodeAttempt, *, seconds: int) -> OpenedHook | None:
    """Good for so many seconds. None where agents could not reach this deployment, or a newer attempt is at it."""
    base_url = settings().public_url.rstrip("/")
    if not base_url:
        return None
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    hook = task_hooks.open_anew(attempt, token_sha256=_digest(token), expires_at=epoch_seconds() + seconds)
    return None if hook is None else OpenedHook(hook.id, f"{base_url}{PATH}/{hook.organisation_id}/{hook.id}", token)


def wait_at_hook(attempt: NodeAttempt, task_token: str) -> None:
    """The engine waits; what was heard since the hook was opened wakes it at once."""
    hook_id = task_hooks.hook_id(attempt)
    task_hooks.wait_at(attempt.organisation_id, hook_id, task_token)
    deliver_soon(attempt.organisation_id, hook_id)


def hear(organisation_id: str, hook_id: str, token: str) -> None:
    """Kept when this returns; heard again, it changes nothing. Raises NotificationUnknown."""
    hook = task_hooks.find(organisation_id, hook_id)
    fits = hmac.compare_digest(_digest(token[:_MOST_CHARACTERS]), _NOBODYS if hook is None else hook.token_sha256)
    if hook is None or not token or not fits:
        raise NotificationUnknown("nobody waits for this notification")
    task_hooks.hear(hook)
    deliver_soon(organisation_id, hook_id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
