"""Access tokens: what is taken, and everything that must not be."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.access import signing_keys
from chalicelib.access.issuers import own_issuer
from chalicelib.access.tokens import mint, verify
from chalicelib.errors import NotSignedIn
from tests.factories.cloud import Cloud, cloud

Forge = Callable[[], str]


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that hold, with changes; None leaves one out."""
    now = int(time.time())
    own = {"iss": own_issuer(), "aud": own_issuer(), "sub": "ann", "org": "org_local", "iat": now, "exp": now + 1800, "jti": "jti_1"}
    return {name: value for name, value in {**own, **changes}.items() if value is not None}


def signed(values: dict[str, Any], key: Any = None, algorithm: str = "EdDSA", **header: Any) -> str:
    current = signing_keys.current()
    headers = {"kid": current.kid, "typ": "at+jwt", **header}
    return jwt.encode(values, current.key() if key is None else key, algorithm=algorithm, headers=headers)


def by_hand(header: dict[str, Any], values: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    body = b".".join(encoded(json.dumps(each).encode()) for each in (header, values))
    return (body + b"." + encoded(sign(body))).decode()


def encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def own_header(**changes: Any) -> dict[str, Any]:
    return {"alg": "EdDSA", "typ": "at+jwt", "kid": signing_keys.current().kid, **changes}


def with_public_key_as_secret() -> str:
    """The key is public; whoever takes the token's word for the algorithm checks an HMAC with it."""
    pem = signing_keys.current().key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return by_hand(own_header(alg="HS256"), claims(), lambda body: hmac.digest(pem, body, hashlib.sha256))


def with_raw_public_key_as_secret() -> str:
    raw = signing_keys.current().key().public_key().public_bytes_raw()
    return by_hand(own_header(alg="HS512"), claims(), lambda body: hmac.digest(raw, body, hashlib.sha512))


def with_own_key_in(header: str) -> str:
    """Signed by a stranger, whose key the token brings along."""
    stranger = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(stranger.public_key().public_bytes_raw()).decode(), "kid": "own"}
    brought: dict[str, Any] = {"jku": "https://evil.example/jwks", "x5u": "https://evil.example/chain", "jwk": jwk}
    return signed(claims(), stranger, "EdDSA", **{header: brought[header]})


def edited(**changes: Any) -> str:
    head, _, signature = signed(claims()).split(".")
    return f"{head}.{encoded(json.dumps(claims(**changes)).encode()).decode()}.{signature}"


def dropped_key() -> str:
    """Signed by a key that was dropped: two rotations ago, and long enough."""
    old = signing_keys.current()
    token = signed(claims())
    signing_keys._write([signing_keys._new_key(int(time.time()) - 5)])
    signing_keys.forget_signing_keys()
    assert old.kid not in {key["kid"] for key in signing_keys.key_set()}
    return token


def now(seconds: int) -> int:
    return int(time.time()) + seconds


FORGED: dict[str, Forge] = {
    "no-signature": lambda: by_hand(own_header(alg="none"), claims(), lambda body: b""),
    "no-signature-in-capitals": lambda: by_hand(own_header(alg="NONE"), claims(), lambda body: b""),
    "signature-stripped": lambda: signed(claims()).rpartition(".")[0] + ".",
    "public-key-as-secret": with_public_key_as_secret,
    "raw-public-key-as-secret": with_raw_public_key_as_secret,
    "empty-secret": lambda: by_hand(own_header(alg="HS256"), claims(), lambda body: hmac.digest(b"", body, hashlib.sha256)),
    "rsa": lambda: signed(claims(), rsa.generate_private_key(65537, 2048), "RS256"),
    "ecdsa": lambda: signed(claims(), ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "a-strangers-key": lambda: signed(claims(), Ed25519PrivateKey.generate()),
    "key-in-jwk": lambda: with_own_key_in("jwk"),
    "key-at-jku": lambda: with_own_key_in("jku"),
    "key-at-x5u": lambda: with_own_key_in("x5u"),
    "own-key-with-jku": lambda: signed(claims(), jku="https://evil.example/jwks"),
    "critical-header": lambda: by_hand(own_header(crit=["b64"], b64=False), claims(), signing_keys.current().key().sign),
    "dropped-key": dropped_key,
    "unknown-kid": lambda: signed(claims(), kid="sig_none"),
    "kid-as-path": lambda: signed(claims(), kid="../../dev/null"),
    "no-kid": lambda: by_hand({"alg": "EdDSA", "typ": "at+jwt"}, claims(), signing_keys.current().key().sign),
    "kid-is-no-text": lambda: by_hand(own_header(kid=["x"]), claims(), signing_keys.current().key().sign),
    "another-type": lambda: signed(claims(), typ="JWT"),
    "edited-subject": lambda: edited(sub="admin"),
    "edited-organisation": lambda: edited(org="org_other"),
    "edited-scope": lambda: edited(scope="org:admin"),
    "expired": lambda: signed(claims(iat=now(-4000), exp=now(-2000))),
    "expired-a-minute-ago": lambda: signed(claims(exp=now(-60))),
    "no-expiry": lambda: signed(claims(exp=None)),
    "expiry-is-no-number": lambda: by_hand(own_header(), claims(exp="never"), signing_keys.current().key().sign),
    "made-in-the-future": lambda: signed(claims(iat=now(3600), exp=now(7200))),
    "not-yet": lambda: signed(claims(nbf=now(3600))),
    "another-audience": lambda: signed(claims(aud="sluice:other:local")),
    "no-audience": lambda: signed(claims(aud=None)),
    "another-issuer": lambda: signed(claims(iss="https://evil.example")),
    "no-issuer": lambda: signed(claims(iss=None)),
    "issuer-is-a-list": lambda: by_hand(own_header(), claims(iss=[own_issuer()]), signing_keys.current().key().sign),
    "no-subject": lambda: signed(claims(sub=None)),
    "empty-subject": lambda: signed(claims(sub="")),
    "subject-is-a-number": lambda: by_hand(own_header(), claims(sub=7), signing_keys.current().key().sign),
    "no-organisation": lambda: signed(claims(org=None)),
    "no-id": lambda: signed(claims(jti=None)),
    "no-time": lambda: signed(claims(iat=None)),
    "two-dots-more": lambda: signed(claims()) + ".a.b",
    "too-long": lambda: signed(claims(more="x" * 10_000)),
    "nothing": lambda: "",
    "no-token": lambda: "a.b.c",
    "no-object": lambda: f"{encoded(b'[]').decode()}.{encoded(b'[]').decode()}.",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_it_takes_no_forged_token(forge: Forge) -> None:
    with pytest.raises(NotSignedIn) as refused:
        verify(forge())
    assert str(refused.value) == "the token is not valid, or no longer; sign in again"


def test_it_takes_its_own() -> None:
    found = verify(mint("ann", "org_local", session_id="s1", scopes=["run:read"], pgen=2))
    assert (found.text("sub"), found.text("org"), found.text("sid"), found.text("scope")) == ("ann", "org_local", "s1", "run:read")
    assert (found.number("pgen"), found.number("exp") - found.number("iat"), found.number("sub"), found.text("pgen")) == (2, 1800, 0, "")
    assert verify(signed(claims())).text("sub") == "ann"  # or the forged ones would prove nothing


def test_it_allows_for_clocks_that_differ_a_little() -> None:
    assert verify(signed(claims(exp=now(-5)))).text("sub") == "ann"
    assert verify(signed(claims(iat=now(5)))).text("sub") == "ann"
