"""The tools of an agent node: what the model is told of them, and how an allowed call is carried out.

In: the work, the node's grants and the values that their fixed arguments read. Out: the offered tools, and `run`. Fixed arguments are taken out of
what the model sees and put over whatever it says. A delegated agent is a conversation of its own within the call, without tools, kept under the
call's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chalicelib.agents.loop import Finished, run_agent
from chalicelib.agents.policy import Rule, ToolPolicy
from chalicelib.agents.task import AgentTask, AgentTool
from chalicelib.providers.model import ToolUse
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.spec.tool_descriptions import TOOL_DESCRIPTIONS
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.store import workflows
from chalicelib.tools.failures import ToolUnknown
from chalicelib.workers.models import Models
from chalicelib.workers.tool import carried_out
from chalicelib.workers.values import rendered_members
from chalicelib.workers.work import Work

DELEGATED_TURNS: Final = 2
_TASK: Final[JsonObject] = {
    "type": "object",
    "properties": {"task": {"type": "string", "description": "what to do, with all that is needed to do it"}},
    "required": ["task"],
}


@dataclass(frozen=True)
class NodeTools:
    """The toolbox of one entry."""

    work: Work
    node: AgentCall
    values: Mapping[str, Json]
    offered: tuple[AgentTool, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "offered", tuple(self._offer(grant) for grant in self.node.grants))

    def run(self, use: ToolUse, *, key: str) -> Json:
        """Carry out one allowed call. Raises a ToolFailure, or what a model call raises."""
        grant = next((each for each in self.node.grants if each.called == use.name), None)
        if grant is None:
            raise ToolUnknown(f"there is no tool {use.name}")
        if grant.agent is not None:
            return self._delegate(grant.agent, str(use.arguments["task"]), key)
        arguments = {**use.arguments, **self.fixed(grant)}
        return carried_out(self.work, grant.tool or "", grant.arguments, arguments, effect_key=f"{self.work.effect_key}/{key}")

    def _offer(self, grant: ToolGrant) -> AgentTool:
        rules = tuple(Rule(rule.condition, rule.policy) for rule in grant.rules)
        description, schema = self._told(grant)
        return AgentTool(
            name=grant.called,
            description=grant.description or description,
            arguments=without(schema, frozenset(grant.arguments)),
            policy=ToolPolicy(grant.usual_policy, rules),
            effect=grant.effect.value,
            suspends=grant.workflow is not None,
        )

    def _told(self, grant: ToolGrant) -> tuple[str, JsonObject]:
        """What the model is told of a tool: a description and the schema of its arguments."""
        if grant.tool is not None:
            return TOOL_DESCRIPTIONS[grant.tool], TOOL_SIGNATURES[grant.tool].arguments
        if grant.workflow is not None:
            return f"Runs the workflow {grant.workflow} and gives its output.", workflow_input(self.work, grant.workflow)
        return f"Hands a task to the agent {grant.agent}, who knows nothing but what it is told.", _TASK

    def fixed(self, grant: ToolGrant) -> JsonObject:
        """The arguments that the author has set."""
        return rendered_members(grant.arguments, self.values)

    def _delegate(self, agent: str, task: str, key: str) -> Json:
        """Another agent's answer."""
        from chalicelib.workers.agent_work import KeptConversation  # it enters conversations by way of this module

        models = Models(self.work, self.node, agent=agent, part=key)
        outcome = run_agent(
            AgentTask(prompt=task, system=models.system(None), max_turns=DELEGATED_TURNS, max_cost=self.node.max_cost, cache_prompt=True),
            ask=models.ask,
            toolbox=self,
            checkpoint=KeptConversation(self.work.attempt, key),
            verdicts=_Nobody(),
            seconds_left=self.work.seconds_left,
            margin_seconds=0,
        )
        return outcome.value if isinstance(outcome, Finished) else None


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
