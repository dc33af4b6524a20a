"""What every adapter of a vendor of models promises, against its vendor's fake server over HTTP.

A vendor's test module subclasses `ProviderContract`, names its fake and its provider, and adds what is the vendor's own.
"""

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from chalicelib.providers.failures import (
    ContentFiltered,
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
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
    Provider,
    Role,
    StopReason,
    ToolOffer,
    ToolResult,
    ToolUse,
    user,
)
from chalicelib.spec.model import JsonObject
from tests.fixtures.model_script import RETRY_AFTER_SECONDS, STREAM_ONLY, Calls, Counts, Failing, FakeVendor, Say, Turn

SCHEMA: JsonObject = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
CLOCK = ToolOffer("clock", "Tells the time of a city.", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
PIXEL = Attachment("image/png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PAGE = Attachment("application/pdf", "JVBERi0xLjQKJSVFT0YK", "page.pdf")
FAILURES: dict[Failing, type[ModelFailure]] = {
    Failing.RATE_LIMITED: ModelRateLimited,
    Failing.BILLING: ModelBillingStopped,
    Failing.OVERLOADED: ModelOverloaded,
    Failing.SERVER_ERROR: ModelUnavailable,
    Failing.AUTH: ModelAuthFailed,
    Failing.BAD_REQUEST: ModelRequestInvalid,
    Failing.CONTEXT_OVERFLOW: ContextTooLong,
    Failing.MALFORMED: ModelUnavailable,
    Failing.CUT: ModelUnavailable,
    Failing.CLEAN_END: ModelTruncated,
    Failing.ERROR_MID_STREAM: ModelOverloaded,
    Failing.REFUSAL: ContentFiltered,
    Failing.MAX_TOKENS: ModelTruncated,
}
ASKED = ModelRequest(messages=(user("Hi"),))


class ProviderContract:
    """`MODEL` has a price. `COUNTS` are those that the vendor can tell of."""

    MODEL: str
    COUNTS = Counts(input=3300, output=500, cached=2000)

    @abstractmethod
    def serve(self, *turns: Turn) -> AbstractContextManager[FakeVendor]: ...

    @abstractmethod
    def provider(self, fake: FakeVendor) -> Provider: ...

    def ask(self, fake: FakeVendor, request: ModelRequest = ASKED, *, streamed: bool = False, seconds: float = 5) -> ModelResponse:
        pieces: list[str] = []
        answer = self.provider(fake).call(request, model=self.MODEL, seconds=seconds, on_text=pieces.append if streamed else None)
        assert not streamed or "".join(pieces) == answer.text
        return answer

    @pytest.mark.parametrize("streamed", [False, True])
    def test_it_answers(self, streamed: bool) -> None:
        with self.serve(Say("Grüße aus Köln.", counts=self.COUNTS)) as fake:
            answer = self.ask(fake, streamed=streamed)
        assert (answer.text, answer.stop, answer.tool_uses) == ("Grüße aus Köln.", StopReason.END, ())
        told = answer.usage
        assert (told.input_tokens, told.output_tokens, told.cached_tokens) == (self.COUNTS.input, self.COUNTS.output, self.COUNTS.cached)
        assert told.cost is not None
        assert told.cost > 0
        assert len(fake.requests) == 1

    def test_it_hands_on_each_piece_as_it_comes(self) -> None:
        pieces: list[str] = []
        with self.serve(Say("one two three", pieces=3)) as fake:
            self.provider(fake).call(ASKED, model=self.MODEL, seconds=5, on_text=pieces.append)
        assert len(pieces) == 3

    @pytest.mark.parametrize("streamed", [False, True])
    def test_it_carries_a_round_of_tools(self, streamed: bool) -> None:
        request = replace(ASKED, tools=(CLOCK,), system="Be brief.")
        script = (Say("", calls=(Calls("clock", {"city": "Köln"}), Calls("clock", {"city": "Bonn"}))), Say("Noon."))
        with self.serve(*script) as fake:
            first = self.ask(fake, request, streamed=streamed)
            assert first.stop is StopReason.TOOL_USE
            assert [(use.name, use.arguments) for use in first.tool_uses] == [("clock", {"city": "Köln"}), ("clock", {"city": "Bonn"})]
            assert len({use.id for use in first.tool_uses}) == 2
            results = tuple(ToolResult(use.id, use.name, "12:00", is_error=number == 1) for number, use in enumerate(first.tool_uses))
            second = self.ask(
                fake, replace(request, messages=(*request.messages, first.message, ModelMessage(Role.USER, results))), streamed=streamed
            )
        assert (second.text, second.stop) == ("Noon.", StopReason.END)
        assert len(fake.requests) == 2

    def test_it_goes_on_from_another_vendors_conversation(self) -> None:
        """What was the other vendor's own is left out; its ids are taken as they are."""
        before = ModelMessage(Role.ASSISTANT, (ToolUse("x-1", "clock", {"city": "Köln"}),), Native("elsewhere", [{"signed": "thinking"}]))
        after = ModelMessage(Role.USER, (ToolResult("x-1", "clock", "12:00"),))
        with self.serve(Say("Noon.")) as fake:
            answer = self.ask(fake, replace(ASKED, messages=(*ASKED.messages, before, after), tools=(CLOCK,)))
        assert answer.text == "Noon."
        assert "signed" not in str(fake.requests)

    def test_it_sends_images_and_documents(self) -> None:
        with self.serve(Say("A dot.")) as fake:
            assert self.ask(fake, ModelRequest(messages=(user("What is this?", PIXEL, PAGE),))).text == "A dot."
        assert PIXEL.data in str(fake.requests[0])
        assert PAGE.data in str(fake.requests[0])

    @pytest.mark.parametrize("streamed", [False, True])
    def test_it_asks_for_structured_output(self, streamed: bool) -> None:
        with self.serve(Say('{"n": 3}')) as fake:
            assert self.ask(fake, replace(ASKED, output=SCHEMA), streamed=streamed).text == '{"n": 3}'
        assert '"n"' in str(fake.requests[0]).replace("'", '"')

    @pytest.mark.parametrize("effort", ["low", "high"])
    def test_it_asks_for_thinking(self, effort: Effort) -> None:
        with self.serve(Say("Hm.")) as fake:
            request = replace(ASKED, thinking=effort, cache_prompt=True, max_output_tokens=4000)
            assert self.ask(fake, request).text == "Hm."
        assert len(fake.requests) == 1

    @pytest.mark.parametrize("streamed", [False, True])
    @pytest.mark.parametrize("failing", list(FAILURES))
    def test_it_names_each_failure_and_tries_once(self, failing: Failing, streamed: bool) -> None:
        streamed = streamed or failing in STREAM_ONLY
        with self.serve(failing) as fake, pytest.raises(ModelFailure) as caught:
            self.ask(fake, streamed=streamed)
        assert type(caught.value) is FAILURES[failing]
        assert len(fake.requests) == 1

    def test_it_says_when_to_come_again(self) -> None:
        with self.serve(Failing.RATE_LIMITED) as fake, pytest.raises(ModelRateLimited) as caught:
            self.ask(fake)
        assert caught.value.retry_after_seconds == RETRY_AFTER_SECONDS

    @pytest.mark.parametrize("failing", [Failing.REFUSAL, Failing.MAX_TOKENS])
    def test_it_tells_what_a_failure_cost(self, failing: Failing) -> None:
        with self.serve(failing) as fake, pytest.raises(ModelFailure) as caught:
            self.ask(fake)
        assert caught.value.usage is not None
        assert caught.value.usage.cost is not None

    @pytest.mark.parametrize("streamed", [False, True])
    def test_it_gives_up_in_time(self, streamed: bool) -> None:
        with self.serve(Failing.SILENT) as fake, pytest.raises(ModelTimedOut):
            self.ask(fake, streamed=streamed, seconds=0.2)

    def test_it_does_not_begin_without_time(self) -> None:
        with self.serve(Say()) as fake, pytest.raises(ModelTimedOut, match="no time is left"):
            self.ask(fake, seconds=0)
        assert fake.requests == []

    def test_it_is_told_of_nobody_listening(self) -> None:
        with self.serve(Say()) as fake:
            provider = self.provider(fake)
        with pytest.raises(ModelUnavailable):
            provider.call(ASKED, model=self.MODEL, seconds=2)
