"""OpenAI by the real SDK against a strict fake of the Responses API over HTTP."""

import json
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import openai.resources.embeddings
import openai.resources.responses  # noqa: F401  (its import time belongs to no test)
import pytest

from chalicelib.providers import prices
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
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Role,
    StopReason,
    Text,
    ToolOffer,
    ToolResult,
    ToolUse,
    Usage,
    assistant,
    user,
)
from chalicelib.providers.openai import OpenAIProvider
from chalicelib.spec.model import JsonObject
from tests.fixtures import fake_openai_responses
from tests.fixtures.fake_openai import KEY, Answer, Body, Fault, Frames, OpenAIApi, frames, openai_api
from tests.fixtures.fake_openai_responses import SEALED
from tests.fixtures.model_script import Calls, Counts, Failing, FakeVendor, Say, Turn
from tests.unit.providers.contract import ASKED, CLOCK, SCHEMA, ProviderContract

MODEL = "gpt-6-luna"


class TestOpenAI(ProviderContract):
    MODEL = MODEL
    COUNTS = Counts(input=3300, output=500, cached=2000, cache_written=300, reasoning=200)

    def serve(self, *turns: Turn) -> AbstractContextManager[FakeVendor]:
        return openai_api(*turns)

    def provider(self, fake: FakeVendor) -> OpenAIProvider:
        return OpenAIProvider(KEY, base_url=fake.url, strict=True)


def ask(
    fake: OpenAIApi, request: ModelRequest = ASKED, *, model: str = MODEL, seconds: float = 5, streamed: bool = False, strict: bool = True
) -> ModelResponse:
    provider = OpenAIProvider(KEY, base_url=fake.url, strict=strict)
    return provider.call(request, model=model, seconds=seconds, on_text=(lambda _: None) if streamed else None)


def failure_of(turn: Answer, *, streamed: bool = False, strict: bool = True) -> ModelFailure:
    with openai_api(turn) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake, streamed=streamed, strict=strict)
    assert len(fake.requests) == 1
    assert KEY not in str(caught.value)
    return caught.value


def test_it_sends_the_conversation_and_stores_nothing() -> None:
    turns = (user("a"), assistant("b"), user("c"))
    with openai_api() as fake:
        answer = ask(fake, ModelRequest(messages=turns, system="Be brief.", max_output_tokens=5))
    assert answer.notes == {"response_id": "resp_1"}
    assert fake.requests == [
        {
            "model": MODEL,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "instructions": "Be brief.",
            "max_output_tokens": 16,
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
                {"role": "assistant", "content": "b"},
                {"role": "user", "content": [{"type": "input_text", "text": "c"}]},
            ],
        }
    ]


def test_it_counts_each_kind_of_tokens_and_prices_it() -> None:
    with openai_api(Say(counts=Counts(input=3300, output=500, cached=2000, cache_written=300, reasoning=200))) as fake:
        told = ask(fake).usage
    # 1000 x $0.10 + 2000 x $0.01 + 300 x $0.125 + 500 x $0.50, per million tokens
    assert told == Usage("openai", MODEL, 3300, 500, cached_tokens=2000, cache_write_tokens=300, cost=408, reasoning_tokens=200)


@pytest.mark.parametrize(
    ("changes", "cost", "notes"),
    [
        ({"model": "gpt-6-luna-2026-05-01"}, 20, {}),
        ({"model": "gpt-99"}, None, {}),
        ({"service_tier": "flex"}, None, {"service_tier": "flex"}),
        ({"service_tier": None}, 20, {}),
        ({"usage": None}, None, {}),
        ({"usage": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}}, 20, {}),
        ({"usage": {"input_tokens": 100}}, None, {}),
    ],
)
def test_it_prices_only_what_has_a_price(changes: dict[str, Any], cost: int | None, notes: dict[str, str]) -> None:
    with openai_api(Body(changes)) as fake:
        answer = ask(fake, strict=False)
    assert (answer.usage.cost, answer.notes) == (cost, {"response_id": "resp_1", **notes})


