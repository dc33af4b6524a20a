"""Gemini by the real SDK against a strict fake of its API over HTTP."""

from contextlib import AbstractContextManager
from dataclasses import replace
from time import monotonic
from typing import Any

import google.genai  # noqa: F401  (its import time belongs to no test)
import pytest

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
from chalicelib.providers.gemini import GeminiProvider
from chalicelib.providers.gemini_schema import expressible
from chalicelib.providers.model import (
    Attachment,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Native,
    Provider,
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
from tests.fixtures.fake_gemini import KEY, SIGNATURE, UNSIGNED, Error, Gemini, Raw, gemini
from tests.fixtures.model_script import Calls, FakeVendor, Say, Turn
from tests.unit.providers.contract import CLOCK, SCHEMA, ProviderContract

MODEL = "gemini-3.8-flash"


class TestGemini(ProviderContract):
    MODEL = MODEL

    def serve(self, *turns: Turn) -> AbstractContextManager[FakeVendor]:
        return gemini(*turns)

    def provider(self, fake: FakeVendor) -> Provider:
        return GeminiProvider(KEY, base_url=fake.url)


ASKED = ModelRequest(messages=(user("Hi"),))
ROUND = replace(ASKED, tools=(CLOCK,))


def ask(fake: Gemini, request: ModelRequest = ASKED, *, model: str = MODEL, streamed: bool = False, seconds: float = 5) -> ModelResponse:
    return GeminiProvider(KEY, base_url=fake.url).call(request, model=model, seconds=seconds, on_text=(lambda _: None) if streamed else None)


def response(*parts: dict[str, Any], reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}} if parts else {}
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})], **more}


def follow_up(request: ModelRequest, first: ModelResponse) -> ModelRequest:
    results = tuple(ToolResult(use.id, use.name, "noon", is_error=number == 1) for number, use in enumerate(first.tool_uses))
    return replace(request, messages=(*request.messages, first.message, ModelMessage(Role.USER, results)))


