"""Models behind any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, gateways.

In: a name and an address of the deployment's, a `ModelRequest`. Out: a `ModelResponse`, or a `ModelFailure`. Such servers leave things out, so what
is missing is borne: counts (then the call is unpriced, never free), ids of calls, the reason of an end in an answer that came whole. A stream
without a reason for its end is cut off: it is the only mark of a whole one that the SDK shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.providers.failures import ContentFiltered, ModelTruncated, ModelUnavailable
from chalicelib.providers.model import Embedded, ModelRequest, ModelResponse, OnText, StopReason, Usage
from chalicelib.providers.openai_chat import chat_arguments
from chalicelib.providers.openai_client import each, limited, new_client, read_call, read_text, translating
from chalicelib.providers.openai_embeddings import embed
from chalicelib.providers.openai_usage import CHAT, read_usage

if TYPE_CHECKING:
    import httpx2
    import openai
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall


class OpenAICompatibleProvider:
    """One per server and container. `priced_as` names the vendor whose price list holds for the server's models: a gateway's `openai`.

    `strict` makes the SDK check answers against its own types (for tests).
    """

    def __init__(self, name: str, base_url: str, *, api_key: str = "", priced_as: str | None = None, strict: bool = False) -> None:
        self._name = name
        self._base_url = base_url
        self._api_key = api_key
        self._priced_as = priced_as or name
        self._strict = strict

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def _client(self) -> "openai.OpenAI":
        return new_client(self, self._api_key, base_url=self._base_url, strict=self._strict)

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        """One completion. Raises a ModelFailure."""
        arguments = chat_arguments(request, model)
        with limited(seconds) as timeout:
            told = self._whole(arguments, timeout) if on_text is None else self._streamed(arguments, timeout, on_text)
        usage = read_usage(told.counts, CHAT, provider=self._name, model=told.model or model, priced_as=self._priced_as)
        return _response(told, usage)

    def embed(self, texts: Sequence[str], *, model: str, seconds: float) -> Embedded:
        """Raises a ModelFailure."""
        return embed(self._client, texts, model=model, seconds=seconds, provider=self._name, priced_as=self._priced_as)

    def _whole(self, arguments: dict[str, Any], timeout: "httpx2.Timeout") -> "_Told":
        with translating(arguments["model"]):
            completion: ChatCompletion = self._client.chat.completions.create(**arguments, timeout=timeout)
            return _told(completion)

    def _streamed(self, arguments: dict[str, Any], timeout: "httpx2.Timeout", on_text: OnText) -> "_Told":
        model = arguments["model"]
        with translating(model):
            stream = self._client.chat.completions.create(**arguments, stream=True, stream_options={"include_usage": True}, timeout=timeout)
        told = _Told()
        with stream:
            for chunk in each(iter(stream), model):
                with translating(model):
                    piece = told.add(chunk)
                if piece:
                    on_text(piece)
        if told.finish is None:
            raise ModelTruncated(f"the answer of {model} has no end")
        return told


@dataclass(slots=True)
class _Call:
    """A call of a tool as it comes in."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class _Told:
    """What a server told, at once or in pieces."""

    def __init__(self) -> None:
        self.id = ""
        self.model = ""
        self.text = ""
        self.refusal = ""
        self.finish: str | None = None
        self.counts: CompletionUsage | None = None
        self.calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def add(self, chunk: "ChatCompletionChunk") -> str:
        """Takes in one piece of a stream and gives the text in it."""
        self.id = read_text(chunk.id) or self.id
        self.model = read_text(chunk.model) or self.model
        self.counts = chunk.usage or self.counts
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish = choice.finish_reason or self.finish
        self.refusal += choice.delta.refusal or ""
        for delta in choice.delta.tool_calls or ():
            self._add_call(delta)
        piece = read_text(choice.delta.content)
        self.text += piece
        return piece

    def _add_call(self, delta: "ChoiceDeltaToolCall") -> None:
        """Ollama gave every call of a turn the index 0: another id, or another name without ids, is another call."""
        index, name = delta.index or 0, (delta.function and delta.function.name) or ""
        call = self._by_index.get(index)
        if call is None or (delta.id and call.id and delta.id != call.id) or (name and call.name and not delta.id):
            call = self._by_index[index] = _Call()
            self.calls.append(call)
        call.id = delta.id or call.id
        call.name = name or call.name
        call.arguments += (delta.function and delta.function.arguments) or ""


def _told(completion: "ChatCompletion") -> _Told:
    told, choice = _Told(), completion.choices[0]
    told.id, told.model, told.counts = read_text(completion.id), read_text(completion.model), completion.usage
    told.finish = choice.finish_reason
    told.text, told.refusal = read_text(choice.message.content), read_text(choice.message.refusal)
    for call in choice.message.tool_calls or ():
        if call.type == "custom":
            continue  # none was offered
        told.calls.append(_Call(call.id or "", call.function.name, call.function.arguments or ""))
    return told


def _response(told: _Told, usage: Usage) -> ModelResponse:
    if told.finish == "content_filter" or told.refusal:
        raise ContentFiltered(f"{usage.model} declined to answer", usage=usage)
    if told.finish == "length":
        raise ModelTruncated(f"{usage.model} reached its limit of tokens before its answer was whole", usage=usage)
    uses = tuple(read_call(call.id or f"call_{number}", call.name, call.arguments, usage) for number, call in enumerate(told.calls))
    if not uses and not told.text and told.finish is None:
        raise ModelUnavailable(f"{usage.model} gave an empty answer", usage=usage)
    known = told.finish in (None, "stop", "tool_calls", "function_call")
    stop = StopReason.TOOL_USE if uses else StopReason.END if known else StopReason.UNKNOWN
    return ModelResponse(told.text, stop, usage, notes={"completion_id": told.id} if told.id else {}, tool_uses=uses)
