"""Models on Bedrock by the real boto3 against a strict fake of Converse over HTTP."""

import base64
import json
import threading
import time
from contextlib import AbstractContextManager
from typing import Any

import boto3
import pytest

from chalicelib.providers.bedrock import BedrockProvider
from chalicelib.providers.bedrock_messages import price
from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
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
    Native,
    Role,
    StopReason,
    Text,
    ToolResult,
    ToolUse,
    user,
)
from chalicelib.providers.prices import Tokens
from chalicelib.spec.model import JsonObject
from tests.fixtures.fake_bedrock import Bedrock, Fault, Script, Spoken, bedrock
from tests.fixtures.fake_claude_rules import SIGNATURE
from tests.fixtures.model_script import FakeVendor, Say
from tests.unit.providers.contract import CLOCK, PAGE, PIXEL, SCHEMA, ProviderContract

SESSION = boto3.session.Session()  # reads the descriptions of AWS's services once
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "global.anthropic.claude-sonnet-5-5"
NOVA = "eu.amazon.nova-lite-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"
PROFILE = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123def456"
THOUGHT: JsonObject = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": SIGNATURE}}}
HIDDEN: JsonObject = {"reasoningContent": {"redactedContent": base64.b64encode(b"\x00\xffhidden").decode()}}
CALL: JsonObject = {"toolUse": {"toolUseId": "tooluse_9", "name": "clock", "input": {"city": "Bonn"}}}


def silent(text: str) -> None:
    """Listens and says nothing."""


def ask(fake: Bedrock, request: ModelRequest | str = "Hi", *, model: str = HAIKU, seconds: float = 5, streamed: bool = False) -> ModelResponse:
    asked = ModelRequest(messages=(user(request),)) if isinstance(request, str) else request
    return BedrockProvider(endpoint_url=fake.url, session=SESSION).call(asked, model=model, seconds=seconds, on_text=silent if streamed else None)


def with_tools(*messages: ModelMessage, **more: Any) -> ModelRequest:
    return ModelRequest(messages=messages or (user("Hi"),), tools=(CLOCK,), **more)


class TestContract(ProviderContract):
    """What every adapter promises."""

    MODEL = HAIKU

    def serve(self, *turns: Script) -> AbstractContextManager[FakeVendor]:
        return bedrock(*turns)

    def provider(self, fake: FakeVendor) -> BedrockProvider:
        return BedrockProvider(endpoint_url=fake.url, session=SESSION)


class TestContractOfAdaptiveModels(TestContract):
    """The same of a model that thinks by itself."""

    MODEL = SONNET


def test_it_sends_the_conversation_and_reads_the_answer() -> None:
    with bedrock(Say("Grüße.")) as fake:
        answer = ask(fake, ModelRequest(messages=(user("a"),), system="Be brief.", max_output_tokens=50))
    assert (answer.text, answer.stop, answer.notes) == ("Grüße.", StopReason.END, {})
    assert fake.requests == [
        {
            "modelId": HAIKU,
            "inferenceConfig": {"maxTokens": 50},
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": "a"}]}],
        }
    ]


