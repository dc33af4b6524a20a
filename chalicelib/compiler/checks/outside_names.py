"""Names of what lies outside of the workflow: agents, models, MCP servers, external agents.

In: a subject with what is known of the outside. Out: diagnostics. Where nothing is known nothing is said; a URL and a name that is only known in a
run are a run's matter.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.checks.subject import Subject, node_path
from chalicelib.compiler.nearest import did_you_mean
from chalicelib.spec.agent_landing import CallsWorkflow, text_field
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.binding import Literal, parse_binding
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall, ToolCall

_SERVERS: Final = frozenset(("mcp.call",))
_AGENTS: Final = frozenset(("a2a.send", "a2a.get", "a2a.cancel"))
_MOST_LISTED: Final = 8


def unknown_agents(subject: Subject) -> Iterator[Diagnostic]:
    known = subject.outside.agents
    for path, asked in _agents(subject) if known is not None else ():
        name = asked.removeprefix("preset:")
        if name not in (known or ()):
            yield subject.error("unknown-agent", f"there is no agent `{name}`", path, _hint(name, known or frozenset(), "agents"))


def unknown_models(subject: Subject) -> Iterator[Diagnostic]:
    aliases, providers = subject.outside.aliases, subject.outside.providers
    for path, model in _models(subject):
        provider, colon, _ = model.partition(":")
        if aliases is None or model in aliases:
            continue
        if not colon:
            hint = _hint(model, aliases, "aliases")
            yield subject.error("unknown-model", f"`{model}` is no alias of a model and no `provider:model`", path, hint)
        elif providers is not None and provider not in providers:
            yield subject.error("unknown-model", f"there is no provider `{provider}`", path, _hint(provider, providers, "providers"))


def unknown_servers(subject: Subject) -> Iterator[Diagnostic]:
    known = subject.outside.mcp_servers
    grants = [(f"{path}.mcp", grant.mcp) for path, grant in _grants(subject) if grant.mcp is not None]
    for path, name in [*grants, *_named(subject, _SERVERS, "server")] if known is not None else ():
        if name not in (known or ()) and "://" not in name:
            hint = _hint(name, known or frozenset(), "servers", setting="SLUICE_MCP_SERVERS")
            yield subject.error("unknown-mcp-server", f"there is no MCP server `{name}`", path, hint)


def unknown_external_agents(subject: Subject) -> Iterator[Diagnostic]:
    known = subject.outside.a2a_agents
    for path, name in _named(subject, _AGENTS, "agent") if known is not None else ():
        if name not in (known or ()) and "://" not in name:
            hint = _hint(name, known or frozenset(), "external agents", setting="`sluice agents add`")
            yield subject.error("unknown-a2a-agent", f"there is no external agent `{name}`", path, hint)


def agents_without_text(subject: Subject) -> Iterator[Diagnostic]:
    """A workflow that an agent node names is given the prompt as the one text that it takes."""
    for block, name, node in subject.nodes():
        child = subject.children.get(node.workflow) if isinstance(node, CallsWorkflow) else None
        if child is not None and text_field(child.input) is None:
            message = f"the workflow `{child.name}` takes no single text, so a prompt cannot be handed to it"
            yield subject.error(
                "agent-takes-no-text", message, node_path(block, name, "agent"), "use a node of type `workflow`, whose `with` names its inputs"
            )


def _agents(subject: Subject) -> Iterator[tuple[str, str]]:
    for block, name, node in subject.nodes():
        if isinstance(node, AgentCall) and isinstance(node.agent, str):
            yield node_path(block, name, "agent"), node.agent
        for index, grant in enumerate(node.tools if isinstance(node, AgentCall) else ()):
            if isinstance(grant, ToolGrant) and grant.agent is not None:
                yield node_path(block, name, "tools", str(index), "agent"), grant.agent


def _models(subject: Subject) -> Iterator[tuple[str, str]]:
    for block, name, node in subject.nodes():
        if isinstance(node, AgentCall) and node.model is not None:
            yield node_path(block, name, "model"), node.model


def _named(subject: Subject, tools: frozenset[str], argument: str) -> Iterator[tuple[str, str]]:
    """What calls and fixed arguments of tools name, as far as it is written out."""
    for block, name, node in subject.nodes():
        if isinstance(node, ToolCall) and node.tool in tools:
            yield from _written(node.arguments, argument, node_path(block, name))
    for path, grant in _grants(subject):
        if grant.tool in tools:
            yield from _written(grant.arguments, argument, path)


def _written(arguments: JsonObject, argument: str, path: str) -> Iterator[tuple[str, str]]:
    binding = parse_binding(arguments.get(argument))
    if isinstance(binding, Literal) and isinstance(binding.value, str):
        yield f"{path}.with.{argument}", binding.value


def _grants(subject: Subject) -> Iterator[tuple[str, ToolGrant]]:
    for block, name, node in subject.nodes():
        for index, grant in enumerate(node.grants if isinstance(node, AgentCall) else ()):
            yield node_path(block, name, "tools", str(index)), grant


def _hint(name: str, known: frozenset[str], kind: str, *, setting: str = "") -> str:
    listed = sorted(known)
    rest = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    there = f"the {kind} here are {', '.join(listed[:_MOST_LISTED])}{rest}" if listed else f"there are no {kind} here"
    return did_you_mean(name, known, otherwise=f"{there}; {setting} adds one" if setting else there)
