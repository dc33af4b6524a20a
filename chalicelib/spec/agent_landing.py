"""Where an agent node lands: with a model under a preset, with a published workflow, or with an external agent.

In: a spec, and the agents that were chosen for the nodes that ask by skill. Out: the spec in which each agent node is what it lands on: an
`AgentCall`, `CallsWorkflow` or `AsksAgent`. A name says by itself where it lands (`researcher`, `workflow:book-hotel`, `a2a:clerk`); a skill without
a choice stays as it is, with the presets. Never: a choice made here.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.spec.agent_parts import Budget, Skill, agent_named
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall, Map, Node, Polling
from chalicelib.spec.workflow import WorkflowSpec

# What only a model can be told; a workflow and an external agent are given the prompt alone.
MODEL_OPTIONS: Final = (
    "model",
    "system",
    "attach",
    "max_output_tokens",
    "tools",
    "ask",
    "max_turns",
    "max_cost",
    "thinking",
    "cache",
    "buffer",
)
POLL_SECONDS: Final = 5  # between askings how an external agent's task stands, at first


class CallsWorkflow(AgentCall):
    """An agent node that a run of a published workflow serves. The prompt is the one text that the workflow takes."""

    workflow: str

    @property
    def agent_named(self) -> str:
        """As a node names it."""
        return f"workflow:{self.workflow}"

    def is_entered_again(self, budget: Budget | None) -> bool:  # noqa: ARG002  (as an agent is asked)
        return False


class AsksAgent(AgentCall):
    """An agent node that an external agent serves. `wait`: its task may outlast an invocation; the node's time limit is that of the whole task. It
    may wait for the agent's word."""

    external: str
    wait: Polling

    @property
    def agent_named(self) -> str:
        """As a node names it."""
        return f"a2a:{self.external}"

    def is_entered_again(self, budget: Budget | None) -> bool:  # noqa: ARG002  (as an agent is asked)
        return True

    def may_wait(self, budget: Budget | None) -> bool:  # noqa: ARG002  (as an agent is asked)
        return True


def landed(spec: WorkflowSpec, chosen: Mapping[str, str]) -> WorkflowSpec:
    """`chosen`: agents by the ids of the nodes that ask by skill, as a node would name them."""
    return spec.model_copy(update={"nodes": _landed(spec.nodes, chosen)})


def model_options(node: AgentCall) -> tuple[str, ...]:
    """What the node says that means something to a model alone."""
    return tuple(option for option in MODEL_OPTIONS if option in node.model_fields_set)


def text_field(schema: JsonObject) -> str | None:
    """The only field that is required, or the only one there is, if it is a text."""
    properties, required = schema.get("properties"), schema.get("required")
    names = properties if isinstance(properties, dict) else {}
    wanted = [str(name) for name in required] if isinstance(required, list) and required else list(names)
    about = names.get(wanted[0]) if len(wanted) == 1 else None
    return wanted[0] if isinstance(about, dict) and about.get("type") == "string" else None


def _landed(nodes: Mapping[str, Node], chosen: Mapping[str, str]) -> dict[str, Node]:
    return {name: _node(name, node, chosen) for name, node in nodes.items()}


def _node(name: str, node: Node, chosen: Mapping[str, str]) -> Node:
    match node:
        case Map():
            return node.model_copy(update={"nodes": _landed(node.nodes, chosen)})
        case AgentCall(agent=Skill()) if name in chosen:
            return _agent(node, chosen[name])
        case AgentCall(agent=str(asked)):
            return _agent(node, asked)
        case _:
            return node


def _agent(node: AgentCall, asked: str) -> Node:
    kind, name = agent_named(asked)
    given = {field: getattr(node, field) for field in AgentCall.model_fields} | {"agent": asked}
    match kind:
        case "workflow":
            return CallsWorkflow.model_construct(**given, workflow=name)
        case "a2a":
            limit = node.timeout_seconds or Polling().timeout_seconds
            wait = Polling(poll_seconds=min(POLL_SECONDS, limit), timeout_seconds=limit)
            return AsksAgent.model_construct(**given | {"timeout_seconds": None}, external=name, wait=wait)
        case _:  # a preset: rules of loading let no other kind pass
            return node.model_copy(update={"agent": name})
