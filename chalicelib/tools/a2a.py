"""The tools `a2a.send`, `a2a.get` and `a2a.cancel`: agents of others, by the A2A protocol and its official SDK, through our guard.

In: an agent (a configured name, or a URL that is allowed), and what to say or a task's id. Out: what the agent says: a message at once, or a task
with its state. A sending never waits for a long task: it is asked for later by its id. The message's id is made from the effect's key, so that an
agent recognises a sending that comes twice. Agent cards are known for some minutes; one that must be signed is taken only if it is.
Never: a credential to another origin than the configured one, whatever a card says.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools import event_loop
from chalicelib.tools.card_signature import trusted_keys, verify
from chalicelib.tools.failures import AgentRefused, ArgumentsInvalid, CardUntrusted, HttpTimedOut, ToolFailure
from chalicelib.tools.guard import MARGIN_SECONDS, Guard, broken, endpoint_of, httpx_client, identity, open_guard
from chalicelib.tools.tool import Surroundings, Tool
from chalicelib.tools.ttl_cache import TtlCache

if TYPE_CHECKING:
    from a2a.client import Client
    from a2a.types.a2a_pb2 import AgentCard, Message, Part, Task

DEFAULT_SECONDS: Final = 30.0
CACHED_SECONDS: Final = 300.0
FINAL_STATES: Final = frozenset(("completed", "failed", "cancelled", "rejected"))
WAITING_STATES: Final = frozenset(("input_required", "auth_required"))
_SPELLING: Final = {"canceled": "cancelled", "unspecified": "unknown"}
_TOLD: Final = 2_000  # characters of a foreign failure
_KEYS: Final = uuid.UUID("5b0a7c8e-3d0f-5b7e-9c53-0d9a4f2f6a11")  # of message ids that are made from effects' keys

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class AgentSkill:
    """What an agent says that it can do."""

    id: str
    name: str
    description: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentDescription:
    """An agent's card, as far as it helps to choose one. It is text from outside."""

    agent: str
    name: str
    description: str
    skills: tuple[AgentSkill, ...]


@dataclass(frozen=True, slots=True)
class Hook:
    """Where an agent shall tell that something has changed, and the token by which it is known there."""

    id: str
    url: str
    token: str = field(repr=False)


_CARDS: Final[TtlCache[Any]] = TtlCache(seconds=CACHED_SECONDS, size=64)


def a2a_tools() -> tuple[Tool, ...]:
    return (Tool("a2a.send", _send), Tool("a2a.get", _get), Tool("a2a.cancel", _cancel))


def forget_agents() -> None:
    """Ask for every card anew from now on."""
    _CARDS.clear()


def describe(agent: str, surroundings: Surroundings, *, seconds: float = DEFAULT_SECONDS) -> AgentDescription:
    """What an agent's card says. Raises a ToolFailure."""
    card = _within(agent, surroundings, seconds, _card)
    skills = tuple(AgentSkill(skill.id, skill.name, skill.description, tuple(skill.tags)) for skill in card.skills)
    return AgentDescription(agent, card.name, card.description, skills)


def tell_at(hook: Hook, arguments: JsonObject, surroundings: Surroundings) -> bool:
    """Ask the agent of `a2a.get`'s arguments to tell of its task's changes. False where its card does not offer that. Raises a ToolFailure."""

    async def register(client: "Client", card: "AgentCard") -> JsonObject:
        from a2a.types.a2a_pb2 import AuthenticationInfo, TaskPushNotificationConfig

        if not card.capabilities.push_notifications:
            return {"tellable": False}
        by = AuthenticationInfo(scheme="Bearer", credentials=hook.token)
        task_id = str(arguments["task_id"])
        wanted = TaskPushNotificationConfig(id=hook.id, task_id=task_id, url=hook.url, token=hook.token, authentication=by)
        await client.create_task_push_notification_config(wanted)
        return {"tellable": True}

    return _with_client(arguments, surroundings, register)["tellable"] is True


def _send(arguments: JsonObject, surroundings: Surroundings) -> Json:
    if arguments.get("text") is None and arguments.get("data") is None:
        raise ArgumentsInvalid("a2a.send: text or data is needed")
    return _with_client(arguments, surroundings, partial(_send_message, arguments, surroundings.idempotency_key))


def _get(arguments: JsonObject, surroundings: Surroundings) -> Json:
    return _with_client(arguments, surroundings, partial(_get_task, str(arguments["task_id"])))


def _cancel(arguments: JsonObject, surroundings: Surroundings) -> Json:
    return _with_client(arguments, surroundings, partial(_cancel_task, str(arguments["task_id"])))


