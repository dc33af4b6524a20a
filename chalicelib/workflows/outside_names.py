"""What this deployment and an organisation have under which names, for the checks of what a spec names.

In: a principal, a spec, the workflows that it names and that are published. Out: `Outside`. Agents are listed only where the spec names one.
Deployed, only functions that are told of compatible servers know all providers; elsewhere nothing is said of a provider.
"""

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.access.principal import Principal
from chalicelib.compiler.outside import Outside
from chalicelib.model_settings import VENDORS
from chalicelib.providers.select import keys_of, routes_of
from chalicelib.settings import settings
from chalicelib.spec.agent_parts import ToolGrant, agent_named
from chalicelib.spec.nodes import AgentCall, Map, Node, ToolCall
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.agent_directory import agent_names
from chalicelib.workflows.external_agents import known_names


def outside_names(principal: Principal, spec: WorkflowSpec, *, published: Iterable[str]) -> Outside:
    deployment = settings()
    knows_providers = deployment.stage == "local" or "compatible" in deployment.model_fields_set
    named, sent_to = frozenset(_agents(spec.nodes)), frozenset(_sent_to(spec.nodes))
    external = known_names(principal.organisation_id, asked=sent_to.union(name for kind, name in map(agent_named, named) if kind == "a2a"))
    workflows = frozenset(f"workflow:{name}" for name in published)
    return Outside(
        agents=agent_names(principal, external=external) | workflows if named else None,
        aliases=frozenset(route.name for route in routes_of(models=deployment.models, keys=keys_of(deployment))),
        providers=frozenset((*VENDORS, *deployment.compatible)) if knows_providers else None,
        mcp_servers=frozenset(deployment.mcp_servers),
        a2a_agents=external,
    )


def _agents(nodes: Mapping[str, Node]) -> Iterator[str]:
    """The agents that nodes and their grants name."""
    for node in nodes.values():
        match node:
            case Map():
                yield from _agents(node.nodes)
            case AgentCall():
                yield from [node.agent] if isinstance(node.agent, str) else []
                yield from (grant.agent for grant in node.tools if isinstance(grant, ToolGrant) and grant.agent is not None)
            case _:
                pass


def _sent_to(nodes: Mapping[str, Node]) -> Iterator[str]:
    """The agents that tools are told of, as far as it is written out."""
    for node in nodes.values():
        match node:
            case Map():
                yield from _sent_to(node.nodes)
            case AgentCall():
                yield from (name for grant in node.grants if isinstance(name := grant.arguments.get("agent"), str))
            case ToolCall():
                yield from [name] if isinstance(name := node.arguments.get("agent"), str) else []
            case _:
                pass
