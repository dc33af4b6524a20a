"""Answers given again: an exact-match cache around a model call, in which one of many equal callers asks and the others wait for its answer.

In: a request with who shall answer it, a store of answers, and the call. Out: the answer, and a `CacheOutcome` that says where it came from. Pure:
the store, the time that is left and the waiting are handed in. A store that fails never fails a call: it is then made as if there were no cache.

Never kept: what another model said in the place of the one asked, what calls tools, what ended for a reason that nobody knows, what breaks the schema
that was asked for; refusals and truncated answers are failures, which pass through here.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from chalicelib.providers.model import Attachment, ModelMessage, ModelRequest, ModelResponse, Part, StopReason, Text, ToolResult, ToolUse, Usage
from chalicelib.providers.structured import NotJson, read_json, schema_faults
from chalicelib.spec.canonical import digest
from chalicelib.spec.model import Json, JsonObject

VERSION: Final = 1  # of what a key is made of; another one forgets all answers
MAX_LEASE_SECONDS: Final = 120.0  # after which another caller takes over from one that gave no answer
WAITING_SHARE: Final = 0.5  # of the time that a caller has: the rest is for a call of its own
FIRST_PAUSE_SECONDS: Final = 0.05
MAX_PAUSE_SECONDS: Final = 1.0
_log: Final = logging.getLogger(__name__)
_KEPT_STOPS: Final = (StopReason.END, StopReason.STOP_SEQUENCE)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """What is asked, and of whom: the provider and model as resolved, not an alias that may lead elsewhere tomorrow."""

    request: ModelRequest
    provider: str
    model: str

    @property
    def sha256(self) -> str:
        """The digest of everything that shapes the answer."""
        return digest(_canonical(self))


@dataclass(frozen=True, slots=True)
class Hit:
    """The store has the answer."""

    response: ModelResponse


@dataclass(frozen=True, slots=True)
class Leased:
    """The caller is the one to ask; `token` proves it."""

    token: str


@dataclass(frozen=True, slots=True)
class Held:
    """Another caller is asking."""


class CacheStore(Protocol):
    """Answers of one organisation."""

    def look(self, key: str, *, lease_seconds: float) -> Hit | Leased | Held:
        """The answer; or, for the first who looks where there is none, the lease to ask for it."""
        ...

    def keep(self, key: str, token: str, response: ModelResponse, *, ttl_seconds: int) -> None:
        """Keep an answer, unless the lease has gone to another."""
        ...

    def abandon(self, key: str, token: str) -> None:
        """Give the lease up without an answer."""
        ...

    def count(self, key: str, outcome: "CacheOutcome") -> None:
        """Count for the analytics."""
        ...


class Came(StrEnum):
    """`bypass`: made without the cache, which failed or kept the caller waiting for too long."""

    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"


@dataclass(frozen=True, slots=True)
class CacheOutcome:
    """Where an answer came from. `saved` is what it cost when it was made, in micro-dollars: None where nothing was saved or it had no price."""

    came: Came
    key: str
    saved: int | None = None
    is_kept: bool = False


def cached_call(
    key_request: KeyRequest,
    *,
    store: CacheStore,
    ttl_seconds: int,
    call: Callable[[], ModelResponse],
    seconds_left: Callable[[], float],
    pause: Callable[[float], None],
    is_by_asked: Callable[[], bool] = lambda: True,
) -> tuple[ModelResponse, CacheOutcome]:
    """The answer from the store or from `call`, and which. A hit took no tokens and cost nothing. Raises what `call` raises.

    `is_by_asked` says, after `call`, whether the model of the key gave the answer: that of another one in its place is not kept.
    """
    key = key_request.sha256
    found = _found(store, key, seconds_left, pause)
    match found:
        case Hit(response):
            outcome = CacheOutcome(Came.HIT, key, saved=response.usage.cost, is_kept=True)
            answer = _given_again(response)
        case Leased(token):
            lease = _Lease(store, key, token, ttl_seconds)
            answer, is_kept = lease.asked(key_request.request, call, is_by_asked)
            outcome = CacheOutcome(Came.MISS, key, is_kept=is_kept)
        case _:
            answer, outcome = call(), CacheOutcome(Came.BYPASS, key)
    _quietly(lambda: store.count(key, outcome))
    return answer, outcome


def is_worth_keeping(request: ModelRequest, response: ModelResponse) -> bool:
    """Whether an answer may stand for the next call's."""
    if response.stop not in _KEPT_STOPS or response.tool_uses:
        return False
    if request.output is None:
        return True
    try:
        return not schema_faults(read_json(response.text), request.output)
    except NotJson:
        return False


def _found(store: CacheStore, key: str, seconds_left: Callable[[], float], pause: Callable[[float], None]) -> Hit | Leased | None:
    """An answer or the lease; None where the store fails or another caller takes too long."""
    last = seconds_left() * (1 - WAITING_SHARE)
    wait = FIRST_PAUSE_SECONDS
    while True:
        try:
            found = store.look(key, lease_seconds=min(seconds_left(), MAX_LEASE_SECONDS))
        except Exception:
            _log.warning("the cache did not answer", exc_info=True)
            return None
        if not isinstance(found, Held):
            return found
        if seconds_left() - wait < last:
            return None
        pause(wait)
        wait = min(wait * 2, MAX_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Lease:
    """The right to ask for an answer and to keep it. Who waits is never left with one that leads to nothing."""

    store: CacheStore
    key: str
    token: str
    ttl_seconds: int

    def asked(self, request: ModelRequest, call: Callable[[], ModelResponse], is_by_asked: Callable[[], bool]) -> tuple[ModelResponse, bool]:
        """The answer by the call, and whether it was kept."""
        try:
            response = call()
        except Exception:
            self._abandon()
            raise
        if is_by_asked() and is_worth_keeping(request, response):
            return response, _quietly(lambda: self.store.keep(self.key, self.token, response, ttl_seconds=self.ttl_seconds))
        self._abandon()
        return response, False

    def _abandon(self) -> None:
        _quietly(lambda: self.store.abandon(self.key, self.token))


def _given_again(response: ModelResponse) -> ModelResponse:
    free = Usage(provider=response.usage.provider, model=response.usage.model, cost=0)
    return replace(response, usage=free, notes={**response.notes, "cache": Came.HIT.value})


def _quietly(step: Callable[[], None]) -> bool:
    """Whether a step of the cache's own worked; it may fail without harm."""
    try:
        step()
    except Exception:
        _log.warning("the cache did not take what it was told", exc_info=True)
        return False
    return True


def _canonical(asked: KeyRequest) -> JsonObject:
    """`cache_prompt` is left out: it changes the price of an answer, not the answer."""
    request = asked.request
    return {
        "version": VERSION,
        "provider": asked.provider,
        "model": asked.model,
        "system": request.system,
        "messages": [_turn(message) for message in request.messages],
        "output": request.output,
        "tools": [asdict(offer) for offer in request.tools],
        "must_call": request.must_call,
        "thinking": request.thinking,
        "max_output_tokens": request.max_output_tokens,
    }


def _turn(message: ModelMessage) -> Json:
    native: Json = None if message.native is None else {"provider": message.native.provider, "content": message.native.content}
    return {"role": message.role.value, "parts": [_part(part) for part in message.parts], "native": native}


def _part(part: Part) -> Json:
    kind = {Text: "text", Attachment: "attachment", ToolUse: "tool_use", ToolResult: "tool_result"}[type(part)]
    return {"kind": kind, **asdict(part)}
