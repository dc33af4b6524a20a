"""All routes, room by room, in the order in which the API is told of them."""

from typing import Final

from chalice.app import Blueprint

from chalicelib.api import (
    agents,
    aliases,
    as_tools,
    audit,
    budgets,
    cache,
    costs,
    gates,
    live,
    people,
    providers,
    reference,
    replies,
    runs,
    secrets,
    sharing,
    sign_in,
    tools,
    validation,
    versions,
    workflows,
)

ROOMS: Final[tuple[Blueprint, ...]] = (
    sign_in.routes,
    people.routes,
    validation.routes,
    workflows.routes,
    sharing.routes,
    versions.routes,
    runs.routes,
    replies.routes,
    gates.routes,
    live.routes,
    providers.routes,
    costs.routes,
    budgets.routes,
    cache.routes,
    secrets.routes,
    tools.routes,
    as_tools.routes,
    audit.routes,
    agents.routes,
    reference.routes,
    aliases.routes,
)
