"""What an agent node says beyond its prompt: which tools it may use, and under which rules; whom it asks; what is attached; what is kept of answers.

In: nothing. Out: frozen models, and what they mean by default. A tool is `allow`ed, has to be asked for, or is denied; whatever the model says, the
worker checks it in code.
"""

from typing import Final, Literal

from pydantic import Field

from chalicelib.spec.deciders import Deciders
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import JsonObject, SpecModel
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES

TOOL_NAME_PATTERN: Final = r"^[a-zA-Z][a-zA-Z0-9_-]{0,63}$"
MAX_ASKING_SECONDS: Final = 31_536_000
DEFAULT_ASKING_SECONDS: Final = 86_400
Policy = Literal["allow", "ask", "deny"]
AgentKind = Literal["preset", "workflow", "a2a"]
AGENT_KINDS: Final = ("preset", "workflow", "a2a")
_HARMLESS: Final = (Effect.NONE, Effect.NOTIFY)


def agent_named(text: str) -> tuple[str, str]:
    """(kind, name) of an agent as nodes and grants name it: `researcher`, `workflow:book-hotel`, `a2a:clerk`. The kind may be none that there is."""
    kind, colon, name = text.partition(":")
    return (kind, name) if colon else ("preset", text)


class PolicyRule(SpecModel):
    """`if` is JSONata over the arguments of a call (`amount > 100`); the first rule that holds decides."""

    condition: str = Field(alias="if", max_length=2000)
    policy: Policy


class ToolGrant(SpecModel):
    """One tool that an agent may use: a tool, a published workflow, another agent, or all tools of an MCP server.

    `with` fixes arguments, which the model neither sees nor sets. Without a `policy`, what has no effect on the world is allowed, all else is asked.
    `tools` are names of the node's other tools that an agent may use on a task that it is handed; without it, those that the agent usually has.
    """

    tool: str | None = None
    workflow: str | None = None
    agent: str | None = None
    mcp: str | None = None
    name: str | None = Field(default=None, pattern=TOOL_NAME_PATTERN)
    description: str | None = Field(default=None, max_length=1000)
    arguments: JsonObject = Field(default_factory=dict, alias="with")
    policy: Policy | None = None
    rules: list[PolicyRule] = Field(default_factory=list, max_length=20)
    tools: list[str] | None = Field(default=None, max_length=64)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which of the four it names; a sound grant names one."""
        return tuple(kind for kind in ("tool", "workflow", "agent", "mcp") if getattr(self, kind) is not None)

    @property
    def called(self) -> str:
        """The name under which the model calls it; an MCP server's tools have theirs behind it."""
        return self.name or (self.tool or self.workflow or agent_named(self.agent or "")[1] or self.mcp or "").replace(".", "_")[:64]

    @property
    def external(self) -> str | None:
        """The external agent that it hands tasks to."""
        kind, name = agent_named(self.agent or "")
        return name if kind == "a2a" else None

    @property
    def colleague(self) -> str | None:
        """The agent of our own that it hands tasks to: a conversation within the node."""
        kind, name = agent_named(self.agent or "")
        return name if kind == "preset" and self.agent is not None else None

    @property
    def plain(self) -> "ToolGrant":
        """An agent that is a published workflow is granted as that workflow, a preset by its bare name."""
        kind, name = agent_named(self.agent or "")
        match kind:
            case "workflow":
                return self.model_copy(update={"agent": None, "workflow": name, "name": self.called})
            case "preset" if self.agent is not None:
                return self.model_copy(update={"agent": name})
            case _:
                return self

    @property
    def effect(self) -> Effect:
        """What calling it does to the world. Of workflows and of servers elsewhere nothing is known, so the worst is taken."""
        if self.tool is not None:
            signature = TOOL_SIGNATURES.get(self.tool)
            return signature.effect if signature else Effect.EXTERNAL
        return Effect.NONE if self.agent is not None and self.external is None else Effect.EXTERNAL

    @property
    def usual_policy(self) -> Policy:
        """What holds where no rule does."""
        return self.policy or ("allow" if self.effect in _HARMLESS else "ask")

    @property
    def policies(self) -> frozenset[Policy]:
        """All that a call of it may come to."""
        return frozenset({self.usual_policy, *(rule.policy for rule in self.rules)})


class Skill(SpecModel):
    """Whoever can do this; of one kind of agents, where it is said."""

    skill: str = Field(min_length=1, max_length=200)
    kind: AgentKind | None = None


class Asking(SpecModel):
    """Whom an agent asks before a call that has to be asked for, where, and how long. Silence never approves."""

    who: Deciders = Field(default_factory=Deciders)
    channels: list[str] = Field(default_factory=list)
    timeout_seconds: int = Field(default=DEFAULT_ASKING_SECONDS, ge=1, le=MAX_ASKING_SECONDS)


class Delegation(SpecModel):
    """How far a task may be handed on, and what one may cost, in micro-dollars, with all that comes of it. At a depth of 1, agents that are handed a
    task hand nothing on; at 2, theirs do not, and so on."""

    max_depth: int = Field(default=1, ge=1, le=5)
    max_cost: int | None = Field(default=None, ge=1)


class Attach(SpecModel):
    """An image or a document; each field is a binding. `data` is base64."""

    media_type: str
    data: str
    name: str = ""


class Caching(SpecModel):
    """How long a model's answer to exactly the same request is taken again."""

    ttl_seconds: int = Field(ge=1, le=2_592_000)


class Budget(SpecModel):
    """What a run's model calls may cost, in micro-dollars, and what happens at the limit. `unpriced`: whether models without a price may be asked."""

    micro_dollars: int = Field(ge=1, le=1_000_000_000_000)
    at_limit: Literal["fail", "ask"] = "fail"
    unpriced: Literal["refuse", "allow"] = "refuse"

    @property
    def asks(self) -> bool:
        return self.at_limit == "ask"
