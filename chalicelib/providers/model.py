"""What is asked of a model and what comes back, in Sluice's own terms.

In: nothing. Out: `ModelRequest`, `ModelResponse`, `Usage` and the `Provider` protocol. No vendor's type goes past its adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib.spec.model import JsonObject


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One turn of a conversation with a model."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """`output` is a JSON Schema that the answer shall satisfy; without it the answer is text. `messages` ends with a user's turn."""

    messages: tuple[ModelMessage, ...]
    system: str | None = None
    output: JsonObject | None = None
    max_output_tokens: int | None = None


class StopReason(StrEnum):
    """Why a model stopped, as far as a response can tell; what is no success is an exception instead."""

    END = "end"
    STOP_SEQUENCE = "stop_sequence"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took. `input_tokens` is the total, cached ones included; `cost` is in micro-dollars, None where the model has no price."""

    provider: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cost: int | None = None

    def plus(self, other: "Usage") -> "Usage":
        """Both calls together; unpriced as soon as one of them is."""
        return Usage(
            provider=other.provider,
            model=other.model,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """`text` is the whole answer; where a schema was asked for, its JSON text (read and checked by the caller). `notes` are worth recording."""

    text: str
    stop: StopReason
    usage: Usage
    notes: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """One vendor of models."""

    @property
    def name(self) -> str: ...

    def call(self, request: ModelRequest, *, model: str, seconds: float) -> ModelResponse:
        """One call, without retries, within `seconds`. Raises a ModelFailure."""
        ...
