"""All rooms of the API, each a blueprint. Out: `ROOMS`, in the order in which they are registered. Nothing happens here."""

from typing import Final

from chalice.app import Blueprint

from chalicelib.api import (
    agents,
    as_tools,
    audit,
    budgets,
    cache,
    costs,
    gates,
    live,
    notifications,
    providers,
    replies,
    runs,
    secrets,
    tools,
    validation,
    versions,
    workflows,
)

ROOMS: Final[tuple[Blueprint, ...]] = tuple(
    room.routes
    for room in (
        validation,
        workflows,
        versions,
        runs,
        replies,
        gates,
        live,
        providers,
        costs,
        budgets,
        cache,
        secrets,
        tools,
        as_tools,
        audit,
        agents,
        notifications,
    )
)
