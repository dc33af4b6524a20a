"""Whether a webhook is Meta's."""

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.meta_signature import challenge_of, is_signed


def signed(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_it_knows_its_own_secret_alone(body: bytes, secret: str, other: str) -> None:
    header = signed(body, secret)
    assert is_signed(body, header, [secret])
    assert is_signed(body, header, [other, secret])
    assert is_signed(body, header, [secret, other])
    assert is_signed(body, header, [other]) == (secret == other)
    assert not is_signed(body + b" ", header, [secret])


def test_it_knows_a_signature_that_is_known_from_elsewhere() -> None:
    """RFC 4231, test case 2."""
    header = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert is_signed(b"what do ya want for nothing?", header, ["Jefe"])


def test_it_signs_the_bytes_and_not_what_they_mean() -> None:
    """Meta writes letters beyond ASCII as escapes; read and written again, a body has other bytes."""
    body = b'{"text":"\\u00fc\\ud83d\\ude00"}'
    header = signed(body, "s")
    assert is_signed(body, header, ["s"])
    assert not is_signed(json.dumps(json.loads(body), ensure_ascii=False).encode(), header, ["s"])


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_it_refuses_without_a_secret(secrets: tuple[str, ...]) -> None:
    assert not is_signed(b"{}", signed(b"{}", ""), secrets)


CHANGES: list[Callable[[str], str]] = [str.upper, lambda header: header[:-1], lambda header: header + "\n", lambda header: header[7:], lambda _: "ü"]


@pytest.mark.parametrize("change", CHANGES)
def test_it_refuses_a_header_of_another_form(change: Callable[[str], str]) -> None:
    header = signed(b"{}", "s")
    assert is_signed(b"{}", header, ["s"])
    assert not is_signed(b"{}", change(header), ["s"])
    assert not is_signed(b"{}", "", ["s"])


ASKED = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "öffne"}


def test_it_answers_a_handshake_with_the_challenge() -> None:
    assert challenge_of(ASKED, "öffne") == "1158201444"


@pytest.mark.parametrize(
    ("query", "token"),
    [
        (ASKED, "other"),
        (ASKED, ""),
        ({**ASKED, "hub.verify_token": ""}, ""),
        ({**ASKED, "hub.mode": "unsubscribe"}, "öffne"),
        ({**ASKED, "hub.challenge": ""}, "öffne"),
        ({**ASKED, "hub.challenge": "<script>"}, "öffne"),
        ({**ASKED, "hub.challenge": "1\n"}, "öffne"),
        ({}, "öffne"),
    ],
)
def test_it_answers_no_other_handshake(query: dict[str, str], token: str) -> None:
    assert challenge_of(query, token) is None
