"""The tools of an agent node: what the model is told of them, and how an allowed call is carried out.

In: the work, the node's grants and the values that their fixed arguments read. Out: the offered tools, and `run`. Fixed arguments are taken out of
what the model sees and put over whatever it says. A delegated agent is a conversation of its own within the call, without tools, kept under the
call's key.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from chalicelib.agents.failures import AgentCostExceeded
from chalicelib.agents.loop import Finished, run_agent
from chalicelib.agents.policy import Rule, ToolPolicy
from chalicelib.agents.task import AgentTask, AgentTool
from chalicelib.agents.transcript import Transcript
from chalicelib.providers.model import ToolUse, Usage
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.spec.tool_descriptions import TOOL_DESCRIPTIONS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.store import transcripts, workflows
from chalicelib.store.run_records import NodeAttempt
from chalicelib.tools.failures import ToolChanged, ToolUnknown
from chalicelib.tools.mcp import DiscoveredTool, call_pinned
from chalicelib.workers.models import Models
from chalicelib.workers.pinned_tools import Pins, approved, pins
from chalicelib.workers.tool import carried_out, offered_by, with_secrets
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work

DELEGATED_TURNS: Final = 2
MAX_NAME: Final = 64  # what all vendors take
_MARK: Final = 8  # characters of a digest
_CHANGING: Final = re.compile(r"\$(now|millis|random|uuid)\b")
_FIRST_READ: Final = "first-read"
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_CHANGED: Final = "Its server has changed this tool since this conversation began. A call needs a person's word, or is refused."
_TASK: Final[JsonObject] = {
    "type": "object",
    "properties": {"task": {"type": "string", "description": "what to do, with all that is needed to do it"}},
    "required": ["task"],
}


@dataclass(frozen=True, slots=True)
class Granted:
    """One offered tool and the grant that it comes from; `listed` is what its MCP server says of it."""

    offered: AgentTool
    grant: ToolGrant
    listed: DiscoveredTool | None = None

    @property
    def remote(self) -> str:
        """The tool's name at its server."""
        return "" if self.listed is None else self.listed.name


