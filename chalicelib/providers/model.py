"""What is asked of a model and what comes back, in Sluice's own terms.

In: nothing. Out: `ModelRequest`, `ModelResponse`, `Usage`, and the protocols `Provider` and `Embedder`. No vendor's type goes past its adapter.

A conversation is a tuple of messages of neutral parts. What only its own vendor understands of a turn (signed thinking, reasoning items, thought
signatures) travels beside the parts as `Native`: the adapter of that vendor sends it back verbatim in place of the parts, every other adapter sends
the parts and leaves it out. So a conversation may go on with another vendor in the middle of a tool loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from chalicelib.spec.model import Json, JsonObject

OnText = Callable[[str], None]  # is handed each piece of the answer's text as it comes


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a document. `data` is base64 without line breaks, `media_type` as in HTTP (`image/png`, `application/pdf`)."""

    media_type: str
    data: str
    name: str = ""

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool that the model asks for. `id` ties its result to it; adapters of vendors without ids make one up, unique in the turn."""

    id: str
    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a ToolUse, as text for the model (JSON where it is data)."""

    id: str
    name: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Native:
    """A whole assistant turn in its vendor's own form, JSON."""

    provider: str
    content: Json


Part = Text | Attachment | ToolUse | ToolResult


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One turn of a conversation. Users' turns hold texts, attachments and tool results, assistants' turns texts and tool uses."""

    role: Role
    parts: tuple[Part, ...]
    native: Native | None = None

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def user(text: str, *attachments: Attachment) -> ModelMessage:
    """A user's turn; attachments come before the text, as vendors advise."""
    return ModelMessage(Role.USER, (*attachments, Text(text)))


def assistant(text: str) -> ModelMessage:
    return ModelMessage(Role.ASSISTANT, (Text(text),))


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool that the model may call. `name` is `^[a-zA-Z0-9_-]{1,64}$` (what all vendors take), `arguments` a JSON Schema of an object."""

    name: str
    description: str
    arguments: JsonObject


Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """`output` is a JSON Schema that the answer shall satisfy; without it the answer is text. `messages` ends with a user's turn.

    `tools` may be called any number of times at once; `must_call` asks for at least one call. `thinking` is how much the model may reason before
    it answers, None: the vendor's default. `cache_prompt` asks the vendor to keep the prompt's beginning for the next call, where it must be asked.
    """

    messages: tuple[ModelMessage, ...]
    system: str | None = None
    output: JsonObject | None = None
    max_output_tokens: int | None = None
    tools: tuple[ToolOffer, ...] = ()
    must_call: bool = False
    thinking: Effort | None = None
    cache_prompt: bool = False


class StopReason(StrEnum):
    """Why a model stopped, as far as a response can tell; what is no success is an exception instead."""

    END = "end"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"
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
    reasoning_tokens: int = 0  # part of `output_tokens`

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
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """`text` is the whole answer; where a schema was asked for, its JSON text (read and checked by the caller). `notes` are worth recording."""

    text: str
    stop: StopReason
    usage: Usage
    notes: Mapping[str, str] = field(default_factory=dict)
    tool_uses: tuple[ToolUse, ...] = ()
    native: Native | None = None

    @property
    def message(self) -> ModelMessage:
        """The answer as a turn of the conversation."""
        spoken: tuple[Part, ...] = (Text(self.text),) if self.text else ()
        return ModelMessage(Role.ASSISTANT, (*spoken, *self.tool_uses), self.native)


class Provider(Protocol):
    """One vendor of models."""

    @property
    def name(self) -> str: ...

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One call, without retries, within `seconds` of wall-clock time. With `on_text` the answer is streamed. Raises a ModelFailure."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector a text, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage


@runtime_checkable
class Embedder(Protocol):
    """A vendor that turns texts into vectors."""

    def embed(self, texts: Sequence[str], *, model: str, seconds: float) -> Embedded:
        """Raises a ModelFailure."""
        ...
