"""The routes of signing in, people, keys and sharing, from their events to their answers."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from app import app
from chalicelib.access.attempts import FREE_OF_NAME
from chalicelib.access.members import add_person
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud, published
from tests.factories.credentials import bearer, token

PASSWORD = "seven small brown owls"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with cloud(SLUICE_PEOPLE='{"user/anna": ["admin"]}', SLUICE_STAGE="prod"):
        token("ann")
        add_person("org_local", "eve", PASSWORD, roles=("editor",))
        yield


def ask(request: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
    status, _, document = whole(request, headers, **more)
    return status, document


def whole(request: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, dict[str, str], Any]:
    method, _, resource = request.partition(" ")
    answer = app(rest_event(method, f"/api/v1{resource}", headers=headers, **more), context())
    return answer["statusCode"], answer["headers"], json.loads(answer["body"] or "null")


def carrying(told: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {told['access_token']}"}


def signed_in(**more: Any) -> dict[str, Any]:
    status, told = ask("POST /auth/login/json", body={"username": "eve", "password": PASSWORD, **more})
    assert status == 200, told
    found: dict[str, Any] = told
    return found


def test_it_signs_in_by_a_form_as_oauth2_tooling_posts_it() -> None:
    body = "grant_type=password&username=eve&password=seven+small+brown+owls&scope=run%3Aread+workflow%3Aread&client_id=x&client_secret=y"
    status, headers, told = whole("POST /auth/login", FORM, body=body)
    assert (status, told["token_type"], told["expires_in"], headers["Cache-Control"]) == (200, "bearer", 1800, "no-store")
    assert ask("GET /auth/me", carrying(told))[1]["scopes"] == ["run:read", "workflow:read"]
    assert ask("POST /auth/login", FORM, body=body.replace("=password&", "=client_credentials&"))[0] == 400


def test_it_goes_on_and_signs_out() -> None:
    told = signed_in()
    status, following = ask("POST /auth/refresh", body={"refresh_token": told["refresh_token"]})
    assert (status, following["person"]) == (200, "eve")
    me = ask("GET /auth/me", carrying(following))[1]
    assert (me["person"], me["kind"], me["organisation_id"], me["roles"], me["organisations"]) == (
        "eve",
        "person",
        "org_local",
        ["editor"],
        ["org_local"],
    )
    assert ask("POST /auth/logout", carrying(following))[0] == 204
    assert ask("GET /auth/me", carrying(following))[1]["code"] == "not-signed-in"
    assert ask("POST /auth/refresh", body={"refresh_token": following["refresh_token"]})[0] == 401


def test_it_says_when_to_try_again_after_too_many_failures() -> None:
    wrong = {"username": "eve", "password": "wrong"}
    answers = [whole("POST /auth/login/json", body=wrong) for _ in range(FREE_OF_NAME + 1)]
    assert [status for status, _, _ in answers] == [401] * FREE_OF_NAME + [429]
    assert answers[0][1]["WWW-Authenticate"].startswith("Bearer")
    _, headers, document = answers[-1]
    assert (document["code"], headers["Retry-After"], document["retry_after_seconds"]) == ("too-many-attempts", "1", 1)


def test_it_changes_a_password() -> None:
    told = signed_in()
    change = {"current_password": PASSWORD, "new_password": "four tall green trees"}
    status, changed = ask("POST /auth/password", carrying(told), body=change)
    assert (status, ask("GET /auth/me", carrying(changed))[0], ask("GET /auth/me", carrying(told))[0]) == (200, 200, 401)
    assert ask("POST /auth/password", bearer("ann"), body=change)[1]["code"] == "credentials-invalid"  # who has none


def test_it_exchanges_the_signature_of_a_caller_whom_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = ask("POST /auth/iam", body={})
    assert (status, told["person"], told["refresh_token"]) == (200, "user/anna", None)
    me = ask("GET /auth/me", carrying(told))[1]
    assert (me["kind"], me["roles"], me["organisation_id"]) == ("iam", ["admin"], "org_local")
    assert ask("GET /organisation", carrying(told))[1]["id"] == "org_local"
    assert ask("POST /keys", carrying(told), body={"name": "x"})[1]["code"] == "not-signed-in"
    from chalicelib.settings import settings

    monkeypatch.setenv("SLUICE_PEOPLE", "{}")
    settings.cache_clear()
    assert ask("GET /auth/me", carrying(told))[0] == 401  # roles are those of now
    assert ask("POST /auth/iam", body={})[0] == 401
    monkeypatch.setenv("SLUICE_PEOPLE", '{"user/anna": ["admin"]}')
    monkeypatch.setenv("SLUICE_STAGE", "local")
    settings.cache_clear()
    assert ask("POST /auth/iam", body={})[0] == 401  # nothing checks signatures there


def test_it_shows_the_keys_that_tokens_are_checked_with_and_rotates_them() -> None:
    told = signed_in()
    (known,) = ask("GET /auth/jwks")[1]["keys"]
    checked = jwt.decode(told["access_token"], jwt.PyJWK(known), algorithms=["EdDSA"], audience="sluice:sluice:prod")
    assert (checked["sub"], checked["org"]) == ("eve", "org_local")
    status, made = ask("POST /auth/jwks/rotation", bearer("ann"))
    assert (status, {key["kid"] for key in ask("GET /auth/jwks")[1]["keys"]}) == (201, {known["kid"], made["kid"]})
    assert ask("GET /auth/me", carrying(told))[0] == 200


def test_it_invites_takes_in_and_shuts_out() -> None:
    ann = bearer("ann")
    status, made = ask("POST /auth/invitations", ann, body={"roles": ["viewer"], "note": "Finn"})
    assert (status, [each["note"] for each in ask("GET /auth/invitations", ann)[1]["invitations"]]) == (201, ["Finn"])
    accept = {"invitation": made["invitation"], "username": "finn", "password": PASSWORD}
    assert ask("POST /auth/invitations/acceptance", body=accept)[1]["roles"] == ["viewer"]
    listed = ask("GET /people", ann)[1]["people"]
    assert [each["name"] for each in listed] == ["ann", "eve", "finn"]
    assert not {"generation", "organisation_id", "revision"} & set(listed[0])
    one: dict[str, Any] = {"path": {"name": "finn"}}
    assert ask("PATCH /people/{name}", ann, body={"disabled": True}, **one)[1]["disabled"] is True
    assert ask("POST /auth/login/json", body={"username": "finn", "password": PASSWORD})[1]["code"] == "organisation-not-found"
    assert ask("POST /people/{name}/password", ann, **one)[1]["password"].count("-") == 4
    assert ask("DELETE /people/{name}", ann, **one)[0] == 204
    second = ask("POST /auth/invitations", ann, body={"roles": []})[1]
    assert ask("DELETE /auth/invitations/{invitation_id}", ann, path={"invitation_id": second["id"]})[0] == 204
    assert ask("POST /auth/invitations/acceptance", body={**accept, "invitation": second["invitation"]})[1]["code"] == "invitation-not-found"


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_it_lets_a_service_account_in_by_a_key_in_either_header(header: str) -> None:
    ann = bearer("ann")
    assert ask("POST /service-accounts", ann, body={"name": "ci", "roles": ["operator"]})[1]["name"] == "service:ci"
    wanted = {"name": "nightly", "owner": "service:ci", "scopes": ["run:read"], "expires_in_days": 30}
    status, made = ask("POST /keys", ann, body=wanted)
    assert (status, made["owner"], made["scopes"], "key_sha256" in made) == (201, "service:ci", ["run:read"], False)
    carried = {header: made["key"] if header == "X-Api-Key" else f"Bearer {made['key']}"}
    assert ask("GET /auth/me", carried)[1]["scopes"] == ["run:read"]
    assert ask("GET /budgets", carried)[1]["scope"] == "org:admin"
    assert ask("DELETE /keys/{key_id}", ann, path={"key_id": made["id"]})[0] == 204
    assert ask("GET /auth/me", carried)[0] == 401


def test_it_locks_an_organisation_and_switches_to_another() -> None:
    ann, told = bearer("ann"), signed_in()
    assert ask("PATCH /organisation", ann, body={"preset": "locked", "title": "Ours"})[1]["preset"] == "locked"
    assert ask("POST /workflows", carrying(told), body={"text": "name: x"})[1]["scope"] == "workflow:write"
    assert ask("GET /organisation", carrying(told))[1]["title"] == "Ours"
    second = ask("POST /organisations", ann, body={"title": "Second"})[1]
    invitation = ask("POST /auth/invitations", {**bearer("ann", organisation_id=second["id"])}, body={"roles": ["viewer"]})[1]["invitation"]
    assert ask("POST /auth/invitations/acceptance", body={"invitation": invitation, "username": "eve", "password": PASSWORD})[0] == 201
    status, switched = ask("POST /auth/switch", carrying(told), body={"organisation_id": second["id"]})
    assert (status, ask("GET /auth/me", carrying(switched))[1]["organisations"]) == (200, sorted(["org_local", second["id"]]))
    assert ask("POST /auth/switch", carrying(told), body={"organisation_id": "org_none"})[1]["code"] == "organisation-not-found"


def test_it_leaves_the_deployments_own_to_the_first_organisation() -> None:
    olga = bearer("olga", organisation_id="org_other")
    for request, more in (
        ("POST /auth/jwks/rotation", {}),
        ("POST /organisations", {"body": {"title": "x"}}),
        ("GET /secrets", {"query": {"scope": "deployment"}}),
        ("PUT /secrets/{name}", {"query": {"scope": "deployment"}, "path": {"name": "anthropic"}, "body": {"value": "x" * 20}}),
        ("DELETE /secrets/{name}", {"query": {"scope": "deployment"}, "path": {"name": "anthropic"}}),
    ):
        assert ask(request, olga, **more)[0] == 403, request
    assert ask("GET /secrets", bearer("ann"), query={"scope": "deployment"})[0] == 200


def test_it_shares_a_workflow_and_copies_it() -> None:
    workflow_id = published().workflow_id  # ann's
    one: dict[str, Any] = {"path": {"workflow_id": workflow_id}}
    ann, eve = bearer("ann"), carrying(signed_in())
    assert ask("GET /workflows/{workflow_id}", eve, **one)[0] == 404
    wanted = {"shares": [{"who": "person:eve", "level": "read"}], "revision": 0}
    assert ask("PUT /workflows/{workflow_id}/access", ann, body=wanted, **one)[1]["revision"] == 1
    assert ask("PUT /workflows/{workflow_id}/access", ann, body=wanted, **one)[1]["code"] == "access-changed"
    seen = ask("GET /workflows/{workflow_id}/access", eve, **one)[1]
    assert (seen["owner"], seen["mine"], "shares" in seen) == ("ann", ["run:read", "workflow:read"], False)
    assert ask("GET /workflows/{workflow_id}", eve, **one)[1]["owner"] == "ann"
    refused = ask("POST /workflows/{workflow_id}/run", eve, body={"input": {"city": "Bonn"}}, **one)
    assert (refused[0], refused[1]["scope"]) == (403, "workflow:execute")
    assert ask("POST /workflows/{workflow_id}/copy", eve, body={"name": "eves"}, **one)[1]["owner"] == "eve"
