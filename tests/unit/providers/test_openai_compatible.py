"""A server that speaks like OpenAI, by the real SDK against a strict fake of chat completions over HTTP."""

import base64
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import openai.resources.chat  # noqa: F401  (its import time belongs to no test)
import pytest

from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelFailure,
    ModelOverloaded,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.model import (
    Attachment,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Role,
    StopReason,
    Text,
    ToolResult,
    ToolUse,
    Usage,
    assistant,
    user,
)
from chalicelib.providers.openai_compatible import OpenAICompatibleProvider
from chalicelib.spec.model import JsonObject
from tests.fixtures.fake_openai import KEY, Answer, Body, Fault, Frames, OpenAIApi, openai_api
from tests.fixtures.model_script import Counts, FakeVendor, Say, Turn
from tests.unit.providers.contract import ASKED, CLOCK, PAGE, PIXEL, SCHEMA, ProviderContract

MODEL = "gpt-6-luna"


class TestOpenAICompatible(ProviderContract):
    """A gateway that sells OpenAI's models at their list price."""

    MODEL = MODEL
    COUNTS = Counts(input=3300, output=500, cached=2000, cache_written=300, reasoning=200)

    def serve(self, *turns: Turn) -> AbstractContextManager[FakeVendor]:
        return openai_api(*turns)

    def provider(self, fake: FakeVendor) -> OpenAICompatibleProvider:
        return OpenAICompatibleProvider("local", fake.url, api_key=KEY, priced_as="openai", strict=True)

    def test_it_sends_images_and_documents(self) -> None:
        """Images alone, and documents of text as text: the servers take no others."""
        with self.serve(Say("A dot.")) as fake:
            assert self.ask(fake, ModelRequest(messages=(user("What is this?", PIXEL),))).text == "A dot."
            with pytest.raises(ModelRequestInvalid, match="takes no document of type application/pdf"):
                self.ask(fake, ModelRequest(messages=(user("What is this?", PAGE),)))
        assert PIXEL.data in str(fake.requests)
        assert len(fake.requests) == 1


def ask(fake: OpenAIApi, request: ModelRequest = ASKED, *, pieces: list[str] | None = None, seconds: float = 5) -> ModelResponse:
    """As a deployment has it: without a key, a price and the SDK's strictness."""
    on_text = None if pieces is None else pieces.append
    return OpenAICompatibleProvider("local", fake.url).call(request, model="llama-4", seconds=seconds, on_text=on_text)


def answer_to(turn: Answer, *, pieces: list[str] | None = None) -> ModelResponse:
    with openai_api(turn, keyless=True) as fake:
        return ask(fake, pieces=pieces)


