"""Texts that fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.text_parts import Parts, clean, one_line, parted, shortened, size, with_last

TEXTS = st.lists(st.sampled_from([*"ab .\n", "😀", "é", "e\u0301", "👩\u200d🔧", "👍🏽"]), max_size=300).map("".join)


def letters(text: str) -> str:
    return "".join(text.split())


def test_it_counts_as_utf_16_does() -> None:
    assert (size(""), size("aé"), size("😀"), size("👩\u200d🔧")) == (0, 2, 2, 5)


@given(TEXTS, st.integers(1, 40))
def test_it_shortens_to_the_limit_and_says_how_much_is_gone(text: str, limit: int) -> None:
    shown, left = shortened(text, limit)
    assert size(shown) <= limit
    assert (shown == text) == (left == 0)
    assert left == 0 or (text.startswith(shown[:-1]) and len(shown) - 1 + left == len(text))


def test_it_never_cuts_a_letter_in_two() -> None:
    assert shortened("abc👩\u200d🔧def", 8) == ("abc…", 6)
    assert shortened("abe\u0301f", 5) == ("abe\u0301f", 0)
    assert shortened("abe\u0301fg", 4) == ("ab…", 4)
    assert shortened("ab👍🏽cd", 6) == ("ab…", 4)
    assert parted("ab👍🏽👍🏽", 6, at_most=9).texts == ("ab👍🏽", "👍🏽")


@given(TEXTS, st.integers(8, 40))
def test_it_loses_nothing_where_there_is_room(text: str, limit: int) -> None:
    found = parted(text, limit, at_most=400)
    assert found.left == 0
    assert all(0 < size(part) <= limit and part == part.strip() for part in found.texts)
    assert letters("".join(found.texts)) == letters(text)


@given(TEXTS, st.integers(8, 40), st.integers(1, 4))
def test_it_says_what_found_no_room(text: str, limit: int, at_most: int) -> None:
    found = parted(text, limit, at_most=at_most)
    assert len(found.texts) <= at_most
    assert all(size(part) <= limit for part in found.texts)
    shown = len(letters("".join(found.texts)))
    assert shown + found.left >= len(letters(text))
    assert (found.left == 0) == (letters("".join(found.texts)) == letters(text))


@given(TEXTS, st.integers(8, 20), st.integers(20, 40))
def test_it_keeps_the_end_whole(text: str, last: int, limit: int) -> None:
    found = with_last(text, last, limit, at_most=400)
    assert size(found.texts[-1]) <= last
    assert letters("".join(found.texts)) == letters(text)
    assert found.texts[-1] or not text.strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two three", ("one two", "three")),
        ("or so. Two", ("or so. Two",)),
        ("or so. Two three", ("or so.", "Two three")),
        ("one two\nthree", ("one two", "three")),
        ("o\n\ntwo threefour", ("o\n\ntwo", "threefour")),
        ("onetwothreefour", ("onetwothre", "efour")),
        ("  \n ", ()),
    ],
)
def test_it_cuts_where_a_reader_would(text: str, parts: tuple[str, ...]) -> None:
    assert parted(text, 10, at_most=9) == Parts(parts)


def test_it_begins_the_last_part_with_a_paragraph() -> None:
    text = "The long story.\n\nIt goes on.\n\nBook it?"
    assert with_last(text, 25, 100, at_most=9).texts == ("The long story.", "It goes on.\n\nBook it?")


def test_it_cleans() -> None:
    assert clean("a\x00b\x1b\ud800c\n\t😀👩\u200d🔧") == "abc\n\t😀👩\u200d🔧"
    assert one_line("  a\n\n b\x07\tc ") == "a b c"
