"""The tools of an agent node: what the model is told of them, and how an allowed call is carried out.

In: the work, the node's grants and the values that their fixed arguments read. Out: the offered tools, and `run`. Fixed arguments are taken out of
what the model sees and put over whatever it says. An agent that is handed a task has tools of its own, `inside` those of the node: never one that the
node was not granted, each under the node's policy and fixed arguments.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from chalicelib.agents.policy import Rule, ToolPolicy
from chalicelib.agents.task import AgentTool
from chalicelib.providers.model import ToolUse
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.spec.tool_descriptions import TOOL_DESCRIPTIONS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.store import transcripts, workflows
from chalicelib.store.run_records import NodeAttempt
from chalicelib.tools.failures import ToolChanged, ToolUnknown
from chalicelib.tools.mcp import DiscoveredTool, call_pinned
from chalicelib.workers.conversation import is_changing
from chalicelib.workers.models import Models
from chalicelib.workers.pinned_tools import FIRST_LISTED, Pins, approved, pins
from chalicelib.workers.tool import carried_out, offered_by, with_secrets
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work

MAX_NAME: Final = 64  # what all vendors take
_MARK: Final = 8  # characters of a digest
_FIRST_READ: Final = "first-read"
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_CHANGED: Final = "Its server has changed this tool since this conversation began. A call needs a person's word, or is refused."
_TASK: Final[JsonObject] = {
    "type": "object",
    "properties": {"task": {"type": "string", "description": "what to do, with all that is needed to do it"}},
    "required": ["task"],
}

_STATUS: Final = "_status"
_LATER: Final = "Where its `state` is not final, ask {} with the `task_id` later."
_SAYING: Final[JsonObject] = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "what to do, with all that is needed to do it"}, "task_id": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
_TASK_ID: Final[JsonObject] = {
    "type": "object",
    "properties": {"task_id": {"type": "string"}},
    "required": ["task_id"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Granted:
    """One offered tool and the grant that it comes from; `remote` is its name at an MCP server, or the tool by which an external agent is asked;
    `listed` is what its MCP server says of it."""

    offered: AgentTool
    grant: ToolGrant
    remote: str = ""
    listed: DiscoveredTool | None = None


@dataclass(frozen=True)
class NodeTools:
    """The tools of one conversation. `agents` are those that the task was handed to on the way here, none for the node's own; `part` is the key of
    that conversation, empty for the node's own. `anew`: servers are asked for their tools now, whatever was heard of them before."""

    work: Work
    node: AgentCall
    values: Mapping[str, Json]
    agents: tuple[str, ...] = ()
    part: str = ""
    anew: bool = False
    granted: Mapping[str, Granted] = field(init=False)
    pins: Pins = field(init=False)

    def __post_init__(self) -> None:
        found = [granted for grant in self.grants for granted in self._granted(grant)]
        listed = [granted.listed for granted in found if granted.listed is not None]
        object.__setattr__(self, "pins", pins(self.work, listed, part=self.key(FIRST_LISTED)))
        object.__setattr__(self, "granted", _told_apart(map(self._as_first_listed, found)))

    @property
    def grants(self) -> tuple[ToolGrant, ...]:
        """Of the node's grants those that count here."""
        mine = self.mine
        return self.node.grants if mine is None else tuple(grant for grant in self.node.grants if self._has(mine, grant))

    @property
    def mine(self) -> ToolGrant | None:
        """The grant of the agent whose conversation this is; None for the node's own."""
        return next((grant for grant in self.node.grants if grant.called in self.agents[-1:]), None)

    @property
    def agent(self) -> str:
        """Who holds this conversation, by the directory's name; empty for the node's own."""
        return "" if self.mine is None else self.mine.colleague or ""

    def _has(self, mine: ToolGrant, grant: ToolGrant) -> bool:
        """Whether an agent may use a grant of the node: one that the node passes on, else one that the agent usually has. A task never goes back to
        one that it comes from, nor further than the node says."""
        if grant.colleague is not None and (grant.called in self.agents or len(self.agents) >= self.node.delegation.max_depth):
            return False
        if mine.tools is not None:
            return grant.called in mine.tools
        return grant.colleague is not None or grant.tool in Models(self.work, self.node, agent=mine.colleague or "").usual_tools

    @property
    def offered(self) -> tuple[AgentTool, ...]:
        return tuple(granted.offered for granted in self.granted.values())

    def key(self, call: str) -> str:
        """A call's key in the whole node, of its key in the conversation."""
        return f"{self.part}/{call}" if self.part else call

    def inside(self, name: str, call: str) -> "NodeTools | None":
        """The tools of the agent that a call of that name hands its task to; None where it is no such call."""
        granted = self.granted.get(name)
        if granted is None or granted.grant.colleague is None:
            return None
        return NodeTools(self.work, self.node, self.values, agents=(*self.agents, granted.grant.called), part=self.key(call), anew=self.anew)

    def run(self, use: ToolUse, *, key: str) -> Json:
        """Carry out one allowed call of a tool. Raises a ToolFailure."""
        granted = self.granted.get(use.name)
        if granted is None:
            raise ToolUnknown(f"there is no tool {use.name}")
        grant, effect_key = granted.grant, f"{self.work.effect_key}/{self.key(key)}"
        if grant.external is not None:
            asked: JsonObject = {"agent": grant.external, **use.arguments}
            return carried_out(self.work, granted.remote, {}, asked, effect_key=effect_key)
        if grant.mcp is not None:
            return self._call_server(granted, use, key, effect_key)
        arguments = {**use.arguments, **self.fixed(grant)}
        return carried_out(self.work, grant.tool or "", grant.arguments, arguments, effect_key=effect_key)

    def _call_server(self, granted: Granted, use: ToolUse, key: str, effect_key: str) -> Json:
        """If its tool still is what people approved, or else what it was when the conversation began."""
        assert granted.listed is not None
        digest = approved(of_call(self, int(key.rpartition("-")[2])))
        if digest is None and self.pins.has_changed(granted.listed):
            raise ToolChanged(f"{use.name} is not what it was when this conversation began; it was not called, and cannot be in this conversation")
        call: JsonObject = {"server": granted.grant.mcp, "tool": granted.remote, "arguments": use.arguments}
        judged = partial(call_pinned, digest or granted.listed.digest)
        return with_secrets(self.work, {}, call, judged, effect_key=effect_key)

    def _as_first_listed(self, granted: Granted) -> Granted:
        """A tool whose server has come to say something else of it: none of that reaches the model."""
        if granted.listed is None or not self.pins.has_changed(granted.listed):
            return granted
        return replace(granted, offered=replace(granted.offered, description=_CHANGED, arguments={"type": "object"}))

    def _granted(self, grant: ToolGrant) -> Iterator[Granted]:
        if grant.external is not None:
            yield from _external(grant)
            return
        if grant.mcp is None:
            description, schema = self._told(grant)
            yield Granted(_offer(grant, grant.called, description, without(schema, frozenset(grant.arguments)), self.fixed(grant)), grant)
            return
        for tool in offered_by(self.work, grant.mcp, anew=self.anew):
            yield Granted(_offer(grant, _remote_name(grant.called, tool.name), tool.description, tool.input_schema, {}), grant, tool.name, tool)

    def _told(self, grant: ToolGrant) -> tuple[str, JsonObject]:
        """What the model is told of a tool: a description and the schema of its arguments."""
        if grant.tool is not None:
            return TOOL_DESCRIPTIONS[grant.tool], TOOL_SIGNATURES[grant.tool].arguments
        if grant.workflow is not None:
            return f"Runs the workflow {grant.workflow} and gives its output.", workflow_input(self.work, grant.workflow)
        Models(self.work, self.node, agent=grant.colleague or "")  # raises AgentUnknown: an author's slip is no matter for the model
        return f"Hands a task to the agent {grant.colleague}, who knows nothing but what it is told.", _TASK

    def fixed(self, grant: ToolGrant) -> JsonObject:
        """The arguments that the author has set."""
        return rendered_members(grant.arguments, self.values)


