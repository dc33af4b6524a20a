"""What roles may do, and that every route says what it needs."""

import pytest

from app import app
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL, ROLES, Access, Scope, scopes_of
from chalicelib.api.endpoint import scope_of
from chalicelib.errors import ScopeMissing

ROUTES = [
    (f"{method} {path}", entry) for path, methods in sorted(app.routes.items()) for method, entry in sorted(methods.items()) if method != "HEAD"
]
PUBLIC = {
    "POST /api/v1/hooks/{trigger_id}",  # verified by its signature
    "GET /api/v1/channels/{channel_id}/webhook",  # a handshake with the verify token
    "POST /api/v1/channels/{channel_id}/webhook",  # verified by its signature
    "POST /api/v1/a2a/notifications/{organisation_id}/{hook_id}",  # a token of its own
    "GET /api/v1/auth/jwks",
    "GET /api/v1/docs",
    "GET /api/v1/openapi.json",
    "POST /api/v1/auth/iam",  # API Gateway has checked a signature
    "POST /api/v1/auth/invitations/acceptance",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/login/json",
    "POST /api/v1/auth/refresh",
}


@pytest.mark.parametrize(("route", "entry"), ROUTES, ids=[route for route, _ in ROUTES])
def test_it_declares_what_a_route_needs(route: str, entry: object) -> None:
    view = entry.view_function  # type: ignore[attr-defined]
    assert scope_of(view) is not None, f"{route} declares no scope: endpoint(…, scope=Scope.…)"


def test_it_keeps_routes_that_anybody_may_call_few() -> None:
    assert {route for route, entry in ROUTES if scope_of(entry.view_function) is Access.PUBLIC} == PUBLIC


def test_it_gives_admins_everything_and_each_other_role_less() -> None:
    assert ROLES["admin"] == ALL
    assert all(held < ALL for role, held in ROLES.items() if role != "admin")
    assert all(Scope.ORG_ADMIN not in held and Scope.SECRET_MANAGE not in held for role, held in ROLES.items() if role != "admin")


def test_it_adds_up_what_several_roles_may_do() -> None:
    assert scopes_of(("viewer", "approver")) == {Scope.WORKFLOW_READ, Scope.RUN_READ, Scope.GATE_DECIDE}


@pytest.mark.parametrize("role", ["legal", "", "Admin", "admin "])
def test_it_gives_nothing_to_a_role_of_the_organisations_own(role: str) -> None:
    assert scopes_of((role,)) == frozenset()


def test_it_leaves_creating_and_changing_to_admins_where_the_organisation_is_locked() -> None:
    assert scopes_of(("editor",), locked=True) == ROLES["editor"] - {Scope.WORKFLOW_WRITE, Scope.WORKFLOW_DELETE}
    assert scopes_of(("editor", "admin"), locked=True) == ALL


def test_it_names_the_scope_that_is_missing() -> None:
    viewer = Principal("org_local", "vic", frozenset({"viewer"}), scopes_of(("viewer",)))
    viewer.require(Scope.RUN_READ)
    viewer.require(Access.SIGNED_IN)
    with pytest.raises(ScopeMissing, match="gate:decide") as refused:
        viewer.require(Scope.GATE_DECIDE)
    assert refused.value.detail == {"scope": "gate:decide"}