@pytest.mark.parametrize("streamed", [False, True])
def test_it_gives_signed_thinking_back_verbatim(streamed: bool) -> None:
    blocks = [HIDDEN, THOUGHT, CALL]
    with bedrock(Spoken(blocks, "tool_use"), Say("Noon.")) as fake:
        first = ask(fake, with_tools(thinking="low"), streamed=streamed)
        assert first.native == Native("bedrock", [HIDDEN, THOUGHT, CALL])
        assert json.loads(json.dumps(first.native.content)) == first.native.content
        results = ModelMessage(Role.USER, (ToolResult("tooluse_9", "clock", "12:00"),))
        assert ask(fake, with_tools(user("Hi"), first.message, results, thinking="low")).text == "Noon."
    assert fake.requests[1]["messages"][1]["content"] == blocks
    assert fake.requests[1]["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2048}}


def test_it_lets_newer_models_think_by_effort() -> None:
    with bedrock() as fake:
        ask(fake, ModelRequest(messages=(user("Hi"),), thinking="high", max_output_tokens=1000), model=SONNET)
    sent = fake.requests[0]
    assert sent["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    assert sent["outputConfig"] == {"effort": "high"}
    assert sent["inferenceConfig"] == {"maxTokens": 25_576}


@pytest.mark.parametrize("model", [NOVA, LLAMA, PROFILE])
def test_it_sends_other_makers_models_only_what_they_take(model: str) -> None:
    with bedrock(Say('{"n": 1}')) as fake:
        answer = ask(fake, with_tools(output=SCHEMA, thinking="high", cache_prompt=True, must_call=True), model=model)
    sent = fake.requests[0]
    assert set(sent) == {"modelId", "messages", "system", "toolConfig"}
    assert sent["modelId"] == model
    assert answer.notes == {"thinking": "off: not asked of this model on Bedrock"}
    assert ("toolChoice" in sent["toolConfig"]) is (model == NOVA)
    assert ("Call at least one" in sent["system"][0]["text"]) is (model != NOVA)
    assert ("cachePoint" in str(sent)) is (model == NOVA)
    assert '"n"' in sent["system"][0]["text"]


def test_it_makes_claude_call_a_tool() -> None:
    with bedrock(Spoken([CALL], "tool_use")) as fake:
        assert ask(fake, with_tools(must_call=True)).stop is StopReason.TOOL_USE
        ask(fake, with_tools(must_call=True), model=SONNET)
    assert [body["toolConfig"]["toolChoice"] for body in fake.requests] == [{"any": {}}, {"any": {}}]
    assert fake.requests[1]["additionalModelRequestFields"] == {"thinking": {"type": "disabled"}}


def test_it_asks_for_tools_and_a_structured_answer_together() -> None:
    with bedrock(Say('{"n": 1}')) as fake:
        assert ask(fake, with_tools(output=SCHEMA)).text == '{"n": 1}'
    sent = fake.requests[0]
    told = sent["outputConfig"]["textFormat"]
    assert json.loads(told["structure"]["jsonSchema"]["schema"])["required"] == ["n"]
    assert [tool["toolSpec"]["name"] for tool in sent["toolConfig"]["tools"]] == ["clock"]


@pytest.mark.parametrize(
    ("request_", "places"),
    [
        (with_tools(system="Be brief.", cache_prompt=True), ["system", "messages"]),
        (with_tools(cache_prompt=True), ["toolConfig", "messages"]),
        (ModelRequest(messages=(user("Hi"),), cache_prompt=True), ["messages"]),
    ],
)
def test_it_marks_what_the_vendor_shall_keep(request_: ModelRequest, places: list[str]) -> None:
    with bedrock() as fake:
        ask(fake, request_)
    assert [name for name in ("system", "toolConfig", "messages") if "cachePoint" in str(fake.requests[0].get(name))] == places
    assert fake.requests[0]["messages"][-1]["content"][-1] == {"cachePoint": {"type": "default"}}


def test_it_names_documents_so_that_no_two_are_alike() -> None:
    odd = Attachment("text/markdown", base64.b64encode(b"# x").decode(), "../my  notes_1.md")
    bare = Attachment("application/json", base64.b64encode(b"{}").decode())
    with bedrock() as fake:
        ask(fake, ModelRequest(messages=(user("What is this?", PAGE, PAGE, odd, bare, PIXEL),)))
    content = fake.requests[0]["messages"][0]["content"]
    assert [(block["document"]["format"], block["document"]["name"]) for block in content if "document" in block] == [
        ("pdf", "page pdf 1"),
        ("pdf", "page pdf 2"),
        ("md", "my notes 1 md 3"),
        ("txt", "document 4"),
    ]


@pytest.mark.parametrize(
    ("attachment", "says"),
    [(Attachment("image/tiff", "AAAA"), "no attachment of type image/tiff"), (Attachment("image/png", "?"), "image/png is no base64")],
)
def test_it_refuses_attachments_that_bedrock_would_refuse(attachment: Attachment, says: str) -> None:
    with bedrock() as fake, pytest.raises(ModelRequestInvalid, match=says):
        ask(fake, ModelRequest(messages=(user("Hi", attachment),)))
    assert fake.requests == []


def test_it_tells_of_results_that_failed_or_are_empty() -> None:
    calls = ModelMessage(Role.ASSISTANT, (Text("Well."), ToolUse("a", "clock", {}), ToolUse("b:1/ü", "clock", {})))
    results = ModelMessage(Role.USER, (ToolResult("a", "clock", ""), ToolResult("b:1/ü", "clock", "no", is_error=True)))
    with bedrock() as fake:
        ask(fake, ModelRequest(messages=(user("Hi"), calls, results)))
    first, second = (block["toolResult"] for block in fake.requests[0]["messages"][2]["content"])
    assert first == {"toolUseId": "a", "content": [{"text": "(nothing)"}]}
    assert second["status"] == "error"
    assert fake.requests[0]["toolConfig"]["tools"][0]["toolSpec"]["name"] == "clock"


@pytest.mark.parametrize(
    ("stop", "failure"),
    [
        ("max_tokens", ModelTruncated),
        ("model_context_window_exceeded", ContextTooLong),
        ("guardrail_intervened", ContentFiltered),
        ("content_filtered", ContentFiltered),
        ("refusal", ContentFiltered),
        ("malformed_model_output", ModelUnavailable),
        ("malformed_tool_use", ModelUnavailable),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_it_takes_no_unfinished_answer_for_a_success(stop: str, failure: type[ModelFailure], streamed: bool) -> None:
    with bedrock(Spoken([{"text": "I"}], stop)) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake, streamed=streamed)
    assert type(caught.value) is failure
    assert caught.value.usage is not None
    assert caught.value.usage.cost == 220


def test_it_tells_other_stops() -> None:
    with bedrock(Spoken([{"text": "I"}], "stop_sequence"), Spoken([{"text": "I"}], "tired")) as fake:
        assert [ask(fake).stop, ask(fake).stop] == [StopReason.STOP_SEQUENCE, StopReason.UNKNOWN]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault("AccessDeniedException", 403), ModelAuthFailed),
        (Fault("ExpiredTokenException", 403), ModelAuthFailed),
        (Fault("ModelTimeoutException", 408), ModelTimedOut),
        (Fault("ModelNotReadyException", 429), ModelUnavailable),
        (Fault("ModelErrorException", 424), ModelUnavailable),
        (Fault("ModelErrorException", 424, more={"originalStatusCode": 529}), ModelOverloaded),
        (Fault("ResourceNotFoundException", 404), ModelRequestInvalid),
        (Fault("TeapotException", 418), ModelRequestInvalid),
        (Fault("GatewayException", 502), ModelUnavailable),
        (Fault("ValidationException", 400, "prompt is too long: 300000 tokens > 200000 maximum"), ContextTooLong),
        (Fault("ThrottlingException", 429, headers={"retry-after": "soon"}), ModelRateLimited),
        (Fault("", raw=b""), ModelUnavailable),
        (Fault("", raw=b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"), ModelUnavailable),
        (Fault("", raw=b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\nnull"), ModelUnavailable),
        (Fault("", raw=b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"output":null}'), ModelUnavailable),
    ],
)
def test_it_names_each_fault_and_tries_once(fault: Fault, failure: type[ModelFailure]) -> None:
    with bedrock(fault) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake)
    assert type(caught.value) is failure
    assert len(fake.requests) == 1
    assert caught.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault("throttlingException", mid=True), ModelRateLimited),
        (Fault("internalServerException", mid=True), ModelUnavailable),
        (Fault("modelStreamErrorException", mid=True), ModelUnavailable),
        (Fault("validationException", mid=True, message="Input is too long for requested model."), ContextTooLong),
        (Fault("unheardOfException", mid=True), ModelUnavailable),
    ],
)
def test_it_names_faults_in_a_stream(fault: Fault, failure: type[ModelFailure]) -> None:
    with bedrock(fault) as fake, pytest.raises(ModelFailure) as caught:
        ask(fake, streamed=True)
    assert type(caught.value) is failure


@pytest.mark.parametrize(("stop", "failure"), [("tool_use", ModelUnavailable), ("max_tokens", ModelTruncated)])
def test_it_takes_no_broken_arguments(stop: str, failure: type[ModelFailure]) -> None:
    broken = {"toolUse": {"toolUseId": "t", "name": "clock", "input": '{"city": "Bo'}}
    with bedrock(Spoken([broken], stop)) as fake, pytest.raises(failure):
        ask(fake, with_tools(), streamed=True)


def test_it_takes_a_call_without_arguments() -> None:
    with bedrock(Spoken([{"toolUse": {"toolUseId": "t", "name": "clock", "input": ""}}], "tool_use")) as fake:
        assert ask(fake, with_tools(), streamed=True).tool_uses == (ToolUse("t", "clock", {}),)


def test_it_reads_text_with_sources() -> None:
    cited: JsonObject = {"citationsContent": {"content": [{"text": "Noon"}], "citations": [{"title": "page"}]}}
    with bedrock(Spoken([cited, {"text": "."}])) as fake:
        answer = ask(fake)
    assert (answer.text, answer.native) == ("Noon.", Native("bedrock", [cited, {"text": "."}]))


def test_it_reads_over_pieces_that_are_no_text() -> None:
    with bedrock(Spoken([{"citation": {"title": "page"}}, {"text": "Noon."}])) as fake:
        answer = ask(fake, streamed=True)
    assert (answer.text, answer.native) == ("Noon.", None)


@pytest.mark.parametrize("streamed", [False, True])
def test_it_leaves_an_answer_without_counts_unpriced(streamed: bool) -> None:
    with bedrock(Spoken([{"text": "I"}], usage=None)) as fake:
        assert ask(fake, streamed=streamed).usage.cost is None


def test_it_counts_what_is_kept_for_an_hour() -> None:
    hour = {"cacheDetails": [{"ttl": "1h", "inputTokens": 100}, {"ttl": "5m", "inputTokens": 200}]}
    usage = {"inputTokens": 1000, "outputTokens": 500, "totalTokens": 3800, "cacheReadInputTokens": 2000, "cacheWriteInputTokens": 300, **hour}
    with bedrock(Spoken([{"text": "I"}], usage=usage)) as fake:
        told = ask(fake).usage
    assert (told.input_tokens, told.cached_tokens, told.cache_write_tokens, told.cost) == (3300, 2000, 300, 4565)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", 1_000_000),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 1_100_000),
        ("anthropic.claude-opus-4-6-v1", 5_500_000),
        ("global.anthropic.claude-sonnet-5-5", 2_000_000),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0", 1_100_000),
        ("anthropic.claude-unheard-of-v1:0", None),
        (LLAMA, None),
        (PROFILE, None),
    ],
)
def test_it_prices_claude_by_where_it_is_kept(model: str, expected: int | None) -> None:
    assert price(model, Tokens(fresh=1_000_000, output=0)) == expected