def of_call(tools: NodeTools, number: int) -> NodeAttempt:
    """The attempt in the name of one of a conversation's calls."""
    within = tools.part.replace("call-", "").replace("/", ".")
    return tools.work.attempt.model_copy(update={"call": f"{within}.{number}" if within else number})


def _offer(grant: ToolGrant, name: str, description: str, schema: JsonObject, fixed: JsonObject) -> AgentTool:
    return AgentTool(
        name=name,
        description=grant.description or description,
        arguments=schema,
        policy=ToolPolicy(grant.usual_policy, tuple(Rule(rule.condition, rule.policy) for rule in grant.rules)),
        effect=grant.effect.value,
        suspends=grant.workflow is not None,
        hands_on=grant.colleague is not None,
        fixed=fixed,
    )


def _external(grant: ToolGrant) -> Iterator[Granted]:
    """An external agent is handed a task, which may outlast the call: then it is asked for. What its card says stays out of what the model is
    told."""
    status = f"{grant.called[: MAX_NAME - len(_STATUS)]}{_STATUS}"
    yield Granted(
        _offer(grant, grant.called, f"Hands a task to the external agent {grant.external}. {_LATER.format(status)}", _SAYING, {}), grant, "a2a.send"
    )
    offer = _offer(grant, status, f"How a task of {grant.called} stands, and what came of it.", _TASK_ID, {})
    asking = ToolPolicy("deny" if grant.policies == {"deny"} else "allow", ())
    yield Granted(replace(offer, policy=asking, effect=Effect.NONE.value), grant, "a2a.get")