def test_it_sends_a_request_in_googles_terms() -> None:
    with gemini() as fake:
        ask(fake, replace(ROUND, messages=(user("a"), assistant("b"), user("c")), system="Be brief.", max_output_tokens=50, must_call=True))
    assert fake.requests == [
        {
            "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "a"}]},
                {"role": "model", "parts": [{"text": "b"}]},
                {"role": "user", "parts": [{"text": "c"}]},
            ],
            "tools": [{"functionDeclarations": [{"name": "clock", "description": CLOCK.description, "parametersJsonSchema": CLOCK.arguments}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
            "generationConfig": {"maxOutputTokens": 50},
        }
    ]


def test_it_hands_a_turn_back_with_its_signatures() -> None:
    calls = (Calls("clock", {"city": "Köln"}), Calls("clock", {"city": "Bonn"}))
    with gemini(Say("Let me see.", calls=calls, pieces=2), Say("Noon.")) as fake:
        first = ask(fake, ROUND, streamed=True)
        ask(fake, follow_up(ROUND, first))
    assert [use.id for use in first.tool_uses] == ["gemini-call-1-0", "gemini-call-1-1"]
    assert first.text == "Let me see."
    _, turn, results = fake.requests[1]["contents"]
    assert turn["parts"] == [
        {"text": "Let me see."},
        {"functionCall": {"name": "clock", "args": {"city": "Köln"}}, "thoughtSignature": SIGNATURE},
        {"functionCall": {"name": "clock", "args": {"city": "Bonn"}}},
    ]
    assert results["parts"] == [
        {"functionResponse": {"name": "clock", "response": {"output": "noon"}}},
        {"functionResponse": {"name": "clock", "response": {"error": "noon"}}},
    ]


def test_it_makes_ids_that_are_unique_in_the_conversation() -> None:
    with gemini(Say("", calls=(Calls("clock"),))) as fake:
        first = ask(fake, ROUND)
        second = ask(fake, follow_up(ROUND, first))
    assert (first.tool_uses[0].id, second.tool_uses[0].id) == ("gemini-call-1-0", "gemini-call-3-0")


def test_it_keeps_the_ids_that_google_gives() -> None:
    call = {"functionCall": {"id": "fc-1", "name": "clock", "args": {}}, "thoughtSignature": SIGNATURE}
    with gemini(Raw((response(call),)), Say()) as fake:
        first = ask(fake, ROUND)
        ask(fake, follow_up(ROUND, first))
    assert first.tool_uses == (ToolUse("fc-1", "clock", {}),)
    assert fake.requests[1]["contents"][2]["parts"][0]["functionResponse"]["id"] == "fc-1"


@pytest.mark.parametrize(("model", "signature"), [(MODEL, UNSIGNED), ("gemini-2.5-flash", None)])
def test_it_says_of_another_vendors_call_that_it_is_unsigned(model: str, signature: str | None) -> None:
    before = ModelMessage(Role.ASSISTANT, (ToolUse("x-1", "clock", {}), ToolUse("x-2", "clock", {})))
    after = ModelMessage(Role.USER, (ToolResult("x-1", "clock", "12"), ToolResult("x-2", "clock", "12")))
    with gemini() as fake:
        ask(fake, replace(ROUND, messages=(user("a"), before, after)), model=model)
    first, second = fake.requests[0]["contents"][1]["parts"]
    assert (first.get("thoughtSignature"), second.get("thoughtSignature")) == (signature, None)


def test_it_writes_a_turn_from_its_parts_where_its_own_form_is_no_longer_read() -> None:
    old = ModelMessage(Role.ASSISTANT, (Text("b"),), Native("google", {"role": "model", "parts": [{"unheard_of": 1}]}))
    with gemini() as fake:
        ask(fake, replace(ASKED, messages=(user("a"), old, user("c"))))
    assert fake.requests[0]["contents"][1] == {"role": "model", "parts": [{"text": "b"}]}


def test_it_leaves_out_a_turn_that_holds_nothing() -> None:
    with gemini() as fake:
        ask(fake, replace(ASKED, messages=(user("a"), ModelMessage(Role.ASSISTANT, ()), user("b"))))
    assert [content["role"] for content in fake.requests[0]["contents"]] == ["user", "user"]


@pytest.mark.parametrize(
    ("model", "sent"), [(MODEL, {"thinkingLevel": "MEDIUM"}), ("gemini-2.5-pro", {"thinkingBudget": 8192}), ("models/gemini-2.5-pro", None)]
)
def test_it_asks_for_thinking_as_the_model_takes_it(model: str, sent: dict[str, Any] | None) -> None:
    with gemini() as fake:
        ask(fake, replace(ASKED, thinking="medium"), model=model)
    assert fake.requests[0]["generationConfig"]["thinkingConfig"] == (sent or {"thinkingBudget": 8192})


def test_it_keeps_thoughts_out_of_the_text_and_hands_them_back() -> None:
    parts = ({"text": "Hm.", "thought": True}, {"text": "Noon", "thoughtSignature": SIGNATURE}, {"text": "."}, {"text": "."})
    with gemini(Raw((*(response(part, reason=None) for part in parts), response())), Say()) as fake:
        first = ask(fake, streamed=True)
        ask(fake, replace(ASKED, messages=(*ASKED.messages, first.message, user("And?"))))
    assert first.text == "Noon.."
    assert fake.requests[1]["contents"][1]["parts"] == [parts[0], parts[1], {"text": ".."}]


def test_it_hands_back_a_signature_that_comes_alone_but_no_empty_text() -> None:
    chunks = (response({"text": "Noon."}, reason=None), response({"text": "", "thoughtSignature": SIGNATURE}, reason=None), response({"text": ""}))
    with gemini(Raw(chunks), Raw((response({"text": ""}),)), Say()) as fake:
        first = ask(fake, streamed=True)
        second = ask(fake, replace(ASKED, messages=(*ASKED.messages, first.message, user("And?"))))
        ask(fake, replace(ASKED, messages=(user("a"), second.message, assistant(""), user("b"))))
    assert fake.requests[1]["contents"][1]["parts"] == [{"text": "Noon."}, {"text": "", "thoughtSignature": SIGNATURE}]
    assert second.native is None
    assert len(fake.requests[2]["contents"]) == 2


def test_it_counts_thoughts_as_output_and_googles_own_tools_as_input() -> None:
    early = {"promptTokenCount": 1000, "cachedContentTokenCount": 600}
    late = {"promptTokenCount": 1000, "toolUsePromptTokenCount": 200, "candidatesTokenCount": 30, "thoughtsTokenCount": 70}
    chunks = (response({"text": "a"}, reason=None, usageMetadata=early), response({"text": "b"}, usageMetadata=late, modelVersion="gemini-2.5-flash"))
    with gemini(Raw(chunks)) as fake:
        told = ask(fake, streamed=True).usage
    # 600 x $0.30 + 600 x $0.03 + 100 x $2.50, per million tokens
    assert told == Usage("google", "gemini-2.5-flash", 1200, 100, cached_tokens=600, cost=448, reasoning_tokens=70)


def test_it_takes_an_answer_that_counts_nothing() -> None:
    with gemini(Raw((response({"text": "a"}),))) as fake:
        assert ask(fake).usage == Usage("google", MODEL)


def test_it_prices_an_alias_where_the_version_has_no_price() -> None:
    chunk = response({"text": "a"}, modelVersion="gemini-9.9-flash", usageMetadata={"promptTokenCount": 1_000_000})
    with gemini(Raw((chunk,))) as fake:
        told = ask(fake, model="gemini-flash-lite-latest").usage
    assert (told.model, told.cost) == ("gemini-9.9-flash", 300_000)


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        ("RECITATION", ContentFiltered),
        ("PROHIBITED_CONTENT", ContentFiltered),
        ("CONTINUATION", ModelTruncated),
        ("FINISH_REASON_UNSPECIFIED", ModelTruncated),
        (None, ModelTruncated),
        ("OTHER", ModelUnavailable),
        ("MALFORMED_FUNCTION_CALL", ModelUnavailable),
        ("MISSING_THOUGHT_SIGNATURE", ModelRequestInvalid),
        ("PUP_LIMITED_DISABLED", ModelAuthFailed),
    ],
)
def test_it_takes_no_unfinished_answer_for_a_success(reason: str | None, failure: type[ModelFailure]) -> None:
    with gemini(Raw((response({"text": "a"}, reason=reason, usageMetadata={"promptTokenCount": 8}),))) as fake, pytest.raises(failure) as caught:
        ask(fake)
    assert caught.value.usage is not None
    assert caught.value.usage.input_tokens == 8
    assert len(fake.requests) == 1


