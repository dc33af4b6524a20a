"""Claude by the real SDK against a strict fake of the Messages API over HTTP."""

import base64
import json
import socket
import threading
import time
from contextlib import AbstractContextManager
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.providers.anthropic import ClaudeProvider
from chalicelib.providers.claude_schema import strict_schema
from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelCancelled,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimedOut,
    ModelTruncated,
    ModelUnavailable,
)
from chalicelib.providers.model import (
    Attachment,
    Effort,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Native,
    Role,
    StopReason,
    Text,
    ToolResult,
    ToolUse,
    Usage,
    assistant,
    user,
)
from chalicelib.spec.model import JsonObject
from tests.fixtures.fake_claude import KEY, Claude, Fault, Script, Turn, claude
from tests.fixtures.fake_claude_rules import SIGNATURE
from tests.fixtures.http_server import Reply, serving
from tests.fixtures.model_script import Counts, Failing, FakeVendor, Say
from tests.unit.providers.contract import CLOCK, ProviderContract

MODEL = "claude-haiku-4-5"


def ask(fake: Claude, request: ModelRequest | str = "Hi", *, model: str = MODEL, seconds: float = 5, key: str = KEY) -> ModelResponse:
    asked = ModelRequest(messages=(user(request),)) if isinstance(request, str) else request
    return ClaudeProvider(key, base_url=fake.url, strict=True).call(asked, model=model, seconds=seconds)


def structured(schema: JsonObject, *, system: str | None = None) -> ModelRequest:
    return ModelRequest(messages=(user("Hi"),), output=schema, system=system)


def test_it_sends_the_conversation_and_reads_the_answer() -> None:
    turns = (user("a"), assistant("b"), user("c"))
    with claude("Grüße.") as fake:
        answer = ask(fake, ModelRequest(messages=turns, system="Be brief.", max_output_tokens=50))
    assert (answer.text, answer.stop, answer.notes) == ("Grüße.", StopReason.END, {"message_id": "msg_01Fake"})
    assert fake.requests == [
        {
            "model": MODEL,
            "max_tokens": 50,
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
        }
    ]


def test_it_counts_cached_tokens_into_the_total_and_prices_each_kind() -> None:
    usage = {
        "input_tokens": 1000,
        "output_tokens": 500,
        "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100},
    }
    with claude(Turn(usage=usage)) as fake:
        told = ask(fake).usage
    # 1000 x $1 + 500 x $5 + 2000 x $0.10 + 200 x $1.25 + 100 x $2, per million tokens
    assert told == Usage("anthropic", MODEL, input_tokens=3300, output_tokens=500, cached_tokens=2000, cache_write_tokens=300, cost=4150)


def test_it_leaves_an_unknown_model_unpriced() -> None:
    with claude() as fake:
        assert ask(fake, model="claude-new-9").usage.cost is None


def test_it_asks_for_structured_output() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "minimum": 0},
            "kind": {"enum": ["a", "b"]},
            "note": {"type": ["string", "null"], "description": "free"},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        },
        "required": ["amount"],
    }
    with claude('{"amount": 3}') as fake:
        assert ask(fake, structured(schema)).text == '{"amount": 3}'
    sent = fake.requests[0]["output_config"]["format"]["schema"]
    assert sent["additionalProperties"] is False
    assert "minimum: 0" in sent["properties"]["amount"]["description"]
    assert sent["properties"]["note"] == {"description": "free", "anyOf": [{"type": "string"}, {"type": "null"}]}
    assert "system" not in fake.requests[0]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
        {"type": "array"},
        {"type": "array", "items": {"type": "object"}},
        {"$ref": "#/$defs/tree"},
        {},
        True,
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
        {"description": "anything"},
        {"type": "unheard-of"},
    ],
)
def test_it_asks_in_words_where_structured_output_would_lose_something(part: Any) -> None:
    schema: JsonObject = {"type": "object", "properties": {"best": part}}
    assert strict_schema(schema) is None
    with claude("{}") as fake:
        ask(fake, structured(schema, system="Rank them."))
    assert "output_config" not in fake.requests[0]
    assert fake.requests[0]["system"].startswith("Rank them.\n\nAnswer with one JSON value")
    assert json.dumps(schema, separators=(",", ":")) in fake.requests[0]["system"]


