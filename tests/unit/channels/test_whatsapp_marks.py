"""Texts in WhatsApp's marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.whatsapp_marks import marked


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("*strong* and _soft_", "*strong* and _soft_"),
        ("**strong** and __strong__ and ***both***", "*strong* and *strong* and *_both_*"),
        ("~~gone~~", "~gone~"),
        ("# Title\ntext", "*Title*\ntext"),
        ("## **Title** ##", "*Title*"),
        ("* one\n  * two\n- three\n1. four", "- one\n  - two\n- three\n1. four"),
        ("[Docs](https://example.com/a_b)", "Docs (https://example.com/a_b)"),
        ("[https://example.com](https://example.com)", "https://example.com"),
        ("[](https://example.com)", "https://example.com"),
        ("![plan](https://example.com/p.png)", "plan (https://example.com/p.png)"),
        ("**[Docs](https://example.com)**", "*Docs (https://example.com)*"),
        ("`**code**` and ```\n# code\n```", "`**code**` and ```\n# code\n```"),
        ("https://example.com/__a__/**b", "https://example.com/__a__/**b"),
        ("snake__case__name 2 ** 3 ** 4", "snake__case__name 2 ** 3 ** 4"),
        ("5 * 3 = 15", "5 * 3 = 15"),
        ("a\x00" + "0\x00b", "a0b"),
        ("> quoted", "> quoted"),
    ],
)
def test_it_shows(told: str, shown: str) -> None:
    assert marked(told) == shown


@given(st.text(alphabet="*_~`#[]()! \nab\x00:/htps", max_size=60))
def test_it_loses_no_word(text: str) -> None:
    """Only marks may go."""
    letters = "abhtps"
    assert [letter for letter in marked(text) if letter in letters] == [letter for letter in text if letter in letters]
