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


def grants(authored: Authored) -> Iterator[tuple[str, ToolGrant]]:
    """The grants of all agents, with their paths."""
    for path, node in authored.of_type(AgentCall):
        for index, grant in enumerate(node.grants):
            yield f"{path}.tools.{index}", grant