def test_it_joins_text_blocks() -> None:
    blocks = [{"type": "text", "text": "one ", "citations": None}, {"type": "text", "text": "two", "citations": None}]
    with claude(Turn(blocks=blocks)) as fake:
        assert ask(fake).text == "one two"


def test_it_tells_a_stop_sequence() -> None:
    with claude(Turn(stop_reason="stop_sequence")) as fake:
        assert ask(fake).stop is StopReason.STOP_SEQUENCE


def test_it_tolerates_a_stop_reason_that_it_does_not_know() -> None:
    with claude(Turn(stop_reason="pause_turn")) as fake:
        assert ask(fake).stop is StopReason.UNKNOWN


@pytest.mark.parametrize(
    ("stop", "failure"),
    [("max_tokens", ModelTruncated), ("refusal", ContentFiltered), ("model_context_window_exceeded", ContextTooLong), (None, ModelTruncated)],
)
def test_it_takes_no_unfinished_answer_for_a_success(stop: str | None, failure: type[ModelFailure]) -> None:
    with claude(Turn(stop_reason=stop)) as fake, pytest.raises(failure) as caught:
        ask(fake)
    assert caught.value.usage is not None
    assert caught.value.usage.cost == 200
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("fault", "failure", "retryable"),
    [
        (Fault(400, "invalid_request_error", "messages: bad"), ModelRequestInvalid, False),
        (Fault(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"), ContextTooLong, False),
        (Fault(400, "invalid_request_error", "Your credit balance is too low"), ModelBillingStopped, False),
        (Fault(401, "authentication_error"), ModelAuthFailed, False),
        (Fault(402, "billing_error"), ModelBillingStopped, False),
        (Fault(403, "permission_error"), ModelAuthFailed, False),
        (Fault(404, "not_found_error", "model: claude-x"), ModelRequestInvalid, False),
        (Fault(408, "timeout_error"), ModelTimedOut, True),
        (Fault(409, "conflict_error"), ModelUnavailable, True),
        (Fault(413, "invalid_request_error"), ContextTooLong, False),
        (Fault(418, "teapot"), ModelRequestInvalid, False),
        (Fault(422, "invalid_request_error"), ModelRequestInvalid, False),
        (Fault(429, "rate_limit_error"), ModelRateLimited, True),
        (Fault(429, "rate_limit_error", error_code="enforced_spend_limit_reached"), ModelBillingStopped, False),
        (Fault(499, "api_error"), ModelCancelled, False),
        (Fault(500, "api_error"), ModelUnavailable, True),
        (Fault(500, "overloaded_error"), ModelOverloaded, True),
        (Fault(502, "api_error"), ModelUnavailable, True),
        (Fault(504, "timeout_error"), ModelTimedOut, True),
        (Fault(529, "overloaded_error"), ModelOverloaded, True),
        (Fault(raw=b""), ModelUnavailable, True),
        (Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"), ModelUnavailable, True),
        (Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{"), ModelUnavailable, True),
        (Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"), ModelUnavailable, True),
        (Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi"), ModelUnavailable, True),
    ],
)
def test_it_names_each_fault_and_tries_once(fault: Fault, failure: type[ModelFailure], retryable: bool) -> None:
    with claude(fault) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake)
    assert type(caught.value) is failure
    assert caught.value.retryable is retryable
    assert len(fake.requests) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"null",
        b"hi",
        b'{"content": [{"type": "text"}], "usage": {}}',
        b'{"type": "message_start"}',
        b'{"type": "message_start", "message": {}}',
    ],
)
def test_it_takes_nothing_else_for_an_answer_where_the_sdk_does_not_check_it(body: bytes, streamed: bool) -> None:
    told = b"event: message_start\ndata: " + body + b"\n\n" if streamed else body
    kind = "text/event-stream" if streamed else "application/json"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(told)}\r\n\r\n".encode()
    with claude(Fault(raw=head + told)) as fake, pytest.raises((ModelUnavailable, ModelTruncated)):
        ClaudeProvider(KEY, base_url=fake.url).call(
            ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=5, on_text=(lambda text: None) if streamed else None
        )


@pytest.mark.parametrize(("header", "expected"), [("17", 17.0), ("-3", 0.0), ("soon", None), (None, None)])
def test_it_passes_on_when_to_come_again(header: str | None, expected: float | None) -> None:
    with claude(Fault(429, "rate_limit_error", retry_after=header)) as fake, pytest.raises(ModelRateLimited) as caught:
        ask(fake)
    assert caught.value.retry_after_seconds == expected


def test_it_is_refused_with_a_wrong_key() -> None:
    with claude() as fake, pytest.raises(ModelAuthFailed):
        ask(fake, key="sk-wrong")


def test_it_gives_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = ClaudeProvider(KEY, base_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ModelTimedOut):
            provider.call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=0.2)


def test_it_does_not_begin_without_time() -> None:
    with claude() as fake, pytest.raises(ModelTimedOut, match="no time is left"):
        ask(fake, seconds=0)
    assert fake.requests == []


def test_it_says_that_nobody_listens() -> None:
    with claude() as fake:
        url = fake.url
    with pytest.raises(ModelUnavailable, match="no connection"):
        ClaudeProvider(KEY, base_url=url).call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=2)


