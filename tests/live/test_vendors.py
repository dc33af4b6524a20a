"""What each real vendor must do for its adapter to be of use: a text, a stream, a round of tools, structured output, a cost. A few cents in all."""

import pytest

from chalicelib.providers.model import ModelMessage, ModelRequest, Role, StopReason, ToolOffer, ToolResult, user
from chalicelib.providers.structured import read_json
from chalicelib.spec.model import JsonObject
from tests.live.conftest import Asked

pytestmark = pytest.mark.live

SECONDS = 60.0
MAX_TOKENS = 4_000  # those that think need room for it
BADGE = ToolOffer(
    "badge", "Tells the number on a person's badge.", {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
)
GUEST: JsonObject = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "nights": {"type": "integer"}},
    "required": ["name", "nights"],
    "additionalProperties": False,
}
HELLO = ModelRequest((user("Say hello in one word."),), max_output_tokens=MAX_TOKENS)


def test_it_answers_with_a_text(asked: Asked) -> None:
    answer = asked.provider.call(HELLO, model=asked.model, seconds=SECONDS)
    assert answer.text.strip()
    assert answer.stop is StopReason.END


def test_it_streams_its_text(asked: Asked) -> None:
    pieces: list[str] = []
    answer = asked.provider.call(HELLO, model=asked.model, seconds=SECONDS, on_text=pieces.append)
    assert "".join(pieces) == answer.text != ""


def test_it_goes_through_a_round_of_tools(asked: Asked) -> None:
    question = user("What number is on Ann's badge? Look it up with the tool, then answer with the number.")
    request = ModelRequest((question,), tools=(BADGE,), max_output_tokens=MAX_TOKENS)
    first = asked.provider.call(request, model=asked.model, seconds=SECONDS)
    assert first.stop is StopReason.TOOL_USE
    results = ModelMessage(Role.USER, tuple(ToolResult(use.id, use.name, '{"number": 70413}') for use in first.tool_uses))
    told = ModelRequest((question, first.message, results), tools=(BADGE,), max_output_tokens=MAX_TOKENS)
    assert "70413" in asked.provider.call(told, model=asked.model, seconds=SECONDS).text.replace(",", "")


def test_it_answers_with_data(asked: Asked) -> None:
    request = ModelRequest((user("Ann stays seven nights."),), output=GUEST, max_output_tokens=MAX_TOKENS)
    assert read_json(asked.provider.call(request, model=asked.model, seconds=SECONDS).text) == {"name": "Ann", "nights": 7}


def test_it_tells_what_it_took(asked: Asked) -> None:
    usage = asked.provider.call(HELLO, model=asked.model, seconds=SECONDS).usage
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0
    assert not asked.is_priced or (usage.cost is not None and usage.cost > 0)
