"""What a deployment lets its tools reach, as tools are handed it.

In: the settings. Out: destinations, MCP servers, A2A agents, databases, and surroundings for looking around without a run.
"""

from datetime import UTC, datetime

from chalicelib.settings import EndpointSetting, settings
from chalicelib.tools.destination import Destinations
from chalicelib.tools.ports import Database, Endpoint, NoKeyValue
from chalicelib.tools.tool import Surroundings


def destinations() -> Destinations:
    return Destinations(allowed_hosts=frozenset(settings().allowed_hosts))


def mcp_servers() -> dict[str, Endpoint]:
    return {name: _endpoint(setting) for name, setting in settings().mcp_servers.items()}


def a2a_agents() -> dict[str, Endpoint]:
    return {name: _endpoint(setting) for name, setting in settings().a2a_agents.items()}


def databases() -> dict[str, Database]:
    return {name: Database(url=each.url, sqlite_key=each.sqlite_key, write=each.write) for name, each in settings().databases.items()}


def outlook(seconds: float) -> Surroundings:
    """Surroundings in which servers can be asked what they are, and nothing can be done."""
    return Surroundings(
        destinations=destinations(),
        key_values=NoKeyValue(),
        now=lambda: datetime.now(UTC),
        seconds_left=lambda: seconds,
        idempotency_key="",
        mcp_servers=mcp_servers(),
        a2a_agents=a2a_agents(),
    )


def _endpoint(setting: EndpointSetting) -> Endpoint:
    return Endpoint(setting.url, dict(setting.headers))