def test_it_is_told_what_the_fake_would_refuse() -> None:
    with claude() as fake, pytest.raises(ModelRequestInvalid, match="text content must be non-empty"):
        ask(fake, " ")
    with claude() as fake, pytest.raises(ModelRequestInvalid, match="must end with a user message"):
        ask(fake, ModelRequest(messages=(user("a"), assistant("b"))))


def test_it_has_a_name() -> None:
    assert ClaudeProvider(KEY).name == "anthropic"


# What is the vendor's own: tools, thinking, attachments, the prompt cache


ADAPTIVE = "claude-sonnet-5-5"
THOUGHT: JsonObject = {"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE}
HIDDEN: JsonObject = {"type": "redacted_thinking", "data": "EmwKAhgB"}
CALL: JsonObject = {"type": "tool_use", "id": "toolu_9", "name": "clock", "input": {"city": "Bonn"}}


def with_tools(*messages: ModelMessage, **more: Any) -> ModelRequest:
    return ModelRequest(messages=messages or (user("Hi"),), tools=(CLOCK,), **more)


@pytest.mark.parametrize("streamed", [False, True])
def test_it_gives_signed_thinking_back_verbatim(streamed: bool) -> None:
    request = with_tools(thinking="low")
    with claude(Turn(blocks=[HIDDEN, THOUGHT, CALL], stop_reason="tool_use"), "Noon.") as fake:
        provider = ClaudeProvider(KEY, base_url=fake.url, strict=True)
        on_text = (lambda text: None) if streamed else None
        first = provider.call(request, model=ADAPTIVE, seconds=5, on_text=on_text)
        assert first.native == Native("anthropic", [HIDDEN, THOUGHT, CALL])
        assert json.loads(json.dumps(first.native.content)) == first.native.content
        results = ModelMessage(Role.USER, (ToolResult("toolu_9", "clock", "12:00"),))
        assert ask(fake, with_tools(*request.messages, first.message, results, thinking="low"), model=ADAPTIVE).text == "Noon."
    assert fake.requests[1]["messages"][1] == {"role": "assistant", "content": [HIDDEN, THOUGHT, CALL]}


def test_it_keeps_a_turns_own_form_only_where_the_parts_would_lose_something() -> None:
    with claude(
        Turn(blocks=[{"type": "text", "text": "a"}, CALL], stop_reason="tool_use"), Turn(blocks=[CALL, {"type": "text", "text": "a"}])
    ) as fake:
        assert ask(fake, with_tools()).native is None
        assert ask(fake, with_tools()).native == Native("anthropic", [CALL, {"type": "text", "text": "a"}])


def test_it_says_nothing_where_nothing_was_said() -> None:
    with claude(Turn(blocks=[]), "Here I am.") as fake:
        first = ask(fake)
        assert (first.text, first.native) == ("", None)
        assert ask(fake, ModelRequest(messages=(user("Hi"), first.message, user("And?")))).text == "Here I am."
    assert fake.requests[1]["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "And?"}]}]


def test_it_leaves_out_a_turn_that_only_another_vendor_understands() -> None:
    silent = ModelMessage(Role.ASSISTANT, (), Native("elsewhere", [{"reasoning": "…"}]))
    with claude() as fake:
        ask(fake, ModelRequest(messages=(user("Hi"), silent, user("And?"))))
    assert [message["role"] for message in fake.requests[0]["messages"]] == ["user"]


def test_it_puts_results_first_and_marks_those_that_failed() -> None:
    calls = ModelMessage(Role.ASSISTANT, (Text(" "), ToolUse("a", "clock", {}), ToolUse("b:1/ü", "clock", {})))
    results = ModelMessage(Role.USER, (Text("Quick!"), ToolResult("a", "clock", "12:00"), ToolResult("b:1/ü", "clock", "no", is_error=True)))
    with claude() as fake:
        ask(fake, with_tools(user("Hi"), calls, results))
    used, told = fake.requests[0]["messages"][1:]
    assert [block["type"] for block in used["content"]] == ["tool_use", "tool_use"]
    assert [block["type"] for block in told["content"]] == ["tool_result", "tool_result", "text"]
    assert told["content"][0] == {"type": "tool_result", "tool_use_id": "a", "content": "12:00"}
    assert told["content"][1]["is_error"] is True
    assert told["content"][1]["tool_use_id"] == used["content"][1]["id"] != "b:1/ü"


def test_it_names_tools_that_are_gone_and_lets_nobody_call_them() -> None:
    before = (user("Hi"), ModelMessage(Role.ASSISTANT, (ToolUse("a", "clock", {}),)), ModelMessage(Role.USER, (ToolResult("a", "clock", "12:00"),)))
    with claude() as fake:
        ask(fake, ModelRequest(messages=before))
    assert [tool["name"] for tool in fake.requests[0]["tools"]] == ["clock"]
    assert fake.requests[0]["tool_choice"] == {"type": "none"}


def test_it_asks_for_tools_and_a_structured_answer_together() -> None:
    closed: JsonObject = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
    with claude(Turn(blocks=[CALL], stop_reason="tool_use"), '{"n": 1}') as fake:
        first = ask(fake, with_tools(output=closed, thinking="high"), model=ADAPTIVE)
        assert first.stop is StopReason.TOOL_USE
        ask(fake, with_tools(output={"type": "object"}))
    sent = fake.requests[0]
    assert (sent["output_config"]["format"]["type"], sent["output_config"]["effort"]) == ("json_schema", "high")
    assert [tool["name"] for tool in sent["tools"]] == ["clock"]
    assert fake.requests[1]["system"].startswith("Use the tools first")


@pytest.mark.parametrize(
    ("model", "choice", "thinks", "note"),
    [
        (MODEL, {"type": "any"}, None, "off: a tool must be called"),
        ("claude-opus-4-6", {"type": "any"}, None, "off: a tool must be called"),
        (ADAPTIVE, {"type": "any"}, {"type": "disabled"}, "off: a tool must be called"),
        ("claude-fable-5-2", None, {"type": "adaptive"}, None),
    ],
)
def test_it_makes_a_model_call_a_tool_as_far_as_it_can_be_made_to(model: str, choice: Any, thinks: Any, note: str | None) -> None:
    with claude(Turn(blocks=[CALL], stop_reason="tool_use")) as fake:
        answer = ask(fake, with_tools(must_call=True, thinking="low"), model=model)
    sent = fake.requests[0]
    assert (sent.get("tool_choice"), sent.get("thinking"), answer.notes.get("thinking")) == (choice, thinks, note)
    assert ("Call at least one" in sent.get("system", "")) is (choice is None)


@pytest.mark.parametrize(
    ("model", "asked", "effort", "tokens", "sent", "told"),
    [
        (ADAPTIVE, None, None, 32_768, None, None),  # it thinks unasked
        (ADAPTIVE, 500, None, 500, None, None),
        (ADAPTIVE, 4_000, "low", 6_048, {"type": "adaptive"}, "low"),
        ("claude-opus-4-6", None, "high", 32_768, {"type": "adaptive"}, "high"),
        ("claude-mythos-5", 60_000, "high", 64_000, {"type": "adaptive"}, "high"),
        (MODEL, None, None, 8_192, None, None),
        (MODEL, 4_000, "medium", 12_192, {"type": "enabled", "budget_tokens": 8_192}, None),
        (MODEL, 60_000, "high", 64_000, {"type": "enabled", "budget_tokens": 4_000}, None),
        (MODEL, 63_500, "low", 63_500, None, None),
    ],
)
def test_it_leaves_room_to_think(model: str, asked: int | None, effort: Effort | None, tokens: int, sent: Any, told: Any) -> None:
    with claude() as fake:
        ask(fake, ModelRequest(messages=(user("Hi"),), max_output_tokens=asked, thinking=effort), model=model)
    body = fake.requests[0]
    assert (body["max_tokens"], body.get("thinking"), body.get("output_config", {}).get("effort")) == (tokens, sent, told)


def test_it_does_not_begin_to_think_by_budget_within_another_vendors_round_of_tools() -> None:
    before = ModelMessage(Role.ASSISTANT, (ToolUse("x-1", "clock", {}),))
    elsewhere = ModelMessage(Role.ASSISTANT, before.parts, Native("bedrock", [{"reasoningContent": {}}]))
    signed = ModelMessage(Role.ASSISTANT, (ToolUse("toolu_9", "clock", {}),), Native("anthropic", [THOUGHT, CALL]))
    with claude() as fake:
        for turn, given in ((before, "x-1"), (elsewhere, "x-1"), (signed, "toolu_9")):
            result = ModelMessage(Role.USER, (ToolResult(given, "clock", "12:00"),))
            ask(fake, with_tools(user("Hi"), turn, result, thinking="low"))
    assert [body.get("thinking", {}).get("type") for body in fake.requests] == [None, None, "enabled"]


def test_it_counts_thinking_into_the_output() -> None:
    with claude(Say(counts=Counts(input=10, output=30, reasoning=25))) as fake:
        told = ask(fake).usage
    assert (told.output_tokens, told.reasoning_tokens) == (30, 25)


@pytest.mark.parametrize(
    ("request_", "system", "tool"),
    [
        (with_tools(system="Be brief.", cache_prompt=True), True, False),
        (with_tools(cache_prompt=True), False, True),
        (ModelRequest(messages=(user("Hi"),), cache_prompt=True), False, False),
    ],
)
def test_it_marks_what_the_vendor_shall_keep(request_: ModelRequest, system: bool, tool: bool) -> None:
    with claude() as fake:
        ask(fake, request_)
    body = fake.requests[0]
    assert body["cache_control"] == {"type": "ephemeral"}
    assert ("cache_control" in str(body.get("system"))) is system
    assert ("cache_control" in str(body.get("tools"))) is tool


def test_it_sends_documents_of_text() -> None:
    note = Attachment("text/markdown", base64.b64encode("# Köln".encode()).decode(), "notes.md")
    with claude() as fake:
        ask(fake, ModelRequest(messages=(user("What is this?", note),)))
    source = {"type": "text", "media_type": "text/plain", "data": "# Köln"}
    assert fake.requests[0]["messages"][0]["content"][0] == {"type": "document", "title": "notes.md", "source": source}


@pytest.mark.parametrize(
    ("attachment", "says"),
    [
        (Attachment("image/tiff", "AAAA"), "no attachment of type image/tiff"),
        (Attachment("text/plain", "/w=="), "no text in UTF-8"),
        (Attachment("text/plain", "?"), "no text in UTF-8"),
    ],
)
def test_it_refuses_attachments_that_claude_would_refuse(attachment: Attachment, says: str) -> None:
    with claude() as fake, pytest.raises(ModelRequestInvalid, match=says):
        ask(fake, ModelRequest(messages=(user("Hi", attachment),)))
    assert fake.requests == []


@pytest.mark.parametrize("streamed", [False, True])
def test_it_gives_up_in_time_on_an_answer_that_drips(streamed: bool) -> None:
    with claude("A long answer. " * 200, drip_seconds=0.002) as fake:
        provider, began = ClaudeProvider(KEY, base_url=fake.url), time.monotonic()
        with pytest.raises(ModelTimedOut):
            provider.call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=0.4, on_text=(lambda text: None) if streamed else None)
    assert time.monotonic() - began < 3


def test_it_gives_up_in_time_on_a_head_that_drips() -> None:
    """Each byte comes in time; the head would take two seconds."""
    with serving(lambda _: Reply(headers={"x-long": "x" * 1000}), drip_seconds=0.002) as server:
        provider, began = ClaudeProvider(KEY, base_url=f"http://{server.host}"), time.monotonic()
        with pytest.raises(ModelTimedOut):
            provider.call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=0.2)
    assert time.monotonic() - began < 1.5


