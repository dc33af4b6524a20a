"""Messages as mails: both forms, headers that nobody can break into, and what was cut."""

import re
from dataclasses import replace
from email import message_from_string
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import ids
from chalicelib.channels.inbound import Address, TextCame
from chalicelib.channels.mail_addresses import ReplyToken, token_of
from chalicelib.channels.mail_marks import html_of, plain_of
from chalicelib.channels.mail_parse import parse_mail
from chalicelib.channels.mail_render import (
    MAX_CHOICES,
    MAX_RAW_BYTES,
    MAX_SUBJECT,
    MAX_TEXT,
    MAX_TITLE,
    Thread,
    Unsubscribe,
    delivery_of_tag,
    render_mail,
)
from chalicelib.channels.mail_replies import MARKER
from chalicelib.channels.outbound import (
    Choice,
    Choices,
    Content,
    Cut,
    Location,
    Media,
    Message,
    Reaction,
    Rendered,
    Seen,
    Template,
    Text,
)
from tests.factories.mails import ANNA, MAILBOX, mail

GATE = ReplyToken("gate", ids.derived_id("gate", "a"))


def message(content: Content, delivery_id: str = "msg_1", **more: str) -> Message:
    return Message((Address("phone", "491"), ANNA), content, delivery_id, more.get("reply_to"))


def rendered(content: Content, thread: Thread = Thread()) -> Rendered:  # noqa: B008  (it is frozen)
    return render_mail(message(content), MAILBOX, thread)


def mime(found: Rendered) -> EmailMessage:
    return message_from_string(str(found.bodies[0]["raw"]), policy=default)


def said(found: Rendered, subtype: str) -> str:
    part = mime(found).get_body((subtype,))
    assert isinstance(part, EmailMessage)
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def test_it_says_the_same_as_text_and_as_html() -> None:
    found = rendered(Text("Hello *there*, _you_\n\n- one <1>\n- [two](https://a.example/?b=c&d)\n", "Grüße"))
    assert said(found, "plain") == f"{MARKER}\n\nHello *there*, _you_\n\n- one <1>\n- two (https://a.example/?b=c&d)\n"
    assert "<p>Hello <strong>there</strong>, <em>you</em></p>" in said(found, "html")
    assert '<ul><li>one &lt;1&gt;</li><li><a href="https://a.example/?b=c&amp;d">two</a></li></ul>' in said(found, "html")
    assert mime(found)["Subject"] == "Grüße"
    assert found.cuts == ()


def test_it_asks_with_links_that_lead_to_pages() -> None:
    choices = (Choice("p1", "Approve", "for all", "https://sluice.example/g?c=1&d"), Choice("p2", "No"))
    found = rendered(Choices("Shall we?", choices, "A question", "Until noon."))
    assert said(found, "plain") == (f"{MARKER}\n\nShall we?\n\n1. Approve (for all)\n   https://sluice.example/g?c=1&d\n2. No\n\nUntil noon.\n")
    assert re.search(r'<a href="https://sluice.example/g\?c=1&amp;d" style="[^"]+">Approve</a><br>for all', said(found, "html"))
    assert "<p>2. No</p>" in said(found, "html")
    assert "p1" not in str(found.bodies[0]["raw"])
    assert found.cuts == (Cut("numbered", "choices", 1),)


def test_it_marks_mails_as_a_machines_and_as_ours() -> None:
    begins = mime(rendered(Text("x")))
    assert [begins[name] for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Loop", "To", "From")] == [
        "auto-generated",
        "All",
        "sluice-one",
        "anna@client.example",
        "Sluice <robot@in.example.com>",
    ]
    for absent in ("Reply-To", "In-Reply-To", "List-Unsubscribe", "Date", "Message-ID", "Bcc"):
        assert absent not in begins


def test_it_goes_on_with_a_thread() -> None:
    long = f"<{'a' * 200}@x.example>"
    found = mime(rendered(Text("x"), Thread(("no id", long, "<b@y.example>"), GATE, "RE: re: The hotel")))
    assert found["References"] == f"{long} <b@y.example> <msg_1@in.example.com>"
    assert found["In-Reply-To"] == "<b@y.example>"
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["Subject"] == "Re: The hotel"
    assert token_of([str(found["Reply-To"])], MAILBOX.keys) == GATE
    assert max(len(line) for line in str(rendered(Text("x"), Thread((long,) * 30)).bodies[0]["raw"]).split("\r\n")) < 998


