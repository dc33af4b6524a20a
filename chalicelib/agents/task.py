"""What an agent is asked and what it is handed: its task and tools, and the ports to the rest of Sluice.

In: nothing. Out: `AgentTask`, `AgentTool`, and the protocols `Ask`, `Toolbox`, `Checkpoint`, `Verdicts`. Agents know neither the store nor the runs:
whoever starts one (a worker) stands behind these ports.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from chalicelib.agents.policy import ToolPolicy
from chalicelib.agents.transcript import Reason, Transcript
from chalicelib.providers.model import Attachment, Effort, ModelRequest, ModelResponse, ToolUse
from chalicelib.spec.model import Json, JsonObject

TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Ask = Callable[[ModelRequest, str], ModelResponse]
"""The model, behind router, budget and cache. The text is the call's key (`turn-3`): asked again under the same key, it is accounted once.
Raises a ModelFailure."""


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool in the agent's allow-list. `name` is as vendors take it (`http_get`, no dots), `arguments` a JSON Schema of an object.

    `effect` is as in the language: what has none may run twice.
    `fixed` are arguments that the author has set: the model may not name them, and rules judge them with the rest.
    `suspends`: the call is served by the state machine (a sub-workflow's run), never in this process. `hands_on`: another agent does it, at a cost.
    """

    name: str
    description: str
    arguments: JsonObject
    policy: ToolPolicy
    effect: str = "none"
    suspends: bool = False
    hands_on: bool = False
    fixed: JsonObject = field(default_factory=dict)

    def whole(self, arguments: JsonObject) -> JsonObject:
        """The arguments as the tool gets them."""
        return {**arguments, **self.fixed}


@dataclass(frozen=True, slots=True)
class AgentTask:
    """What an agent node asks, rendered. `max_turns` bounds the turns in which tools may be called; `max_cost` is in micro-dollars.

    `repairs` is how often an answer that breaks `output` may be mended; such turns come on top of `max_turns`.
    """

    prompt: str
    system: str | None = None
    attachments: tuple[Attachment, ...] = ()
    output: JsonObject | None = None
    max_output_tokens: int | None = None
    tools: tuple[AgentTool, ...] = ()
    max_turns: int = 12
    max_cost: int | None = None
    thinking: Effort | None = None
    cache_prompt: bool = False
    repairs: int = 1

    def __post_init__(self) -> None:
        """Two tools of one name, or a name that no vendor takes, would let a call reach another tool than was judged."""
        names = [tool.name for tool in self.tools]
        unfit = sorted({name for name in names if names.count(name) > 1 or not TOOL_NAME.fullmatch(name)})
        if unfit:
            raise ValueError(f"an agent's tools have names of their own of 1 to 64 letters, digits, _ and -: {', '.join(unfit)}")

    def tool(self, name: str) -> AgentTool | None:
        """The tool of exactly that name."""
        return next((tool for tool in self.tools if tool.name == name), None)


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call that waits for somebody. `number` counts calls over the whole conversation, the same on every replay: it keys the gate or the run.

    `use` holds the arguments that count: a call that was edited and then suspends shows the edited ones.
    """

    number: int
    use: ToolUse
    reason: Reason
    why: str


VerdictKind = Literal["approved", "edited", "rejected", "answered", "timed_out", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a pending call. The first five answer an ask; `finished`, `failed`, `answered` and `timed_out` end a suspended call.

    `arguments` come with `edited`, `value` (or `text`) with `answered` and `finished`, `text` with the others: the reason. `by` are people.
    """

    kind: VerdictKind
    arguments: JsonObject | None = None
    text: str = ""
    by: tuple[str, ...] = ()
    value: Json = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Of a call that is a conversation of its own: it is not over. What it waits for; without that, its time was short. Run again, it goes on."""

    waiting: tuple[PendingCall, ...] = ()


class Toolbox(Protocol):
    """Carries out calls that may go ahead: several at once, from as many threads."""

    def run(self, use: ToolUse, *, key: str, most_cost: int | None) -> Json | Unfinished:
        """The result. `key` is this call's part of an idempotency key, the same on every replay; `most_cost` what another agent may spend on it.

        A SluiceError is told to the model, except those that say that this attempt is over (StaleAttempt, RunEnded) or that nothing more may be
        spent (BudgetExceeded).
        """
        ...


class Checkpoint(Protocol):
    """Where the conversation is kept."""

    def load(self) -> Transcript | None: ...

    def save(self, transcript: Transcript) -> None:
        """Holds only if what is kept has the revision before `transcript.revision` (for 1: nothing is kept). Raises StaleAttempt otherwise."""
        ...


class Verdicts(Protocol):
    """What has come of calls that wait."""

    def find(self, call: PendingCall) -> Verdict | None:
        """None: still open."""
        ...