def test_it_gives_its_own_turn_back_as_it_came() -> None:
    request = replace(ASKED, tools=(CLOCK,))
    with openai_api(Say("Let me see.", calls=(Calls("clock", {"city": "Bonn"}),)), Say("Noon.")) as fake:
        first = ask(fake, request)
        result = ToolResult(first.tool_uses[0].id, "clock", "12:00")
        ask(fake, replace(request, messages=(*request.messages, first.message, ModelMessage(Role.USER, (result, Text("And now?"))))))
    assert first.native is not None
    reasoning, message, call, output, question = fake.requests[1]["input"][1:]
    assert reasoning == {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": f"{SEALED}1"}
    assert message["content"][0]["text"] == "Let me see."
    assert (call["type"], call["call_id"]) == ("function_call", "call_1_0")
    assert output == {"type": "function_call_output", "call_id": "call_1_0", "output": "12:00"}
    assert question["content"] == [{"type": "input_text", "text": "And now?"}]


def test_it_shortens_another_vendors_long_ids_alike_in_call_and_result() -> None:
    long = "toolu_" + "x" * 80
    turns = (
        ModelMessage(Role.ASSISTANT, (Text("Hm."), ToolUse(long, "clock", {"city": "Köln"}))),
        ModelMessage(Role.USER, (ToolResult(long, "clock", "no such city", is_error=True),)),
    )
    with openai_api() as fake:
        ask(fake, replace(ASKED, messages=(*ASKED.messages, *turns), tools=(CLOCK,)))
    said, call, output = fake.requests[0]["input"][1:]
    assert said == {"role": "assistant", "content": "Hm."}
    assert (call["call_id"], call["arguments"]) == (output["call_id"], '{"city": "Köln"}')
    assert output["output"] == "Error: no such city"


def test_it_offers_tools_strictly_where_strictness_can_say_them() -> None:
    loose = ToolOffer("find", "Finds.", {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}, "required": ["q"]})
    with openai_api() as fake:
        ask(fake, replace(ASKED, tools=(CLOCK, loose), must_call=True))
    clock, find = fake.requests[0]["tools"]
    assert (clock["strict"], clock["parameters"]["additionalProperties"]) == (True, False)
    assert (find["strict"], find["parameters"]) == (False, loose.arguments)
    assert fake.requests[0]["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, True),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, False),
        ({"type": "object"}, False),
        ({"type": "array", "items": {"type": "string"}}, None),
    ],
)
def test_it_asks_for_structured_output_as_strictly_as_it_can(schema: JsonObject, strict: bool | None) -> None:
    with openai_api(Say("{}")) as fake:
        ask(fake, replace(ASKED, output=schema, system="Rank them."))
    asked = fake.requests[0]
    if strict is None:
        assert "text" not in asked
        assert asked["instructions"].startswith("Rank them.\n\nAnswer with one JSON value")
    else:
        assert asked["text"]["format"] == {"type": "json_schema", "name": "answer", "schema": schema, "strict": strict}
        assert asked["instructions"] == "Rank them."


def test_it_keeps_a_prompts_beginning_in_one_cache() -> None:
    with openai_api() as fake:
        for request in (ASKED, replace(ASKED, messages=(user("Else"),)), replace(ASKED, system="Other.")):
            ask(fake, replace(request, cache_prompt=True))
    first, second, third = (body["prompt_cache_key"] for body in fake.requests)
    assert first == second != third


def test_it_does_not_ask_an_old_model_to_reason_and_says_so() -> None:
    with openai_api() as fake:
        answer = ask(fake, replace(ASKED, thinking="high"), model="gpt-4.1-mini")
        ask(fake, replace(ASKED, thinking="high"))
    assert answer.notes["thinking"] == "left out: this model takes no effort"
    assert not {"include", "reasoning"} & set(fake.requests[0])
    assert fake.requests[1]["reasoning"] == {"effort": "high"}


