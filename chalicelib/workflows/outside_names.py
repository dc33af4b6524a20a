"""What this deployment and an organisation have under which names, for the checks of what a spec names.

In: an organisation, a spec. Out: `Outside`. Agents are listed only where the spec names one. Deployed, only functions that are told of compatible
servers know all providers; elsewhere nothing is said of a provider.
"""

from chalicelib.compiler.outside import Outside
from chalicelib.model_settings import VENDORS
from chalicelib.providers.select import keys_of, routes_of
from chalicelib.settings import settings
from chalicelib.spec.agent_parts import ToolGrant
from chalicelib.spec.nodes import AgentCall, Map, Node
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.agent_directory import agent_names
from chalicelib.workflows.external_agents import known_names


def outside_names(organisation_id: str, spec: WorkflowSpec) -> Outside:
    deployment = settings()
    knows_providers = deployment.stage == "local" or "compatible" in deployment.model_fields_set
    return Outside(
        agents=agent_names(organisation_id) if any(_names_agent(node) for node in spec.nodes.values()) else None,
        aliases=frozenset(route.name for route in routes_of(models=deployment.models, keys=keys_of(deployment))),
        providers=frozenset((*VENDORS, *deployment.compatible)) if knows_providers else None,
        mcp_servers=frozenset(deployment.mcp_servers),
        a2a_agents=known_names(organisation_id),
    )


def _names_agent(node: Node) -> bool:
    match node:
        case Map():
            return any(_names_agent(inner) for inner in node.nodes.values())
        case AgentCall():
            return isinstance(node.agent, str) or any(isinstance(grant, ToolGrant) and grant.agent is not None for grant in node.tools)
        case _:
            return False
