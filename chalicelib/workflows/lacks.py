"""What an organisation lacks of what workflows use: secrets, channels, other workflows, servers, imported APIs, databases.

In: specs. Out: `Lacks`. Reads only. What is lacking keeps nothing from being drafted; a run would fail of it, or take the console.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from chalicelib.access.objects import workflow_called
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.secrets import list_secrets
from chalicelib.channels.fallback import CONFIGURED
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.store import imported_apis
from chalicelib.workflows import tool_reach
from chalicelib.workflows.external_agents import known_names
from chalicelib.workflows.spec_uses import Uses, uses_of


@dataclass(frozen=True, slots=True)
class Lacks:
    """Names, each sorted."""

    secrets: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    a2a_agents: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        return {kind: [*names] for kind, names in asdict(self).items()}


def uses_of_all(specs: Iterable[WorkflowSpec]) -> Uses:
    """What several workflows use together."""
    whole = Uses()
    for spec in specs:
        whole = whole.plus(uses_of(spec))
    return whole


def lacks_of(principal: Principal, specs: Iterable[WorkflowSpec]) -> Lacks:
    """What is not there for these workflows, which may call one another."""
    known = tuple(specs)
    used, organisation_id = uses_of_all(known), principal.organisation_id
    there = {listing.name for listing in list_secrets(organisation_id)} if used.secrets else set()
    own = {spec.name for spec in known}
    return Lacks(
        secrets=_without(used.secrets, there),
        channels=_without(used.channels, CONFIGURED),
        workflows=tuple(name for name in used.workflows if name not in own and not _is_published(principal, name)),
        mcp_servers=_without(used.mcp_servers, tool_reach.mcp_servers()),
        a2a_agents=_without(used.a2a_agents, known_names(organisation_id, asked=frozenset(used.a2a_agents))),
        apis=tuple(name for name in used.apis if imported_apis.find(organisation_id, name) is None),
        databases=_without(used.databases, tool_reach.databases()),
    )


def _without(used: Iterable[str], there: Iterable[str]) -> tuple[str, ...]:
    known = frozenset(there)
    return tuple(name for name in used if name not in known)


def _is_published(principal: Principal, name: str) -> bool:
    """And they may run it."""
    workflow = workflow_called(principal, name, Scope.WORKFLOW_EXECUTE)
    return workflow is not None and workflow.latest_version > 0