def _remote_name(called: str, remote: str) -> str:
    """What the model calls a server's tool. Where the name has to be changed, a digest keeps it apart from others that would come out alike."""
    name = f"{called}_{_UNFIT.sub('_', remote)}"
    if name == f"{called}_{remote}" and len(name) <= MAX_NAME:
        return name
    mark = hashlib.sha256(remote.encode()).hexdigest()[:_MARK]
    return f"{name[: MAX_NAME - _MARK - 1]}_{mark}"


def _told_apart(found: Iterable[Granted]) -> dict[str, Granted]:
    """By name. A server says how its tools are called: none of them takes the place of a tool that the author named, or of another server's."""
    mine: dict[str, Granted] = {}
    theirs: dict[str, dict[tuple[str, str], Granted]] = {}
    for granted in found:
        if granted.grant.mcp is None and not granted.remote:
            mine[granted.offered.name] = granted
        else:
            theirs.setdefault(granted.offered.name, {})[granted.grant.mcp or granted.grant.external or "", granted.remote] = granted
    clear = {name: next(iter(alike.values())) for name, alike in theirs.items() if len(alike) == 1}
    return {**clear, **mine}


def steady(work: Work, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """The machine reads values anew at each entry: those that come out otherwise each time stay as they first were, so that what people approve is
    what runs. Raises StaleAttempt where another attempt was first.
    """
    changing: JsonObject = {text: value for text, value in values.items() if is_changing(text)}
    if not changing:
        return values
    found = transcripts.find(work.attempt, _FIRST_READ) or transcripts.enter(work.attempt, _FIRST_READ)
    if found is None:
        transcripts.save(work.attempt, changing, revision=1, part=_FIRST_READ)
    return {**values, **(changing if found is None else found.body)}


def workflow_input(work: Work, name: str) -> JsonObject:
    """The input schema of the workflow's version that was fixed at publishing."""
    version = workflows.get_version(work.payload.organisation_id, work.payload.version_id)
    pinned = version.children.get(name)
    if pinned is None:
        raise ToolUnknown(f"the workflow {name} was not published when this one was")
    schema = workflows.get_version(work.payload.organisation_id, pinned.version_id).spec.get("input")
    return schema if isinstance(schema, dict) else {"type": "object"}


def without(schema: JsonObject, fixed: frozenset[str]) -> JsonObject:
    """The schema of an object without the members that are fixed."""
    properties, required = schema.get("properties"), schema.get("required")
    if not fixed or not isinstance(properties, dict):
        return schema
    left: JsonObject = {name: member for name, member in properties.items() if name not in fixed}
    needed: list[Json] = [name for name in required if name not in fixed] if isinstance(required, list) else []
    return {**schema, "properties": left, "required": needed}