def test_it_names_a_document_that_has_no_name() -> None:
    with openai_api() as fake:
        ask(fake, replace(ASKED, messages=(user("", Attachment("text/plain", "aGk=")),)))
    part = {"type": "input_file", "filename": "document.txt", "file_data": "data:text/plain;base64,aGk="}
    assert fake.requests[0]["input"][0]["content"] == [part]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("rate_limit_exceeded", "", ModelRateLimited),
        ("server_error", "", ModelUnavailable),
        ("invalid_prompt", "flagged as potentially violating our usage policy", ContentFiltered),
        ("invalid_prompt", "no such thing", ModelRequestInvalid),
        ("bio_policy", "", ContentFiltered),
        ("image_content_policy_violation", "", ContentFiltered),
        ("invalid_image", "", ModelRequestInvalid),
        ("vector_store_timeout", "", ModelUnavailable),
    ],
)
def test_it_takes_no_failed_response_for_an_answer(code: str, message: str, failure: type[ModelFailure], streamed: bool) -> None:
    body = Body({"status": "failed", "error": {"code": code, "message": message}, "output": [], "usage": None}, "response.failed")
    told = failure_of(body, streamed=streamed)
    assert type(told) is failure
    assert told.usage is None


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ContentFiltered),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, ModelTruncated),
        ({"status": "incomplete", "incomplete_details": None}, ModelTruncated),
        ({"status": "failed", "error": None}, ModelUnavailable),
        ({"status": "cancelled"}, ModelCancelled),
        ({"status": "in_progress"}, ModelTruncated),
        ({"status": None}, ModelTruncated),
    ],
)
def test_it_takes_no_unfinished_answer_for_a_success(changes: dict[str, Any], failure: type[ModelFailure], streamed: bool) -> None:
    told = failure_of(Body(changes, "response.incomplete"), streamed=streamed)
    assert type(told) is failure
    assert told.usage is not None
    assert told.usage.cost == 20


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault(400, "context_length_exceeded", "invalid_request_error"), ContextTooLong),
        (Fault(400, None, "invalid_request_error", "maximum context length is 8 tokens"), ContextTooLong),
        (Fault(400, "content_filter", "invalid_request_error"), ContentFiltered),
        (Fault(400, "content_policy_violation", "image_generation_user_error"), ContentFiltered),
        (Fault(400, "billing_hard_limit_reached", "invalid_request_error"), ModelBillingStopped),
        (Fault(401, None, None), ModelAuthFailed),
        (Fault(402, None, None), ModelBillingStopped),
        (Fault(403, "unsupported_country_region_territory", "request_forbidden"), ModelAuthFailed),
        (Fault(404, "model_not_found", "invalid_request_error"), ModelRequestInvalid),
        (Fault(408), ModelUnavailable),
        (Fault(408, None, None), ModelTimedOut),
        (Fault(409, None, None), ModelUnavailable),
        (Fault(413, None, None), ContextTooLong),
        (Fault(422, None, None), ModelRequestInvalid),
        (Fault(429, None, "tokens"), ModelRateLimited),
        (Fault(429, "slow_down", None), ModelOverloaded),
        (Fault(429, None, "insufficient_quota"), ModelBillingStopped),
        (Fault(429, "project_spend_limit_exceeded", "insufficient_quota"), ModelBillingStopped),
        (Fault(499, None, None), ModelCancelled),
        (Fault(500), ModelUnavailable),
        (Fault(502, None, None), ModelUnavailable),
        (Fault(503, None, None), ModelOverloaded),
        (Fault(504, None, None), ModelTimedOut),
    ],
)
def test_it_names_each_fault_and_tries_once(fault: Fault, failure: type[ModelFailure]) -> None:
    assert type(failure_of(fault)) is failure


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "x"}, None),
    ],
)
def test_it_passes_on_when_to_come_again(headers: dict[str, str], expected: float | None) -> None:
    told = failure_of(Fault(429, "rate_limit_exceeded", "requests", headers=headers))
    assert told.retry_after_seconds == expected


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"type": "error", "code": "insufficient_quota", "message": "m", "param": None, "sequence_number": 1}, ModelBillingStopped),
        ({"type": "error", "code": None, "message": "m", "param": None, "sequence_number": 1}, ModelUnavailable),
        ({"type": "error", "error": {"type": "server_error", "code": None, "message": "m"}}, ModelUnavailable),
        ({"type": "error", "error": {"type": "invalid_request_error", "code": "context_length_exceeded", "message": "m"}}, ContextTooLong),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "m"}}, ModelRequestInvalid),
        ({"type": "response.completed", "sequence_number": 1, "response": {"id": "resp_1"}}, ModelTruncated),
        ({"type": "response.completed", "sequence_number": 1, "response": {"id": "resp_1", "status": "completed"}}, ModelUnavailable),
        ({"type": "something.new"}, ModelTruncated),
        ([], ModelUnavailable),
    ],
)
def test_it_names_what_a_stream_tells_in_its_middle(event: Any, failure: type[ModelFailure]) -> None:
    assert type(failure_of(Frames((event,)), streamed=True, strict=False)) is failure


@pytest.mark.parametrize("body", [{"output": None}, {"output": [{"type": "message"}]}, {"output": [None]}])
def test_it_does_not_guess_what_an_answer_of_another_form_says(body: dict[str, Any]) -> None:
    assert type(failure_of(Body(body), strict=False)) is ModelUnavailable
    assert type(failure_of(Body(body), strict=True)) is ModelUnavailable


@pytest.mark.parametrize("arguments", ["{", "[1]", "3", '{"n": NaN}', "[" * 100_000])
def test_it_does_not_call_a_tool_with_half_its_arguments(arguments: str) -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "clock", "arguments": arguments, "status": "completed"}
    told = failure_of(Body({"output": [call]}))
    assert type(told) is ModelUnavailable
    assert told.usage is not None


@pytest.mark.parametrize("part", [{"call_id": None}, {"name": ""}])
def test_it_does_not_call_a_tool_that_has_no_name_or_a_call_that_has_no_id(part: dict[str, Any]) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "clock", "arguments": "{}"}
    assert type(failure_of(Body({"output": [call | part]}), strict=False)) is ModelUnavailable


