"""The node types of the workflow language: a discriminated union on `type`.

In: nothing. Out: one frozen model per node type, and `Node`, their union. Bindings (`$ref`, `{{ }}`, `{% %}`) are kept as authored text;
`spec.bindings` reads them. Rules that need more than one field of one node are checks of `spec.load` or `compiler.checks`, not validators here.
"""

from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.spec.agent_parts import Asking, Attach, Budget, Caching, Delegation, Skill, ToolGrant
from chalicelib.spec.deciders import Deciders
from chalicelib.spec.edges import EdgeSpec
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject, SpecModel
from chalicelib.spec.native_tools import NATIVE_SIGNATURES

NODE_ID_PATTERN = r"^[a-z][a-z0-9_]{0,47}$"
MAX_TIMEOUT_SECONDS = 31_536_000  # a Step Functions execution lives one year at most
MOST_WOKEN = 50  # how often word from an agent may end a wait for its task: an execution's history is finite
_RARER = 10
_RAREST_SECONDS = 3_600


class Retry(SpecModel):
    """Retries of a node's worker: `max_attempts` counts all tries, the first included (ASL's MaxAttempts is one less)."""

    max_attempts: int = Field(default=3, ge=1, le=100)
    interval_seconds: int = Field(default=1, ge=1, le=86_400)
    backoff_rate: float | int = Field(default=2, ge=1, le=100)
    max_delay_seconds: int | None = Field(default=None, ge=1, le=31_622_400)
    jitter: Literal["none", "full"] = "full"


class Goto(SpecModel):
    """`on_error: {goto: n}` stands for an edge `when: error` to `n`."""

    goto: str


class Repeat(SpecModel):
    """A bounded loop of one node: again until the expression holds, `max_times` visits at most."""

    until: str
    max_times: int = Field(ge=1, le=100)


class NodeCore(SpecModel):
    """What every node type has."""

    title: str | None = Field(default=None, max_length=200)
    after: list[str] = Field(default_factory=list)
    activate: Literal["any", "all"] = "any"
    on_error: Literal["fail", "continue"] | Goto = "fail"
    expected_seconds: float | int | None = Field(default=None, ge=0)


class WorkerNode(NodeCore):
    """What the types have that a Task state serves."""

    retry: Retry | None = None
    timeout_seconds: int | None = Field(default=None, ge=1, le=MAX_TIMEOUT_SECONDS)
    effect: Effect | None = Field(default=None, strict=False)
    repeat: Repeat | None = None


class AgentCall(WorkerNode):
    """A model call; with `tools` an agent, which calls them until it can answer. Out: an object of `output` (a JSON Schema), else `{text}`."""

    type: Literal["agent_call"]
    agent: str | Skill | None = None
    model: str | None = None  # the agent's own, else `default`
    system: str | None = None
    prompt: str
    attach: list[Attach] = Field(default_factory=list, max_length=20)
    output: JsonObject | None = None
    max_output_tokens: int | None = Field(default=None, ge=1, le=128_000)
    tools: list[str | ToolGrant] = Field(default_factory=list, max_length=64)
    ask: Asking = Field(default_factory=Asking)
    max_turns: int = Field(default=12, ge=1, le=100)
    max_cost: int | None = Field(default=None, ge=1)  # micro-dollars, of one visit
    delegation: Delegation = Field(default_factory=Delegation)
    thinking: Literal["low", "medium", "high"] | None = None
    cache: Caching | None = None
    buffer: bool = False  # watchers see the answer once it is whole, so that another model may still give it

    @property
    def grants(self) -> tuple[ToolGrant, ...]:
        """The tools that it may use; a bare name stands for a grant without more."""
        return tuple(ToolGrant(tool=grant) if isinstance(grant, str) else grant.plain for grant in self.tools)

    def is_entered_again(self, budget: Budget | None) -> bool:
        """Whether its work may take several invocations: with tools it may run for longer than one may last, and at the run's budget it may ask."""
        return bool(self.tools) or (budget is not None and budget.asks)

    def may_wait(self, budget: Budget | None) -> bool:
        """Whether it may wait in the middle of its work: for a person's word on a call or a budget, or for a workflow that it called."""
        asked = any("ask" in grant.policies or (grant.workflow is not None and grant.policies != {"deny"}) for grant in self.grants)
        return asked or (budget is not None and budget.asks)


class Polling(SpecModel):
    """Asking again until something elsewhere has ended. The longer it has lasted, the longer the pauses: a hundredth of the time so far, where that
    is more than `poll_seconds`. So a whole year is about a thousand askings, which an execution's history holds."""

    poll_seconds: int = Field(default=30, ge=1, le=86_400)
    timeout_seconds: int = Field(default=86_400, ge=1, le=MAX_TIMEOUT_SECONDS)

    def pause(self, waited: float) -> int:
        """The seconds until the next asking, after so many."""
        return max(1, ceil(min(max(self.poll_seconds, waited / 100), self.timeout_seconds - waited)))

    def long_pause(self, waited: float) -> int:
        """Likewise, where the agent tells of changes: ten times as long, up to an hour or the usual pause, in case that its word is lost."""
        usual = self.pause(waited)
        return max(1, min(max(usual, min(_RARER * usual, _RAREST_SECONDS)), ceil(self.timeout_seconds - waited)))

    @property
    def most_polls(self) -> int:
        """How often it is asked at most."""
        count, waited = 0, 0
        while waited < self.timeout_seconds:
            count, waited = count + 1, waited + self.pause(waited)
        return count