def test_it_lets_a_listeners_own_errors_through() -> None:
    def listen(text: str) -> None:
        raise ValueError(text)

    with claude("One two three.") as fake, pytest.raises(ValueError, match=r"^One"):
        ClaudeProvider(KEY, base_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=5, on_text=listen)


def test_it_counts_the_time_that_a_listener_takes() -> None:
    def dawdle(text: str) -> None:
        threading.Event().wait(0.31)

    with claude("One two three.") as fake, pytest.raises(ModelTimedOut):
        ClaudeProvider(KEY, base_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=0.3, on_text=dawdle)


def event(told: Any) -> bytes:
    return f"event: {told.get('type')}\ndata: {json.dumps(told)}\n\n".encode()


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"", ModelTruncated),
        (event({"type": "message_stop"}), ModelTruncated),
        (event({"type": "error", "error": {"type": "api_error", "message": "x"}}), ModelUnavailable),
        (event({"type": "error", "error": {"type": "unheard_of", "message": "x"}}), ModelUnavailable),
        (event({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}), ModelRateLimited),
        (event({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long"}}), ContextTooLong),
        (event({"type": "content_block_stop", "index": 3}), ModelTruncated),
    ],
)
def test_it_takes_no_stream_for_an_answer_that_is_none(body: bytes, failure: type[ModelFailure]) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with claude(Fault(raw=head + body)) as fake, pytest.raises(ModelFailure) as caught:
        ClaudeProvider(KEY, base_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=5, on_text=lambda text: None)
    assert type(caught.value) is failure


@pytest.mark.parametrize("failing", [Failing.CLEAN_END, Failing.CUT, Failing.ERROR_MID_STREAM])
def test_it_tells_what_a_stream_without_an_end_cost(failing: Failing) -> None:
    with claude(failing) as fake, pytest.raises(ModelFailure) as caught:
        ClaudeProvider(KEY, base_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=MODEL, seconds=5, on_text=lambda text: None)
    assert caught.value.usage is not None
    assert caught.value.usage.input_tokens == 100


class TestContract(ProviderContract):
    """What every adapter promises."""

    MODEL = MODEL

    def serve(self, *turns: Script) -> AbstractContextManager[FakeVendor]:
        return claude(*turns)

    def provider(self, fake: FakeVendor) -> ClaudeProvider:
        return ClaudeProvider(KEY, base_url=fake.url, strict=True)


class TestContractOfAdaptiveModels(TestContract):
    """The same of a model that thinks by itself."""

    MODEL = "claude-sonnet-5-5"
