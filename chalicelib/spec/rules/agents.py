"""What an agent may use has to be named once and clearly. In: `Authored`. Out: diagnostics."""

from collections.abc import Iterator

from chalicelib.spec.agent_landing import model_options
from chalicelib.spec.agent_parts import AGENT_KINDS, ToolGrant, agent_named
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import AgentCall
from chalicelib.spec.parse_tree import Fault, parse_tree
from chalicelib.spec.rules.authored import Authored


def grant_shapes(authored: Authored) -> Iterator[Diagnostic]:
    for path, grant in grants(authored):
        if len(grant.kinds) != 1:
            which = "none" if not grant.kinds else " and ".join(f"`{kind}`" for kind in grant.kinds)
            yield authored.error("grant-shape", f"a grant names one of `tool`, `workflow`, `agent` and `mcp`; this one names {which}", path)
        elif grant.arguments and grant.tool is None and grant.workflow is None:
            message = f"arguments cannot be fixed for `{grant.kinds[0]}`"
            yield authored.error("grant-shape", message, f"{path}.with", "`with` goes with `tool` and `workflow`")


def unknown_kinds(authored: Authored) -> Iterator[Diagnostic]:
    """What stands before an agent's name says where it is."""
    named = [(f"{path}.agent", node.agent) for path, node in authored.of_type(AgentCall)]
    for path, asked in [*named, *((f"{path}.agent", grant.agent) for path, grant in grants(authored))]:
        if isinstance(asked, str) and agent_named(asked)[0] not in AGENT_KINDS:
            message = f"`{agent_named(asked)[0]}` is no kind of agent"
            yield authored.error(
                "unknown-agent-kind", message, path, f"a preset's name, or one of {', '.join(f'`{kind}:NAME`' for kind in AGENT_KINDS)}"
            )


def model_options_elsewhere(authored: Authored) -> Iterator[Diagnostic]:
    """A workflow and an external agent bring their own models, tools and instructions."""
    for path, node in authored.of_type(AgentCall):
        if not isinstance(node.agent, str) or agent_named(node.agent)[0] not in ("workflow", "a2a"):
            continue
        for option in model_options(node):
            hint = "it is given the prompt alone; take it out, or name a preset"
            yield authored.key_error("agent-option", f"`{option}` means nothing to `{node.agent}`", f"{path}.{option}", hint)


def duplicate_tools(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(AgentCall):
        names = [grant.called for grant in node.grants]
        for index, name in enumerate(names):
            if name in names[:index]:
                where = f"{path}.tools.{index}"
                yield authored.error("duplicate-tool", f"another tool of this agent is called `{name}` already", where, "give this one a `name`")


def bad_rules(authored: Authored) -> Iterator[Diagnostic]:
    """A rule reads the call's arguments by their bare names, so the language's own expressions are not the measure: only the syntax is checked."""
    for path, grant in grants(authored):
        for index, rule in enumerate(grant.rules):
            fault = parse_tree(rule.condition)
            if isinstance(fault, Fault):
                yield authored.error("bad-rule", f"the rule cannot be read: {fault.message}", f"{path}.rules.{index}.if", "write `amount > 100`")


def bad_delegations(authored: Authored) -> Iterator[Diagnostic]:
    """A limit that nothing can reach is most likely a slip, and a tool that is not there cannot be passed on."""
    for path, node in authored.of_type(AgentCall):
        yield from _limits(authored, path, node)
        yield from _passed_on(authored, path, node)


def _limits(authored: Authored, path: str, node: AgentCall) -> Iterator[Diagnostic]:
    agents = {grant.colleague for grant in node.grants if grant.colleague is not None}
    depth, cost, where = node.delegation.max_depth, node.delegation.max_cost, f"{path}.delegation"
    if "delegation" not in node.model_fields_set:
        return
    if not agents:
        yield authored.error("bad-delegation", "no task is ever handed on: `tools` names no agent", where, "add `{agent: researcher}` to `tools`")
    elif depth > len(agents):
        many = f"{len(agents)} agent{'s' if len(agents) > 1 else ''}"
        hint = "no agent hands a task on to itself or to one that it comes from"
        yield authored.error("bad-delegation", f"with {many} no task is handed on {depth} times", f"{where}.max_depth", hint)
    if cost is not None and node.max_cost is not None and cost > node.max_cost:
        yield authored.error(
            "bad-delegation", f"a part may not cost more than the whole: `max_cost` of the node is {node.max_cost}", f"{where}.max_cost"
        )


def _passed_on(authored: Authored, path: str, node: AgentCall) -> Iterator[Diagnostic]:
    names = {grant.called for grant in node.grants}
    for index, grant in enumerate(node.grants):
        where = f"{path}.tools.{index}.tools"
        if grant.tools is not None and grant.colleague is None:
            yield authored.error("bad-delegation", "tools are passed on to an agent only", where, "`tools` goes with `agent`")
        for name in sorted({*(grant.tools or ())} - (names - {grant.called})):
            yield authored.error("bad-delegation", f"this node has no other tool `{name}`", where, f"there are {', '.join(sorted(names))}")


def grants(authored: Authored) -> Iterator[tuple[str, ToolGrant]]:
    """The grants of all agents, with their paths."""
    for path, node in authored.of_type(AgentCall):
        for index, grant in enumerate(node.grants):
            yield f"{path}.tools.{index}", grant