class ToolCall(WorkerNode):
    """A tool call. Out: what the tool declares. The keys of `with` are the tool's arguments; each value is a binding.

    `wait`: the end of a task of an agent elsewhere is waited for."""

    type: Literal["tool_call"]
    tool: str
    arguments: JsonObject = Field(default_factory=dict, alias="with")
    wait: Polling | None = None

    def is_entered_again(self, budget: Budget | None) -> bool:  # noqa: ARG002  (as an agent is asked)
        """Whether its work may take several invocations."""
        return self.wait is not None

    @property
    def is_native(self) -> bool:
        """Whether the engine calls the tool itself, without a worker."""
        return self.tool in NATIVE_SIGNATURES


class Choice(SpecModel):
    """One answer that a gate offers. `approves` defaults to true except for reject, decline, deny, no and cancel."""

    choice: str
    title: str | None = None
    approves: bool | None = None


class HumanGate(WorkerNode):
    """A node that waits for people. Out: `{choice, reason, form, by, at, channel}`. Outcomes: its choices, and `timed_out`."""

    type: Literal["human_gate"]
    ask: str
    details: Json = None  # bindings shown below the question
    choices: list[str | Choice] = Field(default=["approve", "reject"], min_length=1, max_length=10)
    who: Deciders = Field(default_factory=Deciders)
    channels: list[str] = Field(default_factory=list)
    form: JsonObject | None = None  # JSON Schema of what the decider fills in
    reason: Literal["none", "optional", "required"] = "optional"
    on_timeout: str | None = None  # a choice to take instead of the outcome `timed_out`, or `fail`


class Condition(NodeCore):
    """A native Choice. Either `if` (outcomes `true`, `false`) or `cases` with `else` (outcomes: its labels). Out: the outcome label."""

    type: Literal["condition"]
    test: str | None = Field(default=None, alias="if")
    cases: dict[str, str] | None = None
    otherwise: str | None = Field(default=None, alias="else")  # label of the outcome when no case holds; default `else`


class Parallel(NodeCore):
    """An explicit fan-out point. Out: `{}`."""

    type: Literal["parallel"]


class AtLeast(SpecModel):
    at_least: int = Field(ge=1)


class Join(NodeCore):
    """Runs when its requirement on the active incoming edges holds. Out: `{active: [ids]}`."""

    type: Literal["join"]
    require: Literal["all", "any"] | AtLeast = "any"


class Map(NodeCore):
    """Its block of nodes once per item of `over`. Out: the array of `output`. `mode` defaults to distributed above 40 items or concurrent items."""

    type: Literal["map"]
    over: str | list[Json]
    as_: str = Field(default="item", alias="as", pattern=NODE_ID_PATTERN)
    max_items: int | None = Field(default=None, ge=1, le=10_000)
    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    mode: Literal["inline", "distributed"] | None = None
    nodes: "dict[str, Node]"
    edges: list[EdgeSpec] = Field(default_factory=list)
    output: Json = None
    effect: Effect | None = Field(default=None, strict=False)


class SubWorkflow(WorkerNode):
    """Starts another workflow and waits for its end. Out: the child's output. `version` is pinned at publish when absent."""

    type: Literal["workflow"]
    workflow: str
    version: int | None = Field(default=None, ge=1)
    arguments: JsonObject = Field(default_factory=dict, alias="with")


class Wait(NodeCore):
    """A native Wait: `seconds` (a number or an expression) or `until` (a timestamp or an expression). Out: `{until}`."""

    type: Literal["wait"]
    seconds: int | str | None = None
    until: str | None = None


class Transform(NodeCore):
    """A value computed by the engine. Out: its value."""

    type: Literal["transform"]
    value: Json


class Message(WorkerNode):
    """Text to people on channels. Out: `{message_id, reply}`; `reply` is null unless `wait_for_reply`."""

    type: Literal["message"]
    to: str | None = None
    text: str
    channels: list[str] = Field(default_factory=list)
    wait_for_reply: bool = False


Node = Annotated[
    AgentCall | ToolCall | HumanGate | Condition | Parallel | Join | Map | SubWorkflow | Wait | Transform | Message,
    Field(discriminator="type"),
]
Map.model_rebuild()

WORKER_TYPES = (AgentCall, ToolCall, HumanGate, SubWorkflow, Message)


def is_served(node: object) -> bool:
    """Whether a worker serves the node."""
    return isinstance(node, WORKER_TYPES) and not (isinstance(node, ToolCall) and node.is_native)
