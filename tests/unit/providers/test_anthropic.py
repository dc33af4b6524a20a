"""Claude by the real SDK against a strict fake of the Messages API over HTTP."""

import json
import socket
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.providers.anthropic import ClaudeProvider, strict_schema
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
from chalicelib.providers.model import ModelRequest, ModelResponse, StopReason, Usage, assistant, user
from chalicelib.spec.model import JsonObject
from tests.fixtures.fake_claude import KEY, Claude, Fault, Turn, claude

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
