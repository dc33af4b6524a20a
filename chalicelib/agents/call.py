"""One call of a model for a node: the prompt in, an answer that satisfies the node's output schema out.

In: a provider, a model, a `Task`. Out: `Answered`: an object of the schema, or `{text}`. An answer that breaks the schema gets one turn to be
repaired, with the faults told. Retries of a failed call are the state machine's business. For tasks without tools; `agents.loop` is for those with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chalicelib.agents.answer import read_answer
from chalicelib.agents.failures import OutputInvalid as OutputInvalid
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import ModelMessage, ModelRequest, Provider, Usage, assistant, user
from chalicelib.providers.structured import repair_request
from chalicelib.spec.model import Json, JsonObject

MAX_TURNS: Final = 2  # the answer and its repair


@dataclass(frozen=True, slots=True)
class Task:
    """What an agent node asks, rendered."""

    prompt: str
    system: str | None = None
    output: JsonObject | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """`value` is the node's output; `turns` counts the calls that it took."""

    value: Json
    usage: Usage
    turns: int


def call_agent(task: Task, *, provider: Provider, model: str, seconds_left: Callable[[], float]) -> Answered:
    """Raises a ModelFailure, or OutputInvalid; either knows what all turns cost."""
    messages: tuple[ModelMessage, ...] = (user(task.prompt),)
    spent: Usage | None = None
    faults: tuple[str, ...] = ()
    for turn in range(1, MAX_TURNS + 1):
        try:
            response = provider.call(_request(task, messages), model=model, seconds=seconds_left())
        except ModelFailure as failure:
            failure.usage = _together(spent, failure.usage)
            raise
        spent = response.usage if spent is None else spent.plus(response.usage)
        value, faults = read_answer(task.output, response.text)
        if not faults:
            return Answered(value, spent, turn)
        messages = (*messages, assistant(response.text or "(nothing)"), user(repair_request(faults)))
    assert spent is not None
    raise OutputInvalid(f"the answer does not satisfy the output schema: {'; '.join(faults[:3])}", usage=spent)


def _together(before: Usage | None, last: Usage | None) -> Usage | None:
    return before.plus(last) if before is not None and last is not None else before or last


def _request(task: Task, messages: tuple[ModelMessage, ...]) -> ModelRequest:
    return ModelRequest(messages=messages, system=task.system, output=task.output, max_output_tokens=task.max_output_tokens)