def test_it_takes_a_call_without_arguments() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "clock", "arguments": "", "status": "completed"}
    with openai_api(Body({"output": [call]})) as fake:
        answer = ask(fake)
    assert (answer.tool_uses, answer.stop) == ((ToolUse("call_1", "clock", {}),), StopReason.TOOL_USE)


@pytest.mark.parametrize("streamed", [False, True])
def test_it_does_not_let_a_slow_drip_outlive_the_time(streamed: bool) -> None:
    began = time.monotonic()
    with openai_api(drip_seconds=0.01) as fake, pytest.raises(ModelTimedOut):
        ask(fake, seconds=0.3, streamed=streamed)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("streamed", [False, True])
def test_it_takes_no_page_of_a_proxy_for_an_answer(streamed: bool) -> None:
    assert isinstance(failure_of("<html>Sign in</html>", streamed=streamed, strict=False), ModelUnavailable | ModelTruncated)


def test_it_needs_no_end_of_a_stream_behind_its_last_event() -> None:
    done = {"type": "response.completed", "sequence_number": 1, "response": fake_openai_responses.whole(Say("Whole."), {"model": MODEL}, 1)}
    with openai_api(Frames((done, "{"))) as fake:
        assert ask(fake, streamed=True).text == "Whole."


class Keeping(BaseHTTPRequestHandler):
    """Streams one answer after the other over a connection that it keeps."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[list[Any]] = []

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.client_address)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        data = frames(fake_openai_responses.events(Say(), body, 1))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        pass


def test_it_keeps_the_connection_of_a_stream_for_the_next() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keeping)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    provider = OpenAIProvider(KEY, base_url=f"http://127.0.0.1:{server.server_port}/v1")
    try:
        for _ in range(3):
            assert provider.call(ASKED, model=MODEL, seconds=5, on_text=lambda _: None).text == "Hello."
    finally:
        server.shutdown()
        server.server_close()
    assert len(Keeping.connections) == 1


def test_it_leaves_a_listeners_own_error_alone() -> None:
    def deaf(_: str) -> None:
        raise ValueError("the socket is gone")

    with openai_api() as fake, pytest.raises(ValueError, match="the socket is gone"):
        OpenAIProvider(KEY, base_url=fake.url).call(ASKED, model=MODEL, seconds=5, on_text=deaf)


def test_it_is_refused_with_a_wrong_key_and_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-else")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with openai_api() as fake:
        with pytest.raises(ModelAuthFailed):
            OpenAIProvider("", base_url=fake.url).call(ASKED, model=MODEL, seconds=5)
        assert ask(fake).text == "Hello."


def test_it_is_told_what_the_fake_would_refuse() -> None:
    with openai_api() as fake, pytest.raises(ModelRequestInvalid, match="No tool output found"):
        ask(fake, replace(ASKED, messages=(*ASKED.messages, ModelMessage(Role.ASSISTANT, (ToolUse("x", "clock", {}),)), user("?"))))


def test_it_turns_texts_into_vectors_in_their_order() -> None:
    with openai_api() as fake:
        told = OpenAIProvider(KEY, base_url=fake.url, strict=True).embed(["a", "bcd"], model="text-embedding-3-small", seconds=5)
    assert told.vectors == ((1.0, 0.0), (3.0, 1.0))
    priced = prices.cost("openai", "text-embedding-3-small", prices.Tokens(fresh=10, output=0))
    assert told.usage == Usage("openai", "text-embedding-3-small", input_tokens=10, cost=priced)


def test_it_asks_for_no_more_of_long_texts_than_one_request_takes() -> None:
    with openai_api() as fake:
        OpenAIProvider(KEY, base_url=fake.url).embed(["x" * 200_000, "y" * 50_000, "z"], model="text-embedding-3-small", seconds=5)
    assert [len(body["input"]) for body in fake.requests] == [2, 1]


def test_it_asks_for_many_vectors_in_several_requests_and_for_none_in_none() -> None:
    with openai_api() as fake:
        provider = OpenAIProvider(KEY, base_url=fake.url)
        assert provider.embed([], model="text-embedding-3-small", seconds=5).vectors == ()
        told = provider.embed(["x"] * 300, model="text-embedding-3-small", seconds=5)
    assert (len(told.vectors), told.usage.input_tokens, [len(body["input"]) for body in fake.requests]) == (300, 1500, [256, 44])


@pytest.mark.parametrize(("turn", "failure"), [(Body({"data": []}), ModelUnavailable), (Failing.RATE_LIMITED, ModelRateLimited)])
def test_it_names_what_fails_with_vectors(turn: Answer, failure: type[ModelFailure]) -> None:
    with openai_api(turn) as fake, pytest.raises(failure):
        OpenAIProvider(KEY, base_url=fake.url).embed(["a"], model="text-embedding-3-small", seconds=5)


def test_it_has_a_name() -> None:
    assert OpenAIProvider(KEY).name == "openai"
