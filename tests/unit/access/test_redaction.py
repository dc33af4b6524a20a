"""Secrets are taken out of what is recorded, in every form in which a tool may give them back."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.redaction import Redaction
from chalicelib.spec.model import Json

TOKEN = 'tök/en+"<7>& ~\\x'
REDACTION = Redaction({"crm_token": TOKEN})
TOLD = "(secret crm_token)"


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        re.sub("%..", lambda hit: hit.group().lower(), quote(TOKEN, safe="")),
        quote_plus(TOKEN),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
        repr(TOKEN)[1:-1],
        html.escape(TOKEN),
        TOKEN.encode().hex(),
        TOKEN.encode().hex().upper(),
    ],
)
def test_it_finds_a_secret_however_it_is_written(written: str) -> None:
    assert REDACTION.text(f"at https://x.test/?t={written}&u=1") == f"at https://x.test/?t={TOLD}&u=1"


@given(before=st.binary(max_size=7), after=st.binary(max_size=7), value=st.text(st.characters(codec="utf-8"), min_size=6, max_size=40))
def test_it_finds_a_secret_inside_base64_at_any_offset(before: bytes, after: bytes, value: str) -> None:
    if len(value.strip()) < 6:
        return
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(before + value.encode() + after).decode()
        told = Redaction({"s": value}).text(encoded)
        assert "(secret s)" in told
        assert encoded not in told


def test_it_finds_names_numbers_and_what_lies_deep() -> None:
    redaction = Redaction({"pin": "123456"})
    given: Json = {"123456": [{"n": 123456, "f": 0.5, "t": True, "none": None}, "x123456y"]}
    assert redaction.json(given) == {"(secret pin)": [{"n": "(secret pin)", "f": 0.5, "t": True, "none": None}, "x(secret pin)y"]}


@pytest.mark.parametrize("length", range(6, 12))
def test_it_finds_a_secret_that_was_cut_off(length: int) -> None:
    assert Redaction({"s": "abcabcabcdef"}).text("the answer was: " + "abcabcabcdef"[:length]) == "the answer was: (secret s)"


@pytest.mark.parametrize("mark", ["\ufffd", "…", "...", " [...]"])
def test_it_finds_a_secret_that_was_cut_off_with_a_mark(mark: str) -> None:
    assert Redaction({"s": "abcdefghi"}).text(f"said: abcdefg{mark}") == "said: (secret s)"


@pytest.mark.parametrize("text", ["", "short", "nothing of it", "abcab", "an end like abcde"])
def test_it_leaves_other_texts_alone(text: str) -> None:
    assert Redaction({"s": "abcdefgh"}).text(text) == text


def test_it_leaves_short_values_alone() -> None:
    assert Redaction({"s": "12345"}).json({"n": "12345678"}) == {"n": "12345678"}
    assert Redaction({}).text("anything at all") == "anything at all"


def test_it_finds_a_value_without_the_blanks_around_it() -> None:
    assert Redaction({"s": "  hunter22\n"}).text("sent hunter22.") == "sent (secret s)."


def test_it_takes_the_longer_of_two_secrets_that_begin_alike() -> None:
    redaction = Redaction({"a": "abcdef", "b": "abcdefghi"})
    assert redaction.text("abcdefghi and abcdef!") == "(secret b) and (secret a)!"
