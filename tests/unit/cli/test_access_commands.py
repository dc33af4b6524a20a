"""The commands of signing in, people and keys: what they ask, what they keep, what they print."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import credentials
from cli.credentials import Credential
from cli.main import app
from tests.factories.fake_api import FakeApi, Refusal, serving_api

TOLD = {"access_token": "token", "refresh_token": "rt_1", "expires_in": 1800, "person": "ann", "token_type": "bearer"}
ME = {"person": "ann", "organisation_id": "org_local", "roles": ["admin"], "scopes": ["org:admin"]}


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_CREDENTIALS", str(tmp_path / "credentials.json"))


def sluice(*arguments: str, api: FakeApi, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url], input=typed)


def test_it_signs_in_by_a_password_and_keeps_the_tokens_but_not_the_password() -> None:
    with serving_api({"POST /api/v1/auth/login/json": TOLD, "GET /api/v1/auth/me": ME}) as api:
        found = sluice("login", "ann", "--organisation", "org_2", api=api, typed="a password\n")
        assert (found.exit_code, "as ann" in found.stdout) == (0, True)
        assert api.bodies("POST /api/v1/auth/login/json") == [{"username": "ann", "password": "a password", "organisation_id": "org_2"}]
        assert "a password" not in Path(credentials.where()).read_text()
        assert "org:admin" in sluice("whoami", api=api).stdout
        assert api.asked[-1][2]["authorization"] == "Bearer token"


def test_it_signs_in_by_a_key() -> None:
    with serving_api({"GET /api/v1/auth/me": ME}) as api:
        assert sluice("login", "--key", api=api, typed="sk_1\n").exit_code == 0
        assert credentials.find(api.url) == Credential("ann", api_key="sk_1")


def test_it_signs_in_by_aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_api({"POST /api/v1/auth/iam": {**TOLD, "person": "user/anna", "refresh_token": None}}) as api:
        assert sluice("login", "--aws", api=api).exit_code == 0
        assert "execute-api/aws4_request" in api.asked[-1][2]["authorization"]
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert "aws configure" in sluice("login", "--aws", api=api).stderr
    with serving_api({"POST /api/v1/auth/iam": Refusal(401, "not-signed-in")}) as api:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        assert sluice("login", "--aws", api=api).exit_code == 4
    assert sluice("login", "--aws", api=api).exit_code == 5


def test_it_says_what_is_wrong_and_keeps_nothing() -> None:
    with serving_api({"POST /api/v1/auth/login/json": Refusal(401, "credentials-invalid")}) as api:
        found = sluice("login", "ann", api=api, typed="wrong\n")
        assert (found.exit_code, "credentials-invalid" in found.stderr, credentials.find(api.url)) == (4, True, None)
        assert "no password came in" in sluice("login", "ann", api=api).stderr


@pytest.mark.parametrize("answer", [None, Refusal(401, "not-signed-in")])
def test_it_signs_out_also_where_the_session_is_over(answer: Any) -> None:
    with serving_api({"POST /api/v1/auth/logout": answer}) as api:
        credentials.save(api.url, Credential("ann", api_key="sk_1"))
        assert sluice("logout", api=api).exit_code == 0
        assert credentials.find(api.url) is None
        assert sluice("logout", api=api).exit_code == 4


def test_it_says_how_to_sign_in() -> None:
    with serving_api({"GET /api/v1/gates": Refusal(401, "not-signed-in")}) as api:
        assert "sluice login" in sluice("gates", api=api).stderr


PERSON = {"name": "bob", "kind": "person", "roles": ["viewer"], "disabled": False}


@pytest.mark.parametrize(
    ("command", "answers", "asked", "body", "shown"),
    [
        (["users", "list"], {"GET /api/v1/people": {"people": [PERSON]}}, "GET /api/v1/people", None, "viewer"),
        (
            ["users", "invite", "viewer", "--note", "Finn"],
            {"POST /api/v1/auth/invitations": {"invitation": "inv_x"}},
            "POST /api/v1/auth/invitations",
            {"roles": ["viewer"], "note": "Finn"},
            "inv_x",
        ),
        (["users", "roles", "bob", "viewer"], {"PATCH /api/v1/people/bob": PERSON}, "PATCH /api/v1/people/bob", {"roles": ["viewer"]}, "changed"),
        (["users", "disable", "bob"], {"PATCH /api/v1/people/bob": PERSON}, "PATCH /api/v1/people/bob", {"disabled": True}, "disabled"),
        (["users", "enable", "bob"], {"PATCH /api/v1/people/bob": PERSON}, "PATCH /api/v1/people/bob", {"disabled": False}, "enabled"),
        (["users", "remove", "bob"], {"DELETE /api/v1/people/bob": None}, "DELETE /api/v1/people/bob", None, "removed"),
        (["users", "reset", "bob"], {"POST /api/v1/people/bob/password": {"password": "p-w"}}, "POST /api/v1/people/bob/password", None, "p-w"),
        (
            ["users", "add-service", "ci", "operator"],
            {"POST /api/v1/service-accounts": {"name": "service:ci"}},
            "POST /api/v1/service-accounts",
            {"name": "ci", "roles": ["operator"]},
            "service:ci",
        ),
        (["keys", "list"], {"GET /api/v1/keys": {"keys": [{"id": "key_1", "name": "ci", "owner": "ann"}]}}, "GET /api/v1/keys", None, "key_1"),
        (
            ["keys", "make", "ci", "--for", "service:ci", "--scope", "run:read", "--days", "3"],
            {"POST /api/v1/keys": {"key": "sk_x"}},
            "POST /api/v1/keys",
            {"name": "ci", "owner": "service:ci", "scopes": ["run:read"], "expires_in_days": 3},
            "sk_x",
        ),
        (["keys", "delete", "key_1"], {"DELETE /api/v1/keys/key_1": None}, "DELETE /api/v1/keys/key_1", None, "deleted"),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, list) else None,
)
def test_it_looks_after_people_and_keys(command: list[str], answers: dict[str, Any], asked: str, body: Any, shown: str) -> None:
    with serving_api(answers) as api:
        found = sluice(*command, api=api)
        assert (found.exit_code, shown in found.stdout) == (0, True), found.output
        assert api.bodies(asked) == [body]