def message(finish: str | None = "stop", **fields: Any) -> Body:
    """What servers tell at least."""
    return Body({"choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **fields}}], "usage": None})


def chunk(finish: str | None = None, **delta: Any) -> JsonObject:
    return {"id": "c", "model": "llama-4", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_it_sends_the_conversation() -> None:
    with openai_api(keyless=True) as fake:
        answer = ask(fake, ModelRequest(messages=(user("a"), assistant("b"), assistant(""), user("c")), system="Be brief.", max_output_tokens=5))
    assert (answer.text, answer.notes) == ("Hello.", {"completion_id": "chatcmpl-1"})
    turns = [("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "c")]
    assert fake.requests == [{"model": "llama-4", "max_tokens": 5, "messages": [{"role": role, "content": text} for role, text in turns]}]


def test_it_is_unpriced_unless_a_price_list_is_named() -> None:
    assert answer_to(Say(counts=Counts(100, 20))).usage == Usage("local", "llama-4", 100, 20, cost=None)


def test_it_carries_calls_and_their_results() -> None:
    turns = (
        ModelMessage(Role.ASSISTANT, (Text("Hm."), ToolUse("1", "clock", {"city": "Köln"}), ToolUse("2", "clock", {"city": "Bonn"}))),
        ModelMessage(Role.USER, (ToolResult("1", "clock", "12:00"), ToolResult("2", "clock", "gone", is_error=True), Text("Well?"))),
        ModelMessage(Role.ASSISTANT, (ToolUse("3", "clock", {}),)),
        ModelMessage(Role.USER, (ToolResult("3", "clock", "1"),)),
    )
    with openai_api(keyless=True) as fake:
        ask(fake, replace(ASKED, messages=(*ASKED.messages, *turns), tools=(CLOCK,), must_call=True, thinking="low"))
    sent = fake.requests[0]
    assert [turn["content"] for turn in sent["messages"]] == ["Hi", "Hm.", "12:00", "Error: gone", "Well?", "", "1"]
    assert sent["messages"][1]["tool_calls"][0]["function"] == {"name": "clock", "arguments": '{"city": "Köln"}'}
    assert (sent["tool_choice"], sent["reasoning_effort"]) == ("required", "low")
    assert sent["tools"][0]["function"]["parameters"] == CLOCK.arguments


@pytest.mark.parametrize(("schema", "constrained"), [(SCHEMA, True), ({"type": "object"}, False)])
def test_it_asks_for_structured_output_in_words_too(schema: JsonObject, constrained: bool) -> None:
    with openai_api(Say("{}"), keyless=True) as fake:
        ask(fake, replace(ASKED, output=schema, system="Rank them."))
    assert ("response_format" in fake.requests[0]) is constrained
    assert fake.requests[0]["messages"][0]["content"].startswith("Rank them.\n\nAnswer with one JSON value")


def test_it_does_not_shut_tools_out_by_a_grammar() -> None:
    with openai_api(Say("{}"), keyless=True) as fake:
        ask(fake, replace(ASKED, output=SCHEMA, tools=(CLOCK,)))
    assert "response_format" not in fake.requests[0]
    assert "Use the tools first" in fake.requests[0]["messages"][0]["content"]


def test_it_puts_documents_of_text_into_the_turn() -> None:
    text = Attachment("text/csv", base64.b64encode("a;ü".encode()).decode(), "rows.csv")
    with openai_api(keyless=True) as fake:
        ask(fake, ModelRequest(messages=(user("Sum up.", PIXEL, text, Attachment("application/json", "e30=")),)))
        with pytest.raises(ModelRequestInvalid, match="no base64 of UTF-8 text"):
            ask(fake, ModelRequest(messages=(user("?", Attachment("text/plain", "/w==")),)))
    contents = fake.requests[0]["messages"][0]["content"]
    assert contents[0] == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL.data}"}}
    assert [part["text"] for part in contents[1:]] == ["rows.csv:\na;ü", "A document:\n{}", "Sum up."]


@pytest.mark.parametrize("finish", [None, "stop", "tool_calls", "function_call"])
def test_it_bears_what_a_server_leaves_out(finish: str | None) -> None:
    answer = answer_to(message(finish, content="Hi."))
    assert (answer.text, answer.stop, answer.usage) == ("Hi.", StopReason.END, Usage("local", "llama-4"))
    calls = [{"type": "function", "function": {"name": "clock", "arguments": told}} for told in ('{"city": "Bonn"}', {"city": "Köln"}, "")]
    answer = answer_to(message(finish, tool_calls=calls))
    assert answer.stop is StopReason.TOOL_USE
    assert [(use.id, use.arguments) for use in answer.tool_uses] == [("call_0", {"city": "Bonn"}), ("call_1", {"city": "Köln"}), ("call_2", {})]


def test_it_does_not_price_half_a_count() -> None:
    told = Body({"usage": {"prompt_tokens": 5}})
    with openai_api(told, keyless=True) as fake:
        answer = OpenAICompatibleProvider("local", fake.url, priced_as="openai").call(ASKED, model=MODEL, seconds=5)
    assert (answer.text, answer.usage) == ("Hello.", Usage("local", MODEL))


def test_it_tolerates_a_reason_that_it_does_not_know() -> None:
    assert answer_to(message("eos", content="Hi.")).stop is StopReason.UNKNOWN


def test_it_leaves_out_calls_of_kinds_that_nobody_offered() -> None:
    assert answer_to(message("stop", content="Hi.", tool_calls=[{"id": "1", "type": "custom", "custom": {"name": "x", "input": ""}}])).tool_uses == ()


@pytest.mark.parametrize(
    ("turn", "failure"),
    [
        (message("length", content="Once"), ModelTruncated),
        (message("content_filter", content=""), ContentFiltered),
        (message("stop", refusal="No."), ContentFiltered),
        (message(None, content=""), ModelUnavailable),
        (message("tool_calls", tool_calls=[{"id": "1", "type": "function", "function": {"name": "clock", "arguments": "{"}}]), ModelUnavailable),
        (Body({"choices": []}), ModelUnavailable),
        (Body({"choices": None}), ModelUnavailable),
        (Fault(400, 400, "BadRequestError", "This model's maximum context length is 4096 tokens."), ContextTooLong),
        (Fault(400, 400, "exceed_context_size_error", "the request is too large"), ModelRequestInvalid),
        (Fault(500, None, "exceed_context_size_error", "too large"), ContextTooLong),
        (Fault(404, 404, "NotFoundError", "no such model"), ModelRequestInvalid),
        (Fault(503, 503, "unavailable_error", "Loading model"), ModelOverloaded),
        (Fault(500, 500, "InternalServerError", "boom"), ModelUnavailable),
        (Fault(429, "insufficient_quota", None), ModelBillingStopped),
    ],
)
def test_it_takes_no_failure_for_an_answer(turn: Answer, failure: type[ModelFailure]) -> None:
    with pytest.raises(ModelFailure) as caught:
        answer_to(turn)
    assert type(caught.value) is failure


def test_it_puts_calls_together_from_their_pieces() -> None:
    first = {"index": 0, "id": "a", "function": {"name": "clock", "arguments": '{"city": '}}
    rest = {"index": 0, "id": "a", "function": {"arguments": '"Bonn"}'}}
    other = {"index": 0, "id": "b", "function": {"name": "clock", "arguments": "{}"}}  # another id in the place of the first
    answer = answer_to(Frames((chunk(tool_calls=[first]), chunk(tool_calls=[rest]), chunk(tool_calls=[other]), chunk("stop"))), pieces=[])
    assert answer.tool_uses == (ToolUse("a", "clock", {"city": "Bonn"}), ToolUse("b", "clock", {}))


def test_it_puts_calls_together_that_have_neither_id_nor_place() -> None:
    calls = [chunk(tool_calls=[{"function": {"name": name, "arguments": "{}"}}, {"function": None}]) for name in ("clock", "clock")]
    answer = answer_to(Frames((*calls, chunk("tool_calls"), "[DONE]")), pieces=[])
    assert [use.id for use in answer.tool_uses] == ["call_0", "call_1"]


def test_it_streams_from_a_server_that_counts_nothing() -> None:
    pieces: list[str] = []
    answer = answer_to(Frames((chunk(content="Hel"), chunk(content=""), chunk(content="lo."), chunk("stop"), "[DONE]")), pieces=pieces)
    assert (answer.text, pieces, answer.usage) == ("Hello.", ["Hel", "lo."], Usage("local", "llama-4"))


@pytest.mark.parametrize(
    ("frames", "failure"),
    [
        ((chunk(content="Hel"),), ModelTruncated),
        ((chunk(content="Hel"), "[DONE]"), ModelTruncated),
        ((chunk(refusal="No."), chunk("stop")), ContentFiltered),
        (({"error": {"message": "boom", "type": "InternalServerError", "code": 500}},), ModelUnavailable),
        (({"error": {"message": "bad", "type": "BadRequestError", "code": 400}},), ModelRequestInvalid),
        (({"error": "boom"},), ModelUnavailable),
        (([],), ModelUnavailable),
        (({"choices": [{"index": 0}]},), ModelUnavailable),
    ],
)
def test_it_takes_no_broken_stream_for_an_answer(frames: tuple[Any, ...], failure: type[ModelFailure]) -> None:
    with pytest.raises(ModelFailure) as caught:
        answer_to(Frames(frames), pieces=[])
    assert type(caught.value) is failure


def test_it_does_not_let_a_slow_drip_outlive_the_time() -> None:
    began = time.monotonic()
    with openai_api(keyless=True, drip_seconds=0.01) as fake, pytest.raises(ModelTimedOut):
        ask(fake, pieces=[], seconds=0.3)
    assert time.monotonic() - began < 30


def test_it_is_refused_without_a_key_where_one_is_wanted() -> None:
    with openai_api() as fake, pytest.raises(ModelAuthFailed):
        ask(fake)


def test_it_turns_texts_into_vectors_and_bears_missing_counts() -> None:
    with openai_api(Body({"usage": None}), keyless=True) as fake:
        told = OpenAICompatibleProvider("local", fake.url).embed(["ab"], model="nomic-embed", seconds=5)
    assert (told.vectors, told.usage) == (((2.0, 0.0),), Usage("local", "nomic-embed"))


def test_it_has_the_name_that_it_is_given() -> None:
    assert OpenAICompatibleProvider("local", "http://127.0.0.1:9/v1").name == "local"
