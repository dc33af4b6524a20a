"""What Gemini answers, in one piece or in chunks.

In: responses of the SDK, one after the other. Out: the text of each, the usage so far, and at the end a `ModelResponse` or the failure that the
answer is. Thoughts are no part of the text. An answer without a reason to finish is none. Unknown reasons and fields are let through.
"""

import json
from typing import TYPE_CHECKING, Final

from chalicelib.providers.failures import (
    ContentFiltered,
    ModelAuthFailed,
    ModelFailure,
    ModelRequestInvalid,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.gemini_request import NAME, OWN_ID
from chalicelib.providers.model import ModelResponse, Native, StopReason, ToolUse, Usage
from chalicelib.providers.prices import Tokens, cost
from chalicelib.spec.model import Json

if TYPE_CHECKING:
    from google.genai import types

_FILTERED: Final = (
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    "ESCALATION", "MODEL_ARMOR",
)  # fmt: skip
_BROKEN: Final = ("OTHER", "IMAGE_OTHER", "NO_IMAGE", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE")
_FAILURES: Final[dict[str, tuple[type[ModelFailure], str]]] = {
    "MAX_TOKENS": (ModelTruncated, "reached the limit of output tokens before its answer was whole"),
    "CONTINUATION": (ModelTruncated, "reached the limit of one request before its answer was whole"),
    "FINISH_REASON_UNSPECIFIED": (ModelTruncated, "gave an answer that has no end"),
    "MISSING_THOUGHT_SIGNATURE": (ModelRequestInvalid, "misses the signature of a thought in the conversation"),
    "PUP_LIMITED_DISABLED": (ModelAuthFailed, "is closed to this account for a violation of Google's policy"),
    **{reason: (ContentFiltered, f"declined to answer ({reason})") for reason in _FILTERED},
    **{reason: (ModelUnavailable, f"gave no usable answer ({reason})") for reason in _BROKEN},
}


class Answer:
    """Gathers what comes. `asked` is the model that was asked for."""

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.usage: Usage | None = None
        self._taken = self._read = self._said = self._thought = 0  # tokens
        self._parts: list[types.Part] = []
        self._begun = False
        self._reason: str | None = None
        self._blocked: str | None = None
        self._id = ""

    def add(self, told: "types.GenerateContentResponse") -> str:
        """Take a response in. Returns the text that it adds."""
        candidate = told.candidates[0] if told.candidates else None
        parts = (candidate.content.parts if candidate and candidate.content else None) or []
        self._parts.extend(parts)
        self._begun |= candidate is not None
        if candidate is not None and candidate.finish_reason is not None:
            self._reason = candidate.finish_reason.value
        if told.prompt_feedback is not None and told.prompt_feedback.block_reason is not None:
            self._blocked = told.prompt_feedback.block_reason.value
        self._id = told.response_id or self._id
        self._count(told)
        return "".join(part.text for part in parts if part.text and not part.thought)

    def _count(self, told: "types.GenerateContentResponse") -> None:
        """Each chunk tells the totals until then, and some leave counts out."""
        counts = told.usage_metadata
        if counts is not None:
            self._taken = max(self._taken, (counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0))
            self._read = max(self._read, counts.cached_content_token_count or 0)
            self._said = max(self._said, counts.candidates_token_count or 0)
            self._thought = max(self._thought, counts.thoughts_token_count or 0)
            self.usage = self._usage(told.model_version or self.asked)

    def _usage(self, model: str) -> Usage:
        """Google counts thoughts and the results of its own tools apart, cached tokens within the prompt's. An alias is priced as itself at need."""
        given = self._said + self._thought
        tokens = Tokens(fresh=max(0, self._taken - self._read), output=given, cache_read=self._read)
        price = cost(NAME, model, tokens)
        return Usage(
            provider=NAME,
            model=model,
            input_tokens=self._taken,
            output_tokens=given,
            cached_tokens=self._read,
            cost=cost(NAME, self.asked, tokens) if price is None else price,
            reasoning_tokens=self._thought,
        )

    def response(self, *, turn: int) -> ModelResponse:
        """The whole. `turn` is its number in the conversation, which makes ids of calls unique in it. Raises a ModelFailure."""
        usage = self.usage or Usage(NAME, self.asked)
        if self._blocked is not None:
            raise ContentFiltered(f"{self.asked} declined to read the prompt ({self._blocked})", usage=usage)
        if not self._begun:
            raise ModelUnavailable(f"{self.asked} gave an empty answer", usage=self.usage)
        if self._reason is None:
            raise ModelTruncated(f"the answer of {self.asked} has no end", usage=usage)
        kind, words = _FAILURES.get(self._reason, (None, ""))
        if kind is not None:
            raise kind(f"{self.asked} {words}", usage=usage)
        uses = _tool_uses(self._parts, turn)
        return ModelResponse(
            text="".join(part.text for part in self._parts if part.text and not part.thought),
            stop=StopReason.TOOL_USE if uses else StopReason.END if self._reason == "STOP" else StopReason.UNKNOWN,
            usage=usage,
            notes={"response_id": self._id} if self._id else {},
            tool_uses=uses,
            native=_native(self._parts),
        )


def _tool_uses(parts: "list[types.Part]", turn: int) -> tuple[ToolUse, ...]:
    calls = [part.function_call for part in parts if part.function_call is not None]
    return tuple(ToolUse(call.id or f"{OWN_ID}{turn}-{number}", call.name or "", call.args or {}) for number, call in enumerate(calls))


def _native(parts: "list[types.Part]") -> Native | None:
    """The turn as it goes back. Texts that came in pieces are joined, except where a piece carries more than its text."""
    joined: list[Json] = []
    for part in parts:
        written = json.loads(part.model_dump_json(exclude_none=True))
        last = joined[-1] if joined else None
        before = last if isinstance(last, dict) else {}
        if written.keys() == before.keys() and written.keys() <= {"text", "thought"} and written.get("thought") == before.get("thought"):
            joined[-1] = {**before, "text": f"{before['text']}{written['text']}"}
        elif written not in ({}, {"text": ""}):  # Gemini says such a thing, and refuses to hear it
            joined.append(written)
    return Native(NAME, {"role": "model", "parts": joined}) if joined else None