@pytest.mark.parametrize("streamed", [False, True])
def test_it_gives_up_in_time_on_an_answer_that_drips(streamed: bool) -> None:
    with bedrock(Say("A long answer. " * 200), drip_seconds=0.002) as fake:
        began = time.monotonic()
        with pytest.raises(ModelTimedOut):
            ask(fake, seconds=0.4, streamed=streamed)
    assert time.monotonic() - began < 3


def test_it_counts_the_time_that_a_listener_takes() -> None:
    def dawdle(text: str) -> None:
        threading.Event().wait(0.31)

    with bedrock(Say("One two three.")) as fake, pytest.raises(ModelTimedOut):
        BedrockProvider(endpoint_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=HAIKU, seconds=0.3, on_text=dawdle)


def test_it_lets_a_listeners_own_errors_through() -> None:
    def listen(text: str) -> None:
        raise ValueError(text)

    with bedrock(Say("One two three.")) as fake, pytest.raises(ValueError, match=r"^One"):
        BedrockProvider(endpoint_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=HAIKU, seconds=5, on_text=listen)


def test_it_says_that_there_are_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with bedrock() as fake, pytest.raises(ModelAuthFailed, match="no AWS credentials"):
        BedrockProvider(endpoint_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=HAIKU, seconds=5)


def test_it_says_that_there_is_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    with bedrock() as fake, pytest.raises(ModelRequestInvalid, match="no AWS region"):
        BedrockProvider(endpoint_url=fake.url).call(ModelRequest(messages=(user("Hi"),)), model=HAIKU, seconds=5)


def test_it_is_asked_in_the_region_that_it_is_given() -> None:
    with bedrock() as fake:
        provider = BedrockProvider(region="us-west-2", endpoint_url=fake.url)
        provider.call(ModelRequest(messages=(user("Hi"),)), model=HAIKU, seconds=5)
        assert fake.server is not None
        assert "/us-west-2/bedrock/" in fake.server.requests[0].headers["authorization"]


def test_it_refuses_what_boto3_itself_refuses() -> None:
    with bedrock() as fake, pytest.raises(ModelRequestInvalid, match="takes no such request"):
        ask(fake, model="")
    with bedrock() as fake, pytest.raises(ModelRequestInvalid, match="blank"):
        ask(fake, " ")


def test_it_has_a_name() -> None:
    assert BedrockProvider().name == "bedrock"
