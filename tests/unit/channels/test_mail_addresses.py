"""Reply addresses that cannot be made up, and Message-IDs by which a thread is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import ids
from chalicelib.channels.mail_addresses import (
    Purpose,
    ReplyToken,
    delivery_of,
    message_ids,
    own_message_id,
    reply_address,
    ses_message_id,
    sign,
    token_of,
)
from tests.factories.mails import KEY, OLD_KEY

KEYS = (KEY, OLD_KEY)
PREFIXES: dict[Purpose, str] = {"gate": "gate", "conversation": "conv", "message": "msg"}
tokens = st.builds(
    lambda purpose, meaning: ReplyToken(purpose, ids.derived_id(PREFIXES[purpose], meaning)), st.sampled_from(sorted(PREFIXES)), st.text()
)
LOCAL = st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_characters="@")


def address(token: ReplyToken, key: bytes = KEY) -> str:
    return reply_address("in.example.com", sign(key, token))


@given(tokens, st.sampled_from(KEYS))
def test_it_knows_what_it_signed_under_either_live_key(token: ReplyToken, key: bytes) -> None:
    made = address(token, key)
    assert token_of([made], KEYS) == token
    assert len(made.partition("@")[0]) <= 64


@given(tokens)
def test_it_bears_servers_that_change_the_case(token: ReplyToken) -> None:
    assert token_of([address(token).upper()], KEYS) == token
    assert token_of([f"<{address(token)}>"], KEYS) == token


@given(tokens, st.data())
def test_it_knows_no_token_with_one_letter_changed(token: ReplyToken, data: st.DataObject) -> None:
    local = address(token).partition("@")[0]
    at = data.draw(st.integers(0, len(local) - 1))
    letter = data.draw(LOCAL)
    edited = local[:at] + letter + local[at + 1 :]
    expected = token if edited.isascii() and edited.lower() == local else None
    assert token_of([f"{edited}@in.example.com"], KEYS) == expected


@given(tokens, st.data())
def test_it_knows_no_token_with_letters_more_or_less(token: ReplyToken, data: st.DataObject) -> None:
    local = address(token).partition("@")[0]
    at = data.draw(st.integers(2, len(local)))
    more = data.draw(st.text(LOCAL, min_size=1, max_size=5))
    assert token_of([f"{local[:at]}{more}{local[at:]}@in.example.com"], KEYS) is None
    assert token_of([f"{local[: at - 1]}{local[at:]}@in.example.com"], KEYS) is None


@given(tokens, tokens)
def test_it_knows_no_token_put_together_of_two(one: ReplyToken, other: ReplyToken) -> None:
    first, second = address(one), address(other)
    for at in range(3, 30):
        mixed = first[:at] + second[at:]
        assert token_of([mixed], KEYS) == {first: one, second: other}.get(mixed)


@given(tokens)
def test_it_knows_no_token_of_a_key_that_is_not_live(token: ReplyToken) -> None:
    assert token_of([address(token, b"x" * 32)], KEYS) is None
    assert token_of([address(token)], ()) is None


@given(st.lists(st.text(max_size=80), max_size=5))
def test_it_reads_any_recipients(recipients: list[str]) -> None:
    assert token_of(recipients, KEYS) is None


def test_it_believes_no_mail_that_answers_two_things() -> None:
    one, other = (ReplyToken("gate", ids.derived_id("gate", meaning)) for meaning in "ab")
    assert token_of([address(one), address(other)], KEYS) is None
    assert token_of(["robot@in.example.com", address(one), address(one).upper()], KEYS) == one


def test_it_signs_ids_of_the_purpose_alone_with_keys_that_are_keys() -> None:
    gate = ids.derived_id("gate", "a")
    with pytest.raises(ValueError, match="message"):
        sign(KEY, ReplyToken("message", gate))
    with pytest.raises(ValueError, match="16 bytes"):
        sign(b"short", ReplyToken("gate", gate))
    with pytest.raises(ValueError, match="reply address"):
        reply_address("in.example.com", "x\r\nBcc: y")
    with pytest.raises(ValueError, match="reply address"):
        reply_address("in.example.com\r\nBcc: y", sign(KEY, ReplyToken("gate", gate)))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_it_finds_a_delivery_by_its_message_id(delivery_id: str) -> None:
    made = own_message_id(delivery_id, "in.example.com")
    assert delivery_of(made, "IN.example.com") == delivery_id
    assert delivery_of(made, "other.example") is None


def test_it_makes_message_ids_of_atoms() -> None:
    assert own_message_id("run_1/tell//0.~", "in.example.com") == "<run_1=2Ftell=2F=2F0=2E=7E@in.example.com>"
    for unfit in ("", "x" * 201):
        with pytest.raises(ValueError, match="Message-ID"):
            own_message_id(unfit, "in.example.com")


@given(st.text(max_size=60))
def test_it_reads_any_message_id(text: str) -> None:
    found = delivery_of(f"<{text}@in.example.com>", "in.example.com")
    assert found is None or own_message_id(found, "in.example.com") == f"<{text}@in.example.com>"


def test_it_knows_how_ses_writes_message_ids() -> None:
    assert ses_message_id("0100-a", "us-east-1") == "<0100-a@email.amazonses.com>"
    assert ses_message_id("0102-b", "eu-west-1") == "<0102-b@eu-west-1.amazonses.com>"


def test_it_finds_message_ids_in_a_header() -> None:
    assert message_ids(" <a@b>\t<c.d@e> junk <f> <a@b>") == ("<a@b>", "<c.d@e>")
