"""What a deployment lets its tools reach, as tools are handed it.

In: the settings, what an organisation registered. Out: destinations, MCP servers, external agents, databases, and surroundings for looking around
without a run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from chalicelib.settings import EndpointSetting, settings
from chalicelib.store import external_agents
from chalicelib.tools.destination import Destinations
from chalicelib.tools.ports import Database, Endpoint, NoKeyValue
from chalicelib.tools.tool import Surroundings

_NONE: Final[Mapping[str, Endpoint]] = MappingProxyType({})


def destinations() -> Destinations:
    return Destinations(allowed_hosts=frozenset(settings().allowed_hosts))


def mcp_servers() -> dict[str, Endpoint]:
    return {name: _endpoint(setting) for name, setting in settings().mcp_servers.items()}


def own_a2a_agents() -> dict[str, Endpoint]:
    """Those that the deployment's settings name."""
    return {name: _endpoint(setting) for name, setting in settings().a2a_agents.items()}


@dataclass(frozen=True)
class OrganisationAgents(Mapping[str, Endpoint]):
    """The external agents that an organisation may ask: those of the settings, then its own, which are looked up when they are named."""

    organisation_id: str
    _looked_up: dict[str, Endpoint] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Endpoint:
        own = own_a2a_agents().get(name)
        if own is not None:
            return own
        if name not in self._looked_up:
            found = None if "://" in name else external_agents.find(self.organisation_id, name)
            if found is None:
                raise KeyError(name)
            self._looked_up[name] = Endpoint(found.url, is_own=False)
        return self._looked_up[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*own_a2a_agents(), *(agent.name for agent in external_agents.list_all(self.organisation_id)))))

    def __len__(self) -> int:
        return len(list(iter(self)))


def databases() -> dict[str, Database]:
    return {name: Database(url=each.url, sqlite_key=each.sqlite_key, write=each.write) for name, each in settings().databases.items()}


def outlook(seconds: float, *, a2a_agents: Mapping[str, Endpoint] = _NONE) -> Surroundings:
    """Surroundings in which servers and agents can be asked what they are, and nothing can be done."""
    return Surroundings(
        destinations=destinations(),
        key_values=NoKeyValue(),
        now=lambda: datetime.now(UTC),
        seconds_left=lambda: seconds,
        idempotency_key="",
        mcp_servers=mcp_servers(),
        a2a_agents=a2a_agents,
    )


def _endpoint(setting: EndpointSetting) -> Endpoint:
    return Endpoint(setting.url, dict(setting.headers))
