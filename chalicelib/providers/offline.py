"""The provider that needs no key and no network: it answers from what the prompt holds, the same way every time.

In: a `ModelRequest`. Out: a `ModelResponse` whose usage names the provider `offline`. With an output schema it fills the schema (`reading.fill`);
without one it answers in plain sentences, the first of which says that no model was asked. A tool that the prompt plainly asks for is called once
(`reading.calling`); then its result is read like the prompt. Documents of text are read too, everything else that is attached is only named.
It never invents a fact: what the prompt does not hold comes out as neutral or open.
"""

import base64
import json
from typing import Final

from chalicelib.providers.model import Attachment, ModelRequest, ModelResponse, OnText, Role, StopReason, Text, ToolResult, ToolUse, Usage
from chalicelib.providers.reading import writing
from chalicelib.providers.reading.calling import calls
from chalicelib.providers.reading.fill import fill
from chalicelib.providers.reading.material import Material, read_material

NAME: Final = "offline"
MARK: Final = "Offline answer, no model was asked."
MAX_PROMPT: Final = 40_000  # characters that are read; the rest of a longer prompt is left
_TEXTS: Final = ("text/", "application/json", "application/xml", "application/yaml")
_MAX_FAILURE: Final = 200


class OfflineProvider:
    """Deterministic: no clock, no chance, no state."""

    @property
    def name(self) -> str:
        return NAME

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:  # noqa: ARG002  (the time does not matter here)
        uses = _tool_uses(request)
        text = "" if uses else _answer(request)
        if on_text is not None and text:
            on_text(text)
        written = len(text) + sum(len(use.name) + len(json.dumps(use.arguments)) for use in uses)
        usage = Usage(provider=NAME, model=model, input_tokens=_tokens(_length(request)), output_tokens=_tokens(written), cost=0)
        stop = StopReason.TOOL_USE if uses else StopReason.END
        return ModelResponse(text=text, stop=stop, usage=usage, notes={"offline": "true"}, tool_uses=uses)


def _tool_uses(request: ModelRequest) -> tuple[ToolUse, ...]:
    """Calls of the tools that are asked for and have not been called in this conversation."""
    called = {part.name for message in request.messages for part in message.parts if isinstance(part, ToolUse)}
    offers = [offer for offer in request.tools if offer.name not in called]
    chosen = calls(_prompt(request), offers, system=request.system, must=request.must_call and not called)
    turn = len(request.messages)
    return tuple(ToolUse(f"{NAME}-{turn}-{number}", offer.name, arguments) for number, (offer, arguments) in enumerate(chosen))


def _answer(request: ModelRequest) -> str:
    material = _material(request)
    if request.output is not None:
        return json.dumps(fill(request.output, material), ensure_ascii=False)
    return " ".join((MARK, writing.answer(material, sourced=bool(_looked_up(request))), *_left_out(request)))


def _left_out(request: ModelRequest) -> list[str]:
    """What the answer does not rest on, in a sentence each: tools that failed, attachments that were not read."""
    failed = [f"{result.name} failed: {result.text[:_MAX_FAILURE].rstrip('.')}." for result in _results(request) if result.is_error]
    unread = [f"{part.name or 'An attachment'} ({part.media_type}) was not read." for part in _attachments(request) if _text_of(part) is None]
    return failed + unread


def _material(request: ModelRequest) -> Material:
    """The first user's turn taken apart, with what tools and attached texts add to it. Repair turns add nothing to answer from."""
    found = read_material(_prompt(request), system=request.system)
    looked_up = _looked_up(request)
    if not looked_up:
        return found
    is_plain = found.text == _prompt(request).strip()  # nothing but the order
    return found.about(looked_up if is_plain else f"{found.text}\n\n{looked_up}")


def _looked_up(request: ModelRequest) -> str:
    """What tools gave and attached texts say."""
    texts = [_text_of(part) or "" for part in _attachments(request)]
    texts += [result.text for result in _results(request) if not result.is_error]
    return "\n\n".join(text for text in texts if text.strip())[:MAX_PROMPT]


def _prompt(request: ModelRequest) -> str:
    return next((message.text for message in request.messages if message.role is Role.USER), "")[:MAX_PROMPT]


def _results(request: ModelRequest) -> list[ToolResult]:
    return [part for message in request.messages for part in message.parts if isinstance(part, ToolResult)]


def _attachments(request: ModelRequest) -> list[Attachment]:
    return [part for message in request.messages for part in message.parts if isinstance(part, Attachment)]


def _text_of(attachment: Attachment) -> str | None:
    """The text of a document that is one; None for what is none."""
    if not attachment.media_type.startswith(_TEXTS):
        return None
    try:
        return base64.b64decode(attachment.data, validate=True).decode("utf-8")
    except ValueError:
        return None


def _length(request: ModelRequest) -> int:
    """Characters of texts and of tools' results."""
    texts = (part.text for message in request.messages for part in message.parts if isinstance(part, Text | ToolResult))
    return sum(len(text) for text in texts) + len(request.system or "")


def _tokens(characters: int) -> int:
    """What a tokenizer would count, roughly: four characters a token."""
    return -(-characters // 4)