def test_it_tolerates_a_reason_to_finish_that_it_does_not_know() -> None:
    with gemini(Raw((response({"text": "a"}, reason="BORED"),))) as fake, pytest.warns(UserWarning, match="BORED"):
        assert ask(fake).stop is StopReason.UNKNOWN


def test_it_tells_that_a_prompt_was_refused() -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
    with gemini(Raw((blocked,))) as fake, pytest.raises(ContentFiltered, match="PROHIBITED_CONTENT") as caught:
        ask(fake)
    assert caught.value.usage is not None


@pytest.mark.parametrize(
    ("error", "failure", "wait"),
    [
        (Error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), ModelAuthFailed, None),
        (Error(400, "FAILED_PRECONDITION", "The free tier is not available here. Please enable billing on your project."), ModelBillingStopped, None),
        (Error(401, "UNAUTHENTICATED"), ModelAuthFailed, None),
        (Error(402, "X"), ModelBillingStopped, None),
        (Error(403, "PERMISSION_DENIED", details=[{"reason": "BILLING_DISABLED"}]), ModelBillingStopped, None),
        (Error(404, "NOT_FOUND", "models/gemini-0 is not found"), ModelRequestInvalid, None),
        (Error(408), ModelTimedOut, None),
        (Error(409, "ABORTED"), ModelUnavailable, None),
        (Error(413), ContextTooLong, None),
        (Error(418), ModelRequestInvalid, None),
        (Error(429, headers={"retry-after": "12"}), ModelRateLimited, 12),
        (Error(429, headers={"retry-after": "soon"}, details=[{"retryDelay": "x"}]), ModelRateLimited, None),
        (Error(429, details=[{"retryDelay": "1.5s"}]), ModelRateLimited, 1.5),
        (Error(429, message="Quota exceeded for metric: free_tier_requests, limit: 0"), ModelBillingStopped, None),
        (Error(429, message="Your project has exceeded its monthly spending cap."), ModelBillingStopped, None),
        (Error(429, message="No capacity", details=[{"reason": "MODEL_CAPACITY_EXHAUSTED"}]), ModelOverloaded, None),
        (Error(499, "CANCELLED"), ModelCancelled, None),
        (Error(502), ModelUnavailable, None),
        (Error(504, "DEADLINE_EXCEEDED"), ModelTimedOut, None),
        (Error(529), ModelOverloaded, None),
    ],
)
def test_it_names_googles_errors(error: Error, failure: type[ModelFailure], wait: float | None) -> None:
    with gemini(error) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake)
    assert type(caught.value) is failure
    assert caught.value.retry_after_seconds == wait
    assert len(fake.requests) == 1


