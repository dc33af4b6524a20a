"""What a workflow uses of the world around it: tools, models, secrets, channels, people, other workflows, servers, and what it does to the world.

In: a spec. Out: `Uses`, sorted texts, for comparing two versions and for telling what an organisation lacks. Pure. What a binding works out only in a
run (an API's name from the input) is not known here and not told.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

from chalicelib.compiler.approvals import effect_of
from chalicelib.spec.agent_parts import ToolGrant, agent_named
from chalicelib.spec.effects import Effect
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall, HumanGate, Map, Message, Node, SubWorkflow, ToolCall
from chalicelib.spec.secret_reference import secret_references
from chalicelib.spec.workflow import WorkflowSpec


@dataclass(frozen=True, slots=True)
class Uses:
    """Each a sorted set; in `effects` as `<effect>: <node>`, in `deciders` as authored (`role:approver`)."""

    effects: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    deciders: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    a2a_agents: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {each.name: [*getattr(self, each.name)] for each in fields(self)}

    def plus(self, other: "Uses") -> "Uses":
        """What both use together."""
        return Uses(**{each.name: _sorted((*getattr(self, each.name), *getattr(other, each.name))) for each in fields(self)})


# A tool's argument that names something outside: in which of the fields it is told.
_ARGUMENTS: Mapping[str, tuple[str, str]] = {
    "mcp.call": ("server", "mcp_servers"),
    "a2a.send": ("agent", "a2a_agents"),
    "a2a.get": ("agent", "a2a_agents"),
    "a2a.cancel": ("agent", "a2a_agents"),
    "openapi.call": ("api", "apis"),
    "sql.query": ("source", "databases"),
    "sql.execute": ("source", "databases"),
}


def uses_of(spec: WorkflowSpec) -> Uses:
    """What the workflow uses, by what its own text says."""
    nodes = dict(all_nodes(spec.nodes))
    failure = (spec.on_failure,) if spec.on_failure else ()
    return Uses(
        effects=_sorted(f"{effect}: {name}" for name, node in nodes.items() if (effect := effect_of(node, {})) is not Effect.NONE),
        tools=_all(nodes, _tools),
        models=_sorted(node.model for node in nodes.values() if isinstance(node, AgentCall) and node.model),
        secrets=_all(nodes, _secrets),
        channels=_all(nodes, _channels),
        deciders=_all(nodes, _deciders),
        workflows=_sorted((*failure, *(name for node in nodes.values() for name in _workflows(node)))),
        **{told: _all(nodes, _named(told)) for told in ("mcp_servers", "a2a_agents", "apis", "databases")},
    )


def all_nodes(nodes: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Every node with its id, those of maps behind their map."""
    for name, node in nodes.items():
        yield name, node
        if isinstance(node, Map):
            yield from all_nodes(node.nodes)


def _all(nodes: Mapping[str, Node], ask: Callable[[Node], Iterator[str]]) -> tuple[str, ...]:
    return _sorted(found for node in nodes.values() for found in ask(node))


def _sorted(found: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))


def _calls(node: Node) -> Iterator[tuple[str, JsonObject]]:
    """The tools that it calls or may call, with the arguments that its text gives."""
    match node:
        case ToolCall():
            yield node.tool, node.arguments
        case AgentCall():
            yield from ((grant.tool, grant.arguments) for grant in node.grants if grant.tool)
        case _:
            return


def _tools(node: Node) -> Iterator[str]:
    return (tool for tool, _ in _calls(node))


def _grants(node: Node) -> tuple[ToolGrant, ...]:
    return node.grants if isinstance(node, AgentCall) else ()


def _secrets(node: Node) -> Iterator[str]:
    given = [arguments for _, arguments in _calls(node)] + [grant.arguments for grant in _grants(node)]
    return (reference.name for arguments in given for _, reference in secret_references(arguments, ""))


def _channels(node: Node) -> Iterator[str]:
    match node:
        case HumanGate() | Message():
            yield from node.channels
        case AgentCall():
            yield from node.ask.channels
        case _:
            return


def _deciders(node: Node) -> Iterator[str]:
    match node:
        case HumanGate():
            yield from node.who.any_of
        case AgentCall():
            yield from node.ask.who.any_of
        case _:
            return


def _workflows(node: Node) -> Iterator[str]:
    if isinstance(node, SubWorkflow):
        yield node.workflow
    yield from (grant.workflow for grant in _grants(node) if grant.workflow)
    yield from _agents(node, "workflow")


def _agents(node: Node, kind: str) -> Iterator[str]:
    """The agents of a kind that it names, for itself or among what it grants."""
    own = [node.agent] if isinstance(node, AgentCall) and isinstance(node.agent, str) else []
    named = (agent_named(each) for each in (*own, *(grant.agent for grant in _grants(node) if grant.agent)))
    yield from (name for found, name in named if found == kind)


def _named(told: str) -> Callable[[Node], Iterator[str]]:
    """What arguments of tools name of one kind, as far as it is written out."""

    def ask(node: Node) -> Iterator[str]:
        for tool, arguments in _calls(node):
            argument, kind = _ARGUMENTS.get(tool, ("", ""))
            value = arguments.get(argument)
            if kind == told and isinstance(value, str) and not value.startswith(("$", "{")) and "://" not in value:
                yield value
        if told == "mcp_servers":
            yield from (grant.mcp for grant in _grants(node) if grant.mcp)
        if told == "a2a_agents":
            yield from _agents(node, "a2a")

    return ask