def _with_client(arguments: JsonObject, surroundings: Surroundings, use: "Callable[[Client, AgentCard], Awaitable[JsonObject]]") -> JsonObject:
    wanted = arguments.get("timeout_seconds")
    seconds = float(wanted) if isinstance(wanted, int | float) else DEFAULT_SECONDS

    async def connected(guard: Guard) -> JsonObject:
        from a2a.client import ClientConfig, ClientFactory

        card = await _card(guard)
        async with httpx_client(guard) as http:
            config = ClientConfig(streaming=False, polling=True, httpx_client=http, supported_protocol_bindings=["JSONRPC", "HTTP+JSON"])
            return await use(ClientFactory(config).create(card), card)

    return _within(str(arguments["agent"]), surroundings, seconds, connected)


def _within(agent: str, surroundings: Surroundings, seconds: float, use: Callable[[Guard], Awaitable[Result]]) -> Result:
    """What `use` gives under a guard. Everything that an SDK may raise comes out as a ToolFailure."""
    endpoint = endpoint_of(agent, surroundings.a2a_agents, kind="agent")
    left = min(seconds, surroundings.seconds_left() - MARGIN_SECONDS)
    guard = open_guard(agent, endpoint, surroundings.a2a_agents, destinations=surroundings.destinations, seconds=left)
    try:
        return event_loop.run(lambda: use(guard), seconds=left)
    except HttpTimedOut as failure:
        raise (guard.failure or failure) from failure
    except ToolFailure:
        raise
    except Exception as error:
        _CARDS.drop(identity(endpoint))  # what it says may have changed
        told = str(error)[:_TOLD]
        status = f" (the answer was {guard.status})" if guard.status else ""
        raise (broken(error, guard) or AgentRefused(f"the agent refuses, or does not keep to the protocol{status}: {told}")) from error


async def _card(guard: Guard) -> "AgentCard":
    from a2a.client import A2ACardResolver

    kept: AgentCard | None = _CARDS.get(identity(guard.endpoint))
    if kept is not None:
        return kept
    async with httpx_client(guard) as http:
        card = await A2ACardResolver(http, guard.endpoint.url.rstrip("/")).get_agent_card()
        if guard.endpoint.signed_by is not None:
            verify(card, await trusted_keys(guard.endpoint.signed_by, partial(_fetched, guard)))
    _CARDS.put(identity(guard.endpoint), card)
    return card


async def _fetched(guard: Guard, url: str) -> bytes:
    answer = await guard.exchange("GET", url, {"accept": "application/json"}, b"")
    if answer.status != 200:
        raise CardUntrusted(f"the keys at the agent's jwks_url cannot be had (the answer was {answer.status})")
    return answer.body


async def _send_message(arguments: JsonObject, key: str, client: "Client", _card: "AgentCard") -> JsonObject:
    from a2a.helpers import new_data_part, new_text_part
    from a2a.types.a2a_pb2 import Message, Role, SendMessageRequest

    parts = []
    if arguments.get("text") is not None:
        parts.append(new_text_part(str(arguments["text"])))
    if arguments.get("data") is not None:
        parts.append(new_data_part(arguments["data"]))
    message = Message(
        message_id=str(uuid.uuid5(_KEYS, key)),
        role=Role.ROLE_USER,
        parts=parts,
        task_id=str(arguments.get("task_id") or ""),
        context_id=str(arguments.get("context_id") or ""),
    )
    answer = await anext(client.send_message(SendMessageRequest(message=message)))
    return _of_message(answer.message) if answer.HasField("message") else _of_task(answer.task)


async def _get_task(task_id: str, client: "Client", _card: "AgentCard") -> JsonObject:
    from a2a.types.a2a_pb2 import GetTaskRequest

    return _of_task(await client.get_task(GetTaskRequest(id=task_id)))


async def _cancel_task(task_id: str, client: "Client", card: "AgentCard") -> JsonObject:
    """A task that has ended cannot be cancelled: then its end is told."""
    from a2a.types.a2a_pb2 import CancelTaskRequest
    from a2a.utils.errors import TaskNotCancelableError

    try:
        return _of_task(await client.cancel_task(CancelTaskRequest(id=task_id)))
    except TaskNotCancelableError:
        return await _get_task(task_id, client, card)


def _of_message(message: "Message") -> JsonObject:
    return _says(list(message.parts), state="completed", task_id=message.task_id, context_id=message.context_id)


def _of_task(task: "Task") -> JsonObject:
    from a2a.types.a2a_pb2 import TaskState

    name = TaskState.Name(task.status.state).removeprefix("TASK_STATE_").lower()
    parts = [part for artifact in task.artifacts for part in artifact.parts] or list(task.status.message.parts)
    return _says(parts, state=_SPELLING.get(name, name), task_id=task.id, context_id=task.context_id)


def _says(parts: "list[Part]", *, state: str, task_id: str, context_id: str) -> JsonObject:
    from a2a.helpers import get_data_parts, get_text_parts

    return {
        "task_id": task_id or None,
        "context_id": context_id or None,
        "state": state,
        "is_final": state in FINAL_STATES,
        "text": "\n".join(get_text_parts(parts)),
        "data": [*get_data_parts(parts)],
    }