def test_it_offers_to_unsubscribe_where_that_is_asked() -> None:
    many = replace(MAILBOX, unsubscribe=Unsubscribe("https://sluice.example/u?t=1", "stop@in.example.com"))
    found = mime(render_mail(message(Text("x")), many, Thread()))
    assert found["List-Unsubscribe"] == "<https://sluice.example/u?t=1>, <mailto:stop@in.example.com>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for unfit in ("http://sluice.example/u", "https://x.example/>\r\nBcc: y"):
        with pytest.raises(ValueError, match="https"):
            render_mail(message(Text("x")), replace(MAILBOX, unsubscribe=Unsubscribe(unfit)), Thread())


def test_it_makes_the_same_bytes_of_the_same_message() -> None:
    assert rendered(Text("x", "y")) == rendered(Text("x", "y"))
    assert rendered(Text("x")) != rendered(Text("z"))


def test_it_links_files_and_places() -> None:
    file = rendered(Media("document", url="https://a.example/f.pdf", file_name="[f].pdf", caption="Look:"))
    assert said(file, "plain").endswith("Look:\n\nf.pdf: https://a.example/f.pdf\n")
    assert '<a href="https://a.example/f.pdf">f.pdf</a>' in said(file, "html")
    place = rendered(Location(50.5, 4.25, "Inn", "Street 1"))
    assert "Inn\nStreet 1\nhttps://www.openstreetmap.org/?mlat=50.5&mlon=4.25" in said(place, "plain")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (Template("hello", "en"), "template"),
        (Reaction("m", "+"), "reaction"),
        (Seen("m"), "receipt"),
        (Media("image", "an-id"), "file"),
        (Media("image", url="javascript:x"), "file"),
    ],
)
def test_it_says_what_a_mail_cannot_hold(content: Content, what: str) -> None:
    found = rendered(content)
    assert (found.bodies, found.cuts) == ((), (Cut("dropped", what, 1),))


def test_it_cuts_what_is_too_long_and_says_how_much() -> None:
    found = rendered(Text("ü" * (MAX_TEXT + 7), "s" * (MAX_SUBJECT + 1)))
    assert found.cuts == (Cut("shortened", "text", 9), Cut("shortened", "subject", 3))
    assert said(found, "plain").strip().endswith("ü …")
    assert len(str(mime(found)["Subject"])) == MAX_SUBJECT
    many = rendered(
        Choices("x", tuple(Choice("p", "t" * (MAX_TITLE + 1), "d" * (MAX_TITLE + 2), "https://x.example") for _ in range(MAX_CHOICES + 2)))
    )
    assert many.cuts[:2] == (Cut("shortened", "title", 3), Cut("shortened", "description", 4))
    assert many.cuts[-1] == Cut("dropped", "choices", 2)


BREAKS = ["\r\nBcc: x@y.example", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ud800"]


@pytest.mark.parametrize("at_break", BREAKS)
def test_it_refuses_line_breaks_in_headers(at_break: str) -> None:
    evil = f"a{at_break}b"
    with pytest.raises(ValueError, match="line"):
        rendered(Text("x", evil))
    with pytest.raises(ValueError, match="line"):
        rendered(Text("x", f"a{at_break}"))
    with pytest.raises(ValueError, match="line"):
        rendered(Text("x"), Thread(subject=evil))
    with pytest.raises(ValueError, match="line"):
        render_mail(message(Text("x")), replace(MAILBOX, name=evil), Thread())
    with pytest.raises(ValueError, match="line"):
        render_mail(message(Text("x")), replace(MAILBOX, loop_id=evil), Thread())
    with pytest.raises(ValueError, match="address"):
        render_mail(message(Text("x")), replace(MAILBOX, address=f"a@b.example{at_break}"), Thread())
    with pytest.raises(ValueError, match="address"):
        render_mail(Message((Address("email", f"a@b.example{at_break}"),), Text("x"), "k"), MAILBOX, Thread())


@pytest.mark.parametrize(
    "link", ["https://x.example/\r\ny", "https://x.example/ y", 'https://x.example/"', "javascript:x", "x", "mailto:a@b.example"]
)
def test_it_links_choices_to_web_addresses_alone(link: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        rendered(Choices("x", (Choice("p", "t", link=link),)))


@pytest.mark.parametrize("to", ["anna", "anna@", "a b@c.example", "ännä@c.example", "a@b.example, c@d.example", "<a@b.example>", "a@b.example>"])
def test_it_sends_to_whole_addresses_alone(to: str) -> None:
    with pytest.raises(ValueError, match="address"):
        render_mail(Message((Address("email", to),), Text("x"), "k"), MAILBOX, Thread())


def test_it_needs_a_mail_address() -> None:
    with pytest.raises(ValueError, match="no mail address"):
        render_mail(Message((Address("phone", "491"),), Text("x"), "k"), MAILBOX, Thread())


TEXTS = st.text(max_size=200)
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
CHOICE = st.builds(Choice, st.just("p"), TEXTS, TEXTS, st.sampled_from(["", "https://x.example/g?a=b"]))
CONTENTS = st.one_of(
    st.builds(Text, TEXTS, LINE),
    st.builds(Choices, TEXTS, st.lists(CHOICE, max_size=60).map(tuple), LINE, TEXTS),
    st.builds(Media, st.just("document"), st.just(""), st.sampled_from(["", "https://x.example/f"]), st.just(""), TEXTS, TEXTS),
)


@given(CONTENTS)
def test_it_renders_anything_within_the_limits(content: Content) -> None:
    found = rendered(content)
    for body in found.bodies:
        raw = str(body["raw"])
        assert raw.isascii()
        assert len(raw) <= MAX_RAW_BYTES
        head, _, rest = raw.partition("\r\n\r\n")
        assert "\n" not in raw.replace("\r\n", "")
        assert all(len(line) <= 998 for line in head.split("\r\n"))
        assert all(len(line) <= 78 for line in rest.split("\r\n"))
        names = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
        assert names == [
            "Content-Type",
            "MIME-Version",
            "From",
            "To",
            "References",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "X-Loop",
            "Subject",
        ]


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_it_keeps_every_character_that_can_be_shown(text: str) -> None:
    found = rendered(Text(text))
    wanted = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert found.cuts == ()
    assert said(found, "plain") == f"{MARKER}\n\n{wanted.strip(chr(10)) or ' '}\n"


@pytest.mark.parametrize("size", [MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1])
@pytest.mark.parametrize("letter", ["x", "\U0001f600", '"', "*a*_b_\n- "])
def test_it_stays_below_what_ses_slows_down(size: int, letter: str) -> None:
    found = rendered(Text((letter * size)[:size]))
    assert len(str(found.bodies[0]["raw"])) < MAX_RAW_BYTES
    assert bool(found.cuts) == (size > MAX_TEXT)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=100))