@dataclass(frozen=True)
class NodeTools:
    """The toolbox of one entry. `anew`: servers are asked for their tools now, whatever was heard of them before."""

    work: Work
    node: AgentCall
    values: Mapping[str, Json]
    anew: bool = False
    granted: Mapping[str, Granted] = field(init=False)
    pins: Pins = field(init=False)
    delegated: set[str] = field(init=False, default_factory=set)  # keys of calls that were handed to other agents

    def __post_init__(self) -> None:
        found = [granted for grant in self.node.grants for granted in self._granted(grant)]
        object.__setattr__(self, "pins", pins(self.work, [granted.listed for granted in found if granted.listed is not None]))
        object.__setattr__(self, "granted", _told_apart(map(self._as_first_listed, found)))

    @property
    def offered(self) -> tuple[AgentTool, ...]:
        return tuple(granted.offered for granted in self.granted.values())

    def run(self, use: ToolUse, *, key: str) -> Json:
        """Carry out one allowed call. Raises a ToolFailure, or what a model call raises."""
        granted = self.granted.get(use.name)
        if granted is None:
            raise ToolUnknown(f"there is no tool {use.name}")
        grant, effect_key = granted.grant, f"{self.work.effect_key}/{key}"
        if grant.agent is not None:
            return self._delegate(grant.agent, str(use.arguments["task"]), key)
        if grant.mcp is not None:
            return self._call_server(granted, use, key, effect_key)
        arguments = {**use.arguments, **self.fixed(grant)}
        return carried_out(self.work, grant.tool or "", grant.arguments, arguments, effect_key=effect_key)

    def _call_server(self, granted: Granted, use: ToolUse, key: str, effect_key: str) -> Json:
        """If its tool still is what people approved, or else what it was when the conversation began."""
        assert granted.listed is not None
        digest = approved(of_call(self.work, int(key.rpartition("-")[2])))
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
        if grant.mcp is None:
            description, schema = self._told(grant)
            yield Granted(_offer(grant, grant.called, description, without(schema, frozenset(grant.arguments)), self.fixed(grant)), grant)
            return
        for tool in offered_by(self.work, grant.mcp, anew=self.anew):
            yield Granted(_offer(grant, _remote_name(grant.called, tool.name), tool.description, tool.input_schema, {}), grant, tool)

    def _told(self, grant: ToolGrant) -> tuple[str, JsonObject]:
        """What the model is told of a tool: a description and the schema of its arguments."""
        if grant.tool is not None:
            return TOOL_DESCRIPTIONS[grant.tool], TOOL_SIGNATURES[grant.tool].arguments
        if grant.workflow is not None:
            return f"Runs the workflow {grant.workflow} and gives its output.", workflow_input(self.work, grant.workflow)
        Models(self.work, self.node, agent=grant.agent or "")  # raises AgentUnknown: an author's slip is no matter for the model
        return f"Hands a task to the agent {grant.agent}, who knows nothing but what it is told.", _TASK

    def fixed(self, grant: ToolGrant) -> JsonObject:
        """The arguments that the author has set."""
        return rendered_members(grant.arguments, self.values)

    def took(self, key: str) -> Usage | None:
        """What another agent spent on a call, however it ended."""
        found = transcripts.find(self.work.attempt, key) if key in self.delegated else None
        return None if found is None else Transcript.from_json(found.body).usage

    def _cost_left(self) -> int | None:
        """Of `max_cost`, for another agent. Raises AgentCostExceeded where it is spent, which the model is told."""
        most, spent = self.node.max_cost, self.work.spent[-1] if self.work.spent else None
        if most is None or spent is None:
            return most
        if spent.cost is None or spent.cost >= most:
            raise AgentCostExceeded("what this task may cost is spent, or cannot be counted", usage=None, turns=0)
        return most - spent.cost

    def _delegate(self, agent: str, task: str, key: str) -> Json:
        """Another agent's answer."""
        from chalicelib.workers.agent_work import KeptConversation  # it enters conversations by way of this module

        self.delegated.add(key)
        models = Models(self.work, self.node, agent=agent, part=key)
        outcome = run_agent(
            AgentTask(prompt=task, system=models.system(None), max_turns=DELEGATED_TURNS, max_cost=self._cost_left(), cache_prompt=True),
            ask=models.ask,
            toolbox=self,
            checkpoint=KeptConversation(self.work.attempt, key),
            verdicts=_Nobody(),
            seconds_left=self.work.seconds_left,
            margin_seconds=0,
        )
        return outcome.value if isinstance(outcome, Finished) else None


def of_call(work: Work, number: int) -> NodeAttempt:
    """The attempt in the name of one of its calls."""
    return work.attempt.model_copy(update={"call": number})


def _offer(grant: ToolGrant, name: str, description: str, schema: JsonObject, fixed: JsonObject) -> AgentTool:
    return AgentTool(
        name=name,
        description=grant.description or description,
        arguments=schema,
        policy=ToolPolicy(grant.usual_policy, tuple(Rule(rule.condition, rule.policy) for rule in grant.rules)),
        effect=grant.effect.value,
        suspends=grant.workflow is not None,
        fixed=fixed,
    )


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
    theirs: dict[str, dict[tuple[str | None, str], Granted]] = {}
    for granted in found:
        if granted.grant.mcp is None:
            mine[granted.offered.name] = granted
        else:
            theirs.setdefault(granted.offered.name, {})[granted.grant.mcp, granted.remote] = granted
    clear = {name: next(iter(alike.values())) for name, alike in theirs.items() if len(alike) == 1}
    return {**clear, **mine}


def steady(work: Work, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """The machine reads values anew at each entry: those that come out otherwise each time stay as they first were, so that what people approve is
    what runs. Raises StaleAttempt where another attempt was first.
    """
    changing: JsonObject = {text: value for text, value in values.items() if _CHANGING.search(text)}
    if not changing:
        return values
    found = transcripts.find(work.attempt, _FIRST_READ) or transcripts.enter(work.attempt, _FIRST_READ)
    if found is None:
        transcripts.save(work.attempt, changing, revision=1, part=_FIRST_READ)
    return {**values, **(changing if found is None else found.body)}


class _Nobody:
    """Without tools nothing waits."""

    def find(self, call: object) -> None:  # noqa: ARG002
        return None


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
