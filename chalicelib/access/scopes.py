"""What may be done, and which roles may do it.

In: names of roles. Out: scopes. A role that is none of ours (`legal`, `finance`) names a group of people, whom gates and shares go to; it holds no
scope. Never: what may be done with one particular workflow, which is `access.objects`' business.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One right in an organisation. What a route needs stands at the route."""

    WORKFLOW_READ = "workflow:read"
    WORKFLOW_WRITE = "workflow:write"
    WORKFLOW_EXECUTE = "workflow:execute"
    WORKFLOW_DELETE = "workflow:delete"
    RUN_READ = "run:read"
    RUN_CANCEL = "run:cancel"
    RUN_RESUME = "run:resume"
    GATE_DECIDE = "gate:decide"
    CHANNEL_MANAGE = "channel:manage"
    SECRET_MANAGE = "secret:manage"  # noqa: S105  (a name)
    ORG_ADMIN = "org:admin"
    AUDIT_READ = "audit:read"


class Access(StrEnum):
    """What a route may declare in a scope's place."""

    PUBLIC = "public"  # anybody, without credentials
    SIGNED_IN = "signed in"  # anybody whose credentials hold, whatever they may do


ALL: Final = frozenset(Scope)
_VIEWER: Final = frozenset({Scope.WORKFLOW_READ, Scope.RUN_READ})
_OPERATOR: Final = _VIEWER | {Scope.WORKFLOW_EXECUTE, Scope.RUN_CANCEL, Scope.RUN_RESUME}
ROLES: Final[Mapping[str, frozenset[Scope]]] = {
    "admin": ALL,
    "editor": _OPERATOR | {Scope.WORKFLOW_WRITE, Scope.WORKFLOW_DELETE, Scope.GATE_DECIDE},
    "operator": _OPERATOR,
    "approver": _VIEWER | {Scope.GATE_DECIDE},
    "viewer": _VIEWER,
}
LOCKED: Final = frozenset({Scope.WORKFLOW_WRITE, Scope.WORKFLOW_DELETE})  # what the preset `locked` leaves to admins


def scopes_of(roles: Iterable[str], *, locked: bool = False) -> frozenset[Scope]:
    """All that the roles may do together. In a `locked` organisation only admins create and change workflows."""
    held = frozenset(scope for role in roles for scope in ROLES.get(role, frozenset()))
    return held - LOCKED if locked and Scope.ORG_ADMIN not in held else held
