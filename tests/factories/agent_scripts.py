"""A scripted model, and what stands behind an agent's ports: a place to keep its conversation, tools whose effects are counted, and verdicts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.agents.loop import AgentTask, AgentTool, Outcome, PendingCall, Transcript, Verdict, run_agent
from chalicelib.agents.policy import Rule, ToolPolicy
from chalicelib.errors import StaleAttempt
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import ModelRequest, ModelResponse, Native, Role, StopReason, ToolResult, ToolUse, Usage
from chalicelib.spec.model import Json, JsonObject

ANY: JsonObject = {"type": "object"}
Turn = str | Sequence[tuple[str, Any]] | ModelFailure
Hook = Callable[[str], None]


def nothing(_where: str) -> None: ...


def usage(cost: int | None = 5) -> Usage:
    return Usage("scripted", "m", input_tokens=10, output_tokens=1, cost=cost)


def spoken(turn: Turn, number: int, *, cost: int | None = 5) -> ModelResponse:
    """The response of a script's turn: a text, or calls as (name, arguments)."""
    if isinstance(turn, ModelFailure):
        raise turn
    if isinstance(turn, str):
        return ModelResponse(turn, StopReason.END, usage(cost))
    uses = tuple(ToolUse(f"u{number}-{place}", name, arguments) for place, (name, arguments) in enumerate(turn))
    native = Native("scripted", {"signed": f"turn {number}"})
    return ModelResponse(f"thinking {number}", StopReason.TOOL_USE, usage(cost), tool_uses=uses, native=native)


@dataclass
class Model:
    """Says the turn that the conversation has come to, so that asking again gets the same. What fails does so once."""

    turns: Sequence[Turn]
    hook: Hook = nothing
    cost: int | None = 5
    requests: list[ModelRequest] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)

    def __call__(self, request: ModelRequest, key: str) -> ModelResponse:
        self.requests.append(request)
        self.keys.append(key)
        place = sum(message.role is Role.ASSISTANT for message in request.messages)
        turns = [turn for number, turn in enumerate(self.turns) if number not in self.failed]
        turn = turns[min(place, len(turns) - 1)]
        if isinstance(turn, ModelFailure):
            self.failed.add(self.turns.index(turn))
        response = spoken(turn, place, cost=self.cost)
        self.hook(f"after {key}")
        return response


@dataclass
class Kept:
    """A checkpoint, kept as JSON text; conditional as the store is."""

    hook: Hook = nothing
    text: str | None = None
    revision: int = 0

    def load(self) -> Transcript | None:
        return None if self.text is None else Transcript.from_json(json.loads(self.text))

    def save(self, transcript: Transcript) -> None:
        self.hook("before a save")
        if transcript.revision != self.revision + 1:
            raise StaleAttempt("another attempt has gone on")
        self.text = json.dumps(transcript.to_json())
        self.revision = transcript.revision
        self.hook("after a save")


@dataclass
class Box:
    """Tools that count: an effect happens once under its key, as behind an idempotency key."""

    hook: Hook = nothing
    answers: Mapping[str, Any] = field(default_factory=dict)  # a value, an exception to raise, or a function of the call
    effects: dict[str, ToolUse] = field(default_factory=dict)
    runs: list[tuple[str, ToolUse]] = field(default_factory=list)
    shares: dict[str, int | None] = field(default_factory=dict)  # what each call was allowed to cost

    def run(self, use: ToolUse, *, key: str, most_cost: int | None) -> Json:
        self.shares[key] = most_cost
        self.hook(f"before {key}")
        self.runs.append((key, use))
        assert self.effects.setdefault(key, use) == use
        self.hook(f"after {key}")
        answer = self.answers.get(use.name, {"done": use.name})
        if isinstance(answer, BaseException):
            raise answer
        result: Json = answer(use) if callable(answer) else answer
        return result

    @property
    def names(self) -> list[str]:
        return [use.name for _, use in self.runs]


@dataclass
class Decided:
    """Verdicts by the call's number, or by (number, reason)."""

    verdicts: dict[Any, Verdict] = field(default_factory=dict)
    asked: list[PendingCall] = field(default_factory=list)

    def find(self, call: PendingCall) -> Verdict | None:
        self.asked.append(call)
        return self.verdicts.get((call.number, call.reason), self.verdicts.get(call.number))


def tool(name: str, policy: str = "allow", *, rules: Sequence[tuple[str, str]] = (), **changes: Any) -> AgentTool:
    made = ToolPolicy(policy, tuple(Rule(condition, then) for condition, then in rules))  # type: ignore[arg-type]
    return AgentTool(**{"name": name, "description": f"Does {name}.", "arguments": ANY, "policy": made, "effect": "external", **changes})


@dataclass
class Desk:
    """One agent with all that stands behind it; `enter` runs it once."""

    task: AgentTask
    model: Model
    kept: Kept = field(default_factory=Kept)
    box: Box = field(default_factory=Box)
    decided: Decided = field(default_factory=Decided)
    seconds: Callable[[], float] = lambda: 900.0
    spent: list[Usage] = field(default_factory=list)

    def enter(self) -> Outcome:
        return self.enter_taking(None)

    def enter_taking(self, beside: Usage | None) -> Outcome:
        """Enters; each call costs as much beside."""
        return run_agent(
            self.task,
            ask=self.model,
            toolbox=self.box,
            checkpoint=self.kept,
            verdicts=self.decided,
            seconds_left=self.seconds,
            on_usage=self.spent.append,
            took=lambda _key: beside,
        )

    def told(self, request: int = -1) -> list[ToolResult]:
        """The tool results of a request's last turn."""
        return [part for part in self.model.requests[request].messages[-1].parts if isinstance(part, ToolResult)]


def desk(turns: Sequence[Turn], *tools: AgentTool, answers: Mapping[str, Any] | None = None, cost: int | None = 5, **task: Any) -> Desk:
    made = AgentTask(**{"prompt": "Do it.", "tools": tools, **task})
    return Desk(made, Model(turns, cost=cost), box=Box(answers=answers or {}))
