"""What is new in a reply, from many mail programs; HTML as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.mail_html import text_of_html
from chalicelib.channels.mail_replies import MARKER, MAX_TEXT, new_text

ASKED = "Shall we book the hotel?\nApprove: https://sluice.example/g"
QUOTED = "> Shall we book the hotel?\n>\n> Approve: https://sluice.example/g"


@pytest.mark.parametrize(
    "copied",
    [
        f"On Mon, 4 May 2026 at 12:00, Sluice <r+x@in.example.com> wrote:\n> {MARKER}\n{QUOTED}",
        "On Mon, 4 May 2026 at 12:00, Sluice <r+x@in.example.com>\nwrote:\n\n> Approve",
        f"Am 04.05.2026 um 12:00 schrieb Sluice <r+x@in.example.com>:\n{QUOTED}",
        f"Le lun. 4 mai 2026 à 12:00, Sluice <r+x@in.example.com> a écrit :\n{QUOTED}",
        f"El lun, 4 may 2026 a las 12:00, Sluice (<r+x@in.example.com>) escribió:\n{QUOTED}",
        f"Op ma 4 mei 2026 om 12:00 schreef Sluice <r+x@in.example.com>:\n{QUOTED}",
        f"From: Sluice <r+x@in.example.com>\nSent: Monday, 4 May 2026 12:00\nTo: Anna\nSubject: Please look\n\n{ASKED}",
        f"*From:* Sluice <r+x@in.example.com>\n*Sent:* Monday, 4 May 2026 12:00\n*To:* Anna\n*Subject:* Please look\n\n{ASKED}",
        f"Von: Sluice <r+x@in.example.com>\nGesendet: Montag, 4. Mai 2026 12:00\nAn: Anna\nBetreff: Bitte\n\n{ASKED}",
        f"-----Original Message-----\nFrom: Sluice\n\n{ASKED}",
        f"{MARKER}\n\n{ASKED}",
        f"  {MARKER.upper()}\n\n{ASKED}",
        QUOTED,
        f"Ma 4.5.2026 klo 12.00 Sluice kirjoitti:\n\n{QUOTED}",
        f"Em seg., 4 de mai. de 2026 às 12:00, Sluice <\nr+x@in.example.com> escreveu:\n{QUOTED}",
        "-- \nAnna\nApprove & Sons",
    ],
)
@pytest.mark.parametrize("said", ["reject", "No.\n\nI will not pay that."])
def test_it_keeps_what_stands_above_what_was_copied(said: str, copied: str) -> None:
    assert new_text(f"{said}\n\n{copied}", is_reply=True) == said


@pytest.mark.parametrize(
    "copied",
    [
        f"From: Sluice <r+x@in.example.com>\nSent: Monday\nTo: Anna\nSubject: Please look\n\n{ASKED}\napprove",
        f"{MARKER}\n\napprove",
        "On Mon, 4 May 2026 at 12:00, Sluice wrote:\napprove",
        "> approve",
        "From: Sluice <r+x@in.example.com>\nSent: Monday\nTo: Anna\nSubject: Please look:\n\n> what?\napprove",
        "From: Sluice\nSubject: Please look\n\n> what?\napprove",
        f"{MARKER}\n> what?\napprove",
        "From: Sluice\nSubject: Please look\nHello Anna:\n> what?\napprove",
        "-----Original Message-----\n> what?\napprove",
        "",
    ],
)
def test_it_takes_nothing_old_for_new_where_nothing_was_written(copied: str) -> None:
    assert new_text(copied, is_reply=True) == ""


def test_it_finds_what_is_written_below_a_marked_quote() -> None:
    quote = f"On Mon, 4 May 2026 at 12:00, Sluice wrote:\n> {MARKER}\n> Approve?\n"
    assert new_text(f"{quote}\nreject, too dear\n-- \nAnna", is_reply=True) == "reject, too dear"


def test_it_leaves_out_quotes_between_answers() -> None:
    assert new_text("> first?\nyes\n> second?\nno", is_reply=True) == "yes\nno"


def test_it_leaves_a_mail_that_answers_none_as_it_is() -> None:
    told = "Bob told me:\n\nOn Monday Anna wrote:\n> approve\n\n--\nAnna"
    assert new_text(told, is_reply=False) == told
    assert new_text(f"yes\n{MARKER}\nno", is_reply=False) == "yes"


def test_it_keeps_a_line_with_a_colon_that_is_no_attribution() -> None:
    assert new_text("My answer:\n> what?\nyes", is_reply=True) == "My answer:\nyes"


def test_it_keeps_lists() -> None:
    assert new_text("buy:\n- milk\n- eggs\n", is_reply=True) == "buy:\n- milk\n- eggs"


@pytest.mark.parametrize(
    "hostile",
    ["On " + "a " * 40_000, "From:" + " *" * 40_000, "\n" * 80_000, "> " * 40_000, "From: a\nx\n" * 8_000, "On\n" * 26_000,
     ("On " + "a " * 140 + "\n") * 280, "Den " + "x" * 80_000, "2026\u5e741\u67081\u65e5" * 9_000, "-" * 80_000, "*" * 80_000],
)  # fmt: skip
def test_it_comes_to_an_end(hostile: str) -> None:
    """The library's expressions would take minutes over some of these as they stand."""
    assert len(new_text(hostile, is_reply=True)) <= MAX_TEXT


