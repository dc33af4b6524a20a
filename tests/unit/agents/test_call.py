"""One model call for a node, its answer checked, and mended once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from chalicelib.agents.call import OutputInvalid, call_agent
from chalicelib.agents.task import AgentTask, Ask
from chalicelib.providers.failures import ModelTimedOut, ModelTruncated
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Role, StopReason, Usage
from chalicelib.spec.model import JsonObject

SCHEMA: JsonObject = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@dataclass
class Scripted:
    """A provider that says what it is told to."""

    texts: Sequence[str]
    requests: list[tuple[ModelRequest, float]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "scripted"

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        self.requests.append((request, seconds))
        text = self.texts[len(self.requests) - 1]
        return ModelResponse(text, StopReason.END, Usage("scripted", model, input_tokens=10, output_tokens=1, cost=5))


def asking(provider: Scripted, seconds: float = 1) -> Ask:
    return lambda request, key: provider.call(request, model="m", seconds=seconds)


def test_it_gives_the_text_where_no_schema_is_asked() -> None:
    provider = Scripted(["hello"])
    answered = call_agent(AgentTask("Hi", system="Be brief.", max_output_tokens=9), ask=asking(provider, 12.5))
    assert (answered.value, answered.turns) == ({"text": "hello"}, 1)
    request, seconds = provider.requests[0]
    assert (request.system, request.max_output_tokens, request.output, seconds) == ("Be brief.", 9, None, 12.5)


def test_it_gives_the_checked_value() -> None:
    answered = call_agent(AgentTask("Hi", output=SCHEMA), ask=asking(Scripted(['```json\n{"n": 3}\n```']), 1))
    assert answered.value == {"n": 3}
    assert answered.usage.cost == 5


@pytest.mark.parametrize(
    ("first", "fault"), [("I cannot.", "no JSON value"), ('{"n": "x"}', "n: 'x' is not of type 'integer'"), ("", "no JSON value")]
)
def test_it_asks_once_to_mend_an_answer(first: str, fault: str) -> None:
    provider = Scripted([first, '{"n": 3}'])
    answered = call_agent(AgentTask("Hi", output=SCHEMA), ask=asking(provider, 1))
    assert (answered.value, answered.turns) == ({"n": 3}, 2)
    assert answered.usage == Usage("scripted", "m", input_tokens=20, output_tokens=2, cost=10)
    turns = provider.requests[1][0].messages
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert turns[1].text == (first or "(nothing)")
    assert fault in turns[2].text


def test_it_fails_when_mending_fails_and_tells_the_cost() -> None:
    with pytest.raises(OutputInvalid, match="'n' is a required property") as caught:
        call_agent(AgentTask("Hi", output=SCHEMA), ask=asking(Scripted(["{}", "{}"]), 1))
    assert caught.value.usage.cost == 10
    assert not caught.value.retryable


@pytest.mark.parametrize(("last", "cost"), [(None, 5), (Usage("scripted", "m", cost=3), 8)])
def test_it_tells_the_cost_of_the_turns_before_a_call_that_failed(last: Usage | None, cost: int) -> None:
    class Breaks(Scripted):
        def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
            if self.requests:
                raise ModelTruncated("too long", usage=last)
            return super().call(request, model=model, seconds=seconds)

    with pytest.raises(ModelTruncated) as caught:
        call_agent(AgentTask("Hi", output=SCHEMA), ask=asking(Breaks(["{}"]), 1))
    assert caught.value.usage is not None
    assert caught.value.usage.cost == cost


def test_it_leaves_a_failed_call_to_the_machine() -> None:
    class Late(Scripted):
        def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
            raise ModelTimedOut("late")

    with pytest.raises(ModelTimedOut):
        call_agent(AgentTask("Hi"), ask=asking(Late([]), 1))
