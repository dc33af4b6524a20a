"""The keys of tokens: made once, rotated without a request that fails, found by containers that do not know them yet."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from chalicelib.access import signing_keys
from chalicelib.access.signing_keys import HELD_SECONDS, LEAD_SECONDS, REREAD_SECONDS, TOKEN_SECONDS
from chalicelib.access.tokens import mint, verify
from chalicelib.errors import NotSignedIn, Unavailable
from tests.factories.cloud import Cloud, cloud


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


class Clock:
    """The wall's and the container's clock, moved together."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        clocks = SimpleNamespace(time=lambda: time.time() + self._ahead, monotonic=lambda: time.monotonic() + self._ahead)
        patch.setattr(signing_keys, "time", clocks)

    def pass_(self, seconds: float) -> None:
        self._ahead += seconds


def reads(aws: Cloud) -> int:
    return aws.calls.count("secretsmanager:GetSecretValue")


def test_it_makes_one_first_key_whoever_asks_first(aws: Cloud) -> None:
    def ask(_: int) -> str:
        signing_keys.forget_signing_keys()
        return signing_keys.current().kid

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_it_reads_the_secret_once_in_a_while(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    for _ in range(5):
        verify(mint("ann", "org_local"))
    before = reads(aws)
    clock.pass_(HELD_SECONDS + 1)
    signing_keys.current()
    assert reads(aws) == before + 1


def test_it_rotates_without_a_token_that_fails(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, first = Clock(monkeypatch), signing_keys.current().kid
    made = signing_keys.rotate()
    assert made.kid != first
    assert {key["kid"] for key in signing_keys.key_set()} == {first, made.kid}
    assert signing_keys.current().kid == first  # until everybody knows the new one
    last = mint("ann", "org_local")
    clock.pass_(LEAD_SECONDS + 1)
    assert signing_keys.current().kid == made.kid
    assert verify(last).text("sub") == "ann"
    assert verify(mint("ann", "org_local")).text("sub") == "ann"


def test_it_drops_a_key_once_its_last_token_has_lapsed(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, first = Clock(monkeypatch), signing_keys.current().kid
    second = signing_keys.rotate().kid
    clock.pass_(LEAD_SECONDS + TOKEN_SECONDS)
    signing_keys.rotate()
    assert first in {key["kid"] for key in signing_keys.key_set()}
    clock.pass_(HELD_SECONDS + 200)
    signing_keys.rotate()
    assert first not in {key["kid"] for key in signing_keys.key_set()}
    assert second in {key["kid"] for key in signing_keys.key_set()}


def test_it_takes_up_a_key_that_another_container_signs_with(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    signing_keys.current()
    mine = dict(signing_keys._HELD.keys)
    other = signing_keys._new_key(int(time.time()) - 1)
    signing_keys._write([*mine.values(), other])
    read_at = signing_keys._HELD.read_at
    signing_keys.forget_signing_keys()
    token = mint("ann", "org_local")
    signing_keys._HELD.keys, signing_keys._HELD.read_at = mine, read_at
    clock.pass_(REREAD_SECONDS)
    assert verify(token).text("sub") == "ann"


def test_it_is_not_driven_to_read_by_ids_that_nobody_has(aws: Cloud) -> None:
    signing_keys.current()
    before = reads(aws)
    assert [signing_keys.public_key(f"sig_{number}") for number in range(50)] == [None] * 50
    assert reads(aws) == before


@pytest.mark.parametrize("operation", ["GetSecretValue", "CreateSecret"])
def test_it_says_that_the_keys_cannot_be_had(aws: Cloud, operation: str) -> None:
    aws.refuse(f"secretsmanager:{operation}", "InternalServiceError", status=500, times=9)
    with pytest.raises(Unavailable):
        mint("ann", "org_local")


def test_it_says_that_a_new_key_cannot_be_written(aws: Cloud) -> None:
    first = signing_keys.current().kid
    aws.refuse("secretsmanager:PutSecretValue", "InternalServiceError", status=500, times=9)
    with pytest.raises(Unavailable):
        signing_keys.rotate()
    assert signing_keys.current().kid == first


def test_it_keeps_the_private_key_out_of_the_public_set(aws: Cloud) -> None:
    (shown,) = signing_keys.key_set()
    assert set(shown) == {"kty", "crv", "use", "alg", "kid", "x"}
    with pytest.raises(NotSignedIn):
        verify(str(shown["x"]))