def test_it_tags_a_mail_with_its_delivery(delivery_id: str) -> None:
    tags = render_mail(message(Text("x"), delivery_id), MAILBOX, Thread()).bodies[0]["tags"]
    assert isinstance(tags, dict)
    (value,) = tags.values()
    assert isinstance(value, str)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", value)
    assert delivery_of_tag(value) == delivery_id or len(value) > 256


def test_it_reads_no_tag_that_it_did_not_write() -> None:
    assert delivery_of_tag("ä") == delivery_of_tag("a") == delivery_of_tag("____") == ""


def test_it_knows_its_own_mails_when_they_come_back() -> None:
    raw = str(rendered(Text("approve"), Thread(answered=GATE)).bodies[0]["raw"]).encode()
    (came,) = parse_mail(replace(mail(), raw=raw), MAILBOX, channel="email")
    assert isinstance(came, TextCame)
    assert (came.text, came.origin.echo, came.origin.automatic) == ("", True, True)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('[x](https://a.example/"onclick=y)', "<p>[x](https://a.example/&quot;onclick=y)</p>"),
        ("[<b>](https://a.example/&lt)", '<p><a href="https://a.example/&amp;lt">&lt;b&gt;</a></p>'),
        ("**a** 2*3*4 snake_case_name * b", "<p><strong>a</strong> 2*3*4 snake_case_name * b</p>"),
        ("1. a\n2) b\n\n\nc\nd", "<ol><li>a</li><li>b</li></ol>\n<p>c<br>d</p>"),
        ("", ""),
    ],
)
def test_it_makes_nothing_but_the_simple_marks_into_html(text: str, page: str) -> None:
    assert html_of(text) == page


@given(st.text(st.sampled_from("<>&\"'*_-[]()\n 1.a:/https")))
def test_it_escapes_everything_else(text: str) -> None:
    tags = set(re.findall(r"<[^>]*>", html_of(text)))
    assert all(re.fullmatch(r"</?(?:p|br|ul|ol|li|strong|em|a)>|<a href=\"(?:https?://|mailto:)[^\"<>]*\">", tag) for tag in tags)
    assert "<" not in re.sub(r"<[^>]*>", "", html_of(text))


@pytest.mark.parametrize(
    "hostile", ["[" * 50_000, "[a](" * 12_000, "*a" * 25_000, "_a" * 25_000, "[a](https://" * 4_000, "- " * 25_000, "*" * 50_000]
)
def test_it_comes_to_an_end_of_marks(hostile: str) -> None:
    assert plain_of(hostile) == hostile
    assert html_of(hostile)