def test_it_does_not_repeat_what_google_quotes() -> None:
    told = f'Invalid value at "contents": "{"my secret plan " * 9}"'
    with gemini(Error(400, "INVALID_ARGUMENT", told)) as fake, pytest.raises(ModelRequestInvalid) as caught:
        ask(fake)
    assert str(caught.value) == f'{MODEL}: 400 Invalid value at "contents": "…"'


def test_it_knows_a_wrong_key() -> None:
    with gemini() as fake, pytest.raises(ModelAuthFailed):
        GeminiProvider("wrong", base_url=fake.url).call(ASKED, model=MODEL, seconds=5)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n"x"',
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{"candidates": [7]}',
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_it_takes_what_is_no_answer_for_an_outage(raw: bytes) -> None:
    with gemini(raw) as fake, pytest.raises(ModelUnavailable):
        ask(fake)


@pytest.mark.parametrize("streamed", [False, True])
def test_it_ends_in_time_though_the_answer_drips(streamed: bool) -> None:
    began = monotonic()
    with gemini(Say("x" * 1000), drip_seconds=0.002) as fake:
        with pytest.raises(ModelTimedOut):
            ask(fake, streamed=streamed, seconds=0.2)
        assert monotonic() - began < 1


def test_it_tells_what_was_counted_before_a_stream_broke() -> None:
    chunk = response({"text": "a"}, reason=None, usageMetadata={"promptTokenCount": 100})
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    with gemini(Raw((chunk, error))) as fake, pytest.raises(ModelOverloaded) as caught:
        ask(fake, streamed=True)
    assert caught.value.usage is not None
    assert caught.value.usage.cost == 75


def test_it_lets_a_failure_of_its_listener_pass() -> None:
    def listen(_: str) -> None:
        raise ValueError("full")

    with gemini() as fake, pytest.raises(ValueError, match="full"):
        GeminiProvider(KEY, base_url=fake.url).call(ASKED, model=MODEL, seconds=5, on_text=listen)


def test_it_keeps_the_environment_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GOOGLE_API_KEY": "other",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    with gemini() as fake:
        assert ask(fake).text == "Hello."
        with pytest.raises(ModelRequestInvalid, match="has no key here"):
            GeminiProvider("", base_url=fake.url).call(ASKED, model=MODEL, seconds=5)
    assert GeminiProvider(KEY).name == "google"
    monkeypatch.setenv("GOOGLE_GENAI_HTTP_CLIENT", "httpx")
    with gemini() as fake:
        assert ask(fake).text == "Hello."


def test_it_refuses_an_attachment_that_is_not_base64() -> None:
    with gemini() as fake, pytest.raises(ModelRequestInvalid, match=r"the attachment a\.png is not base64"):
        ask(fake, replace(ASKED, messages=(user("Hi", Attachment("image/png", "%%", "a.png")),)))


