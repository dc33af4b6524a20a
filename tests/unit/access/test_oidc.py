"""Tokens of OpenID Connect issuers: the same principal, by configuration; and what is not taken of theirs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.access import issuers
from chalicelib.access.authenticate import by_credential
from chalicelib.access.issuers import forget_issuers
from chalicelib.access.members import change_organisation
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL, ROLES, Scope
from chalicelib.errors import NotSignedIn, SettingInvalid, Unavailable
from chalicelib.settings import read_settings
from chalicelib.store import people, table
from chalicelib.store.people_records import Member
from tests.factories.cloud import cloud
from tests.factories.credentials import token
from tests.fixtures.http_server import Reply, Request, serving

ISSUER = "https://login.corp.example"
KEY = rsa.generate_private_key(65537, 2048)


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


@dataclass
class Issuer:
    """A key set on loopback; `asked` counts how often it was fetched."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk(KEY, "k1", alg="RS256")])
    asked: int = 0
    status: int = 200

    def answer(self, request: Request) -> Reply:
        self.asked += 1
        return Reply(self.status, {"content-type": "application/json"}, json.dumps({"keys": self.keys}).encode())


@pytest.fixture
def corp() -> Iterator[Issuer]:
    made = Issuer()
    forget_issuers()
    with serving(made.answer) as server:
        settings = {
            "name": "corp",
            "issuer": ISSUER,
            "audience": "sluice-web",
            "jwks_url": f"http://{server.host}/keys",
            "person_claim": "email",
            "organisation": "org_local",
            "roles_claim": "groups",
            "roles": {"Flow Editors": "editor", "Flow Admins": "admin"},
            "default_roles": ["viewer"],
        }
        cognito = {
            **settings,
            "name": "pool",
            "issuer": f"{ISSUER}/pool",
            "audience_claim": "client_id",
            "person_claim": "sub",
            "organisation": "",
            "organisation_claim": "custom:org",
        }
        with cloud(SLUICE_OIDC=json.dumps([settings, cognito])):
            token("ann")  # makes the organisation
            yield made
    forget_issuers()


def told(key: Any = KEY, algorithm: str = "RS256", kid: str = "k1", **changes: Any) -> str:
    now = int(time.time())
    own = {
        "iss": ISSUER,
        "aud": "sluice-web",
        "sub": "42",
        "email": "eve@corp.example",
        "groups": ["Flow Editors", "Canteen"],
        "iat": now,
        "exp": now + 600,
    }
    return jwt.encode(
        {name: value for name, value in {**own, **changes}.items() if value is not None}, key, algorithm=algorithm, headers={"kid": kid}
    )


def who(credential: str) -> Principal:
    return by_credential(credential, fresh=True)


def test_it_makes_the_same_principal_of_an_issuers_token(corp: Issuer) -> None:
    found = who(told())
    assert (found.organisation_id, found.person, found.kind, sorted(found.roles)) == (
        "org_local",
        "corp:eve@corp.example",
        "oidc",
        ["editor", "viewer"],
    )
    assert found.scopes == ROLES["editor"]
    assert who(told(groups="Canteen Visitors")).scopes == ROLES["viewer"]
    change_organisation(Principal("org_local", "ann", scopes=ALL), preset="locked")
    assert Scope.WORKFLOW_WRITE not in who(told()).scopes


def test_it_reads_another_audience_claim_and_the_organisation_from_a_claim(corp: Issuer) -> None:
    pool: dict[str, Any] = {"iss": f"{ISSUER}/pool", "aud": None, "client_id": "sluice-web", "custom:org": "org_local"}
    assert who(told(**pool)).person == "pool:42"
    for wrong in ({"client_id": "another"}, {"client_id": None}, {"custom:org": "org_none"}, {"custom:org": None}, {"custom:org": "a#b"}):
        with pytest.raises(NotSignedIn):
            who(told(**{**pool, **wrong}))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"email": None},
        {"email": "a b"},
        {"email": "eve#x"},
        {"kid": "k2"},
        {"key": rsa.generate_private_key(65537, 2048)},
        {"key": ec.generate_private_key(ec.SECP256R1()), "algorithm": "ES256"},
        {"algorithm": "RS512"},
        {"key": "a secret of thirty-two characters", "algorithm": "HS256"},
    ],
    ids="-".join,
)
def test_it_takes_no_token_that_the_issuer_would_not_have_given(corp: Issuer, changes: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        who(told(**changes))


def test_it_takes_no_key_of_an_issuer_for_our_own_tokens(corp: Issuer) -> None:
    with pytest.raises(NotSignedIn):
        who(told(iss=issuers.own_issuer(), aud=issuers.own_issuer(), org="org_local", jti="x"))


def test_it_lets_in_nobody_who_was_shut_out_here(corp: Issuer) -> None:
    member = Member(organisation_id="org_local", name="corp:eve@corp.example", disabled=True, created_at="")
    table.write(people.member_write(member))
    with pytest.raises(NotSignedIn):
        who(told())


def test_it_leaves_out_keys_that_it_cannot_use(corp: Issuer) -> None:
    corp.keys += [{"kty": "oct", "kid": "s", "k": "c2VjcmV0"}, {"kty": "RSA", "kid": "broken"}, {"kty": "RSA"}, jwk(KEY, "enc", use="enc")]
    assert who(told()).person == "corp:eve@corp.example"
    assert set(issuers._HELD[ISSUER].keys) == {"k1"}


def test_it_fetches_the_keys_once_and_again_for_a_new_one_but_not_for_each(corp: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        who(told())
    for number in range(5):
        with pytest.raises(NotSignedIn):
            who(told(kid=f"none-{number}"))
    assert corp.asked == 1
    other = rsa.generate_private_key(65537, 2048)
    corp.keys.append(jwk(other, "k2", alg="RS256"))
    monkeypatch.setattr(issuers, "REREAD_SECONDS", 0)
    assert who(told(other, kid="k2")).person == "corp:eve@corp.example"
    assert corp.asked == 2


def test_it_goes_by_what_it_knew_where_the_keys_cannot_be_fetched(corp: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    corp.status = 500
    with pytest.raises(Unavailable):
        who(told())
    corp.status = 200
    who(told())
    corp.status = 500
    monkeypatch.setattr(issuers, "HELD_SECONDS", 0)
    assert who(told()).person == "corp:eve@corp.example"


def test_it_fetches_no_key_set_without_end(corp: Issuer) -> None:
    corp.keys = [{"kty": "RSA", "kid": "x", "n": "A" * 1_100_000}]
    with pytest.raises(Unavailable):
        who(told())


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"jwks_url": "http://corp.example/keys"},
        {"name": "Corp:x"},
        {"organisation_claim": "org"},
    ],
)
def test_it_takes_no_setting_that_would_open_a_door(changes: dict[str, Any]) -> None:
    own = {"name": "corp", "issuer": ISSUER, "audience": "a", "jwks_url": "https://corp.example/keys", "organisation": "org_local"}
    assert read_settings({"SLUICE_OIDC": json.dumps([own])}).oidc[0].name == "corp"
    with pytest.raises(SettingInvalid):
        read_settings({"SLUICE_OIDC": json.dumps([{**own, **changes}])})
