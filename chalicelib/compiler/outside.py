"""What there is outside of a workflow that it may name: agents, models, servers.

In: nothing. Out: `Outside`, plain names that whoever publishes hands to the checks. None says: not known here, and so nothing is said of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outside:
    """`agents` as nodes name them (`researcher`, `workflow:book-hotel`, `a2a:clerk`); `aliases` and `providers` are of models."""

    agents: frozenset[str] | None = None
    aliases: frozenset[str] | None = None
    providers: frozenset[str] | None = None
    mcp_servers: frozenset[str] | None = None
    a2a_agents: frozenset[str] | None = None


NOTHING_KNOWN = Outside()
