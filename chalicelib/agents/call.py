"""One call of a model for a node without tools: the prompt in, an answer that satisfies the node's output schema out.

In: an `AgentTask`, the model behind the port `Ask`. Out: `Answered`: an object of the schema, or `{text}`. An answer that breaks the schema gets one
turn to be mended, with the faults told. Retries of a failed call are the router's and the state machine's business; `agents.loop` is for tasks with
tools.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.agents.answer import read_answer
from chalicelib.agents.failures import OutputInvalid as OutputInvalid
from chalicelib.agents.task import AgentTask, Ask
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import ModelMessage, ModelRequest, Usage, assistant, user
from chalicelib.providers.structured import repair_request
from chalicelib.spec.model import Json

MAX_TURNS: Final = 2  # the answer and its repair


@dataclass(frozen=True, slots=True)
class Answered:
    """`value` is the node's output; `turns` counts the calls that it took."""

    value: Json
    usage: Usage
    turns: int


def call_agent(task: AgentTask, *, ask: Ask) -> Answered:
    """Raises a ModelFailure, or OutputInvalid; either knows what all turns cost."""
    messages: tuple[ModelMessage, ...] = (user(task.prompt, *task.attachments),)
    spent: Usage | None = None
    faults: tuple[str, ...] = ()
    for turn in range(1, MAX_TURNS + 1):
        try:
            response = ask(_request(task, messages), f"turn-{turn}")
        except ModelFailure as failure:
            failure.usage = _together(spent, failure.usage)
            raise
        spent = response.usage if spent is None else spent.plus(response.usage)
        value, faults = read_answer(task.output, response.text)
        if not faults:
            return Answered(value, spent, turn)
        said = response.message if response.text else assistant("(nothing)")
        messages = (*messages, said, user(repair_request(faults)))
    assert spent is not None
    raise OutputInvalid(f"the answer does not satisfy the output schema: {'; '.join(faults[:3])}", usage=spent)


def _together(before: Usage | None, last: Usage | None) -> Usage | None:
    return before.plus(last) if before is not None and last is not None else before or last


def _request(task: AgentTask, messages: tuple[ModelMessage, ...]) -> ModelRequest:
    return ModelRequest(
        messages=messages,
        system=task.system,
        output=task.output,
        max_output_tokens=task.max_output_tokens,
        thinking=task.thinking,
        cache_prompt=task.cache_prompt,
    )