def test_it_writes_a_schema_in_the_part_that_gemini_takes() -> None:
    schema: JsonObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "one": {"const": 1},
            "code": {"type": "string", "pattern": "^A", "description": "a code"},
            "note": {"type": ["string", "null"], "default": None},
            "rows": {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}, "minItems": 1},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"oneOf": [{"type": "string"}, {"type": "number"}]}]},
        },
        "required": ["kind"],
        "additionalProperties": False,
    }
    with gemini(Say("{}")) as fake:
        ask(fake, replace(ASKED, output=schema))
    assert fake.requests[0]["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {
            "type": "object",
            "properties": {
                "kind": {"enum": ["a", "b"]},
                "one": {"enum": [1]},
                "code": {"type": "string", "description": 'a code (pattern: "^A")'},
                "note": {"type": ["string", "null"]},
                "rows": {"type": "array", "items": {"type": "integer", "description": "(exclusiveMinimum: 0)"}, "minItems": 1},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "number"}]}]},
            },
            "required": ["kind"],
            "additionalProperties": False,
        },
    }


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"},
        {"type": "array"},
        {"$ref": "#/$defs/tree"},
        {},
        True,
        {"description": "anything"},
        {"enum": ["a", None]},
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "string", "not": {"const": "x"}},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
    ],
)
def test_it_asks_in_words_where_a_schema_would_lose_something(part: Any) -> None:
    schema: JsonObject = {"type": "object", "properties": {"best": part}}
    assert expressible(schema) is None
    with gemini(Say("{}")) as fake:
        ask(fake, replace(ASKED, output=schema, system="Rank them."))
    assert not fake.requests[0].get("generationConfig")
    assert fake.requests[0]["systemInstruction"]["parts"][0]["text"].startswith("Rank them.\n\nAnswer with one JSON value")


def test_it_asks_in_words_where_there_are_tools() -> None:
    with gemini(Say("{}")) as fake:
        ask(fake, replace(ROUND, output=SCHEMA))
    assert not fake.requests[0].get("generationConfig")


@pytest.mark.parametrize("model", ["gemini-embedding-001", "gemini-embedding-2"])
def test_it_turns_texts_into_vectors(model: str) -> None:
    with gemini() as fake:
        told = GeminiProvider(KEY, base_url=fake.url).embed(["a" * (n % 3 + 1) for n in range(101)], model=model, seconds=5)
    assert [vector[0] for vector in told.vectors[:4]] == [1, 2, 3, 1]
    assert len(told.vectors) == 101
    assert [len(asked["requests"]) for asked in fake.requests] == [100, 1]
    assert (told.usage.input_tokens, told.usage.output_tokens, told.usage.model) == (303, 0, model)
    assert told.usage.cost in (45, 61)


def test_it_has_nothing_to_embed() -> None:
    assert GeminiProvider(KEY).embed([], model="gemini-embedding-2", seconds=5).usage.cost == 0


def test_it_leaves_vectors_unpriced_where_tokens_are_not_told() -> None:
    with gemini(Raw(({"embeddings": [{"values": [1]}]},))) as fake:
        assert GeminiProvider(KEY, base_url=fake.url).embed(["a"], model="gemini-embedding-2", seconds=5).usage.cost is None


@pytest.mark.parametrize(
    ("turn", "failure"),
    [(Raw(({"embeddings": [{"values": []}]},)), ModelUnavailable), (Raw(({},)), ModelUnavailable), (Error(429), ModelRateLimited)],
)
def test_it_names_what_fails_in_embedding(turn: Raw | Error, failure: type[ModelFailure]) -> None:
    with gemini(turn) as fake, pytest.raises(failure):
        GeminiProvider(KEY, base_url=fake.url).embed(["a"], model="gemini-embedding-2", seconds=5)


def test_it_does_not_begin_to_embed_without_time() -> None:
    with pytest.raises(ModelTimedOut):
        GeminiProvider(KEY).embed(["a"], model="gemini-embedding-2", seconds=0)