@given(st.text(st.sampled_from("> \nOnwrote:From Sent*#-a")), st.booleans())
def test_it_reads_any_text_and_adds_nothing(text: str, is_reply: bool) -> None:
    found = new_text(text, is_reply=is_reply)
    assert set(found.split("\n")) <= {line.rstrip() for line in text.split("\n")} | {line.strip() for line in text.split("\n")} | {""}


@pytest.mark.parametrize(
    "page",
    [
        '<div dir="ltr">reject</div><br><div class="gmail_quote"><div dir="ltr">On Mon Sluice wrote:<br></div><blockquote>approve</blockquote></div>',
        '<p>reject</p><hr><div id="divRplyFwdMsg"><b>From:</b> Sluice</div><div>approve</div>',
        "<div>reject</div><blockquote><div>a<blockquote>approve</blockquote>approve</div>approve</blockquote>",
        f"<p>reject</p><p>{MARKER}</p><p>approve</p>",
        "<p>reject<!-- approve --></p><!-- approve",
        "<head><title>approve</title></head><style>approve</style><body>reject</body>",
    ],
)
def test_it_tells_what_is_new_in_html(page: str) -> None:
    assert new_text(text_of_html(page), is_reply=True) == "reject"


def test_it_goes_on_after_a_quote() -> None:
    page = "<div>one</div><blockquote><div>old</div></blockquote><div>two</div>"
    assert text_of_html(page) == "one\n> old\ntwo"


def test_it_writes_html_as_people_read_it() -> None:
    page = "<h1>A &lt; B</h1><p>one  two<br>three &nbsp;</p><ul><li>x</li><li>y</li></ul><table><tr><td>a</td></tr></table><b><i>loose"
    assert text_of_html(page) == "A < B\n\none two\nthree\n- x\n- y\na\nloose"


@pytest.mark.parametrize("piece", ["<a b=", "<a ", '<a "', "<!--", "<![", "<!", "</", "<", "&", "<div>", "<blockquote>", "</div>", "<a b='"])
def test_it_comes_to_an_end_of_html(piece: str) -> None:
    """The standard library's parser takes half a minute over some of these, and breaks at others."""
    assert len(text_of_html(piece * (100_000 // len(piece)))) <= 110_000


@given(st.text(st.sampled_from("<>/!-?abp &;=\"'\nblockquote")))
def test_it_reads_any_html(page: str) -> None:
    assert isinstance(text_of_html(page), str)
