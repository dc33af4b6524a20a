"""All routes, room by room, in the order in which the API is told of them."""

from typing import Final

from chalice.app import Blueprint

from chalicelib.api import (
    agents,
    as_tools,
    audit,
    budgets,
    cache,
    costs,
    drafts,
    exchange,
    gates,
    live,
    notifications,
    people,
    providers,
    replies,
    runs,
    secrets,
    sharing,
    sign_in,
    starters,
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
    drafts.routes,
    versions.routes,
    exchange.routes,
    starters.routes,
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
    notifications.routes,
)
