"""Mails that come in: what they say, what comes with them, what they answer."""

import hashlib
from dataclasses import replace
from email import message_from_bytes
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import ids
from chalicelib.channels.inbound import MediaCame, Origin, TextCame, Unknown
from chalicelib.channels.mail_addresses import ReplyToken, own_message_id, reply_address, sign
from chalicelib.channels.mail_parse import parse_mail
from chalicelib.channels.mail_parts import MAX_CONTAINERS, MAX_DEPTH, MAX_PARTS, MAX_RAW_BYTES, part_bytes
from chalicelib.channels.mail_receipts import InboundMail
from tests.factories.mails import ANNA, FROM_ANNA, MAILBOX, OLD_KEY, mail, raw_mail


def text_of(found: InboundMail) -> TextCame:
    came = parse_mail(found, MAILBOX, channel="email")[0]
    assert isinstance(came, TextCame)
    return came


def files_of(found: InboundMail) -> list[MediaCame]:
    return [came for came in parse_mail(found, MAILBOX, channel="email") if isinstance(came, MediaCame)]


def of_parts(part: MIMEBase) -> InboundMail:
    part["From"] = "anna@client.example"
    return replace(mail(), raw=part.as_bytes())


def test_it_tells_who_wrote_what_when() -> None:
    found = mail("From: =?utf-8?q?Ann=C3=A4?= <Anna@Client.Example>", "Subject: =?utf-8?b?R3LDvMOfZQ==?= there", "Message-ID: <one@client.example>")
    origin = Origin("email", MAILBOX.address, "ses-1", "2026-05-04T12:00:00Z", (ANNA,), "Annä", thread=("<one@client.example>",))
    assert parse_mail(found, MAILBOX, channel="email") == (TextCame(origin, "yes", "Grüße there"),)


def test_it_answers_what_the_signed_address_says_before_what_headers_say() -> None:
    gate = ids.derived_id("gate", "a")
    named = (FROM_ANNA, "In-Reply-To: <other@x.example>", "References: <first@x.example> <other@x.example>")
    signed = reply_address("in.example.com", sign(OLD_KEY, ReplyToken("gate", gate)))
    assert text_of(mail(*named, recipients=[signed])).origin.reply_to == gate
    assert text_of(mail(*named)).origin.reply_to == "<other@x.example>"
    assert text_of(mail(*named)).origin.thread == ("<first@x.example>", "<other@x.example>")
    ours = own_message_id("run_1/tell//0", "in.example.com")
    assert text_of(mail(FROM_ANNA, f"References: {ours} <ses@eu-west-1.amazonses.com>")).origin.reply_to == "run_1/tell//0"
    assert text_of(mail(FROM_ANNA, "References: <ses@eu-west-1.amazonses.com>")).origin.reply_to == "<ses@eu-west-1.amazonses.com>"


def test_it_goes_by_the_recipients_of_the_envelope_and_not_by_the_to_header() -> None:
    signed = reply_address("in.example.com", sign(OLD_KEY, ReplyToken("gate", ids.derived_id("gate", "a"))))
    assert text_of(mail(FROM_ANNA, f"To: {signed}")).origin.reply_to is None


def test_it_tells_what_machines_and_we_ourselves_sent() -> None:
    assert text_of(mail(FROM_ANNA, "Auto-Submitted: auto-replied")).origin.automatic
    assert text_of(mail(envelope_from="")).origin.automatic
    assert not text_of(mail()).origin.automatic
    assert text_of(mail(FROM_ANNA, "X-Loop: sluice-one")).origin.echo
    assert text_of(mail(f"From: {MAILBOX.address}")).origin.echo
    assert not text_of(mail(FROM_ANNA, "X-Loop: of-somebody-else")).origin.echo


def test_it_cuts_what_a_reply_copies() -> None:
    body = "No, thanks.\r\n\r\nOn Mon, 4 May 2026 at 12:00, Sluice wrote:\r\n> Please approve.\r\n"
    assert text_of(mail(FROM_ANNA, "In-Reply-To: <a@b.example>", body=body)).text == "No, thanks."
    assert text_of(mail(FROM_ANNA, body=body)).text.startswith("No, thanks.\n\nOn Mon")


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        (["Content-Type: text/plain; charset=iso-8859-1"], b"Gr\xfc\xdfe", "Grüße"),
        (["Content-Type: text/plain; charset=nonsense"], "Grüße".encode(), "Grüße"),
        (["Content-Type: text/plain; charset=utf-8"], b"Gr\xfc\xdfe", "Grüße"),
        (["Content-Type: text/plain; charset=punycode"], b"plain", "plain"),
        (["Content-Type: text/plain; charset=base64"], b"plain", "plain"),
        (['Content-Type: text/plain; charset="\0"'], b"plain", "plain"),
        (["Content-Type: text/plain; charset*=x'y'%ff"], b"plain", "plain"),
        (["Content-Type: ;;;"], b"plain", "plain"),
        (["Content-Type: text/plain", "Content-Transfer-Encoding: base64"], b"cGxhaW4=", "plain"),
        (["Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable"], b"pl=61in=", "plain"),
        (["Content-Type: text/plain", "Content-Transfer-Encoding: nonsense"], b"plain", "plain"),
        (["Content-Type: text/html"], b"<p>Hi <b>you</b></p><script>x()</script><style>y</style>a&amp;b", "Hi you\na&b"),
        (["Content-Type: text/plain"], b"a\x00b\x1b[31mc\r\nd\xc2\xa0e", "ab[31mc\nd e"),
    ],
)
def test_it_reads_texts_in_whatever_they_are_written(headers: list[str], body: bytes, text: str) -> None:
    assert text_of(mail(FROM_ANNA, *headers, body=body)).text == text


def test_it_prefers_the_plain_text_of_alternatives_unless_it_says_nothing() -> None:
    def alternatives(plain: str) -> InboundMail:
        both = MIMEMultipart("alternative")
        both.attach(MIMEText("<p>rich</p>", "html"))
        both.attach(MIMEText(plain, "plain"))
        return of_parts(both)

    assert text_of(alternatives("plain")).text == "plain"
    assert text_of(alternatives(" \n")).text == "rich"


def test_it_hands_files_on_by_the_number_of_their_part() -> None:
    whole = MIMEMultipart("mixed")
    text = MIMEMultipart("alternative")
    text.attach(MIMEText("see files", "plain"))
    text.attach(MIMEText("<p>see files</p>", "html"))
    whole.attach(text)
    for part, name in (
        (MIMEApplication(b"%PDF-1", "pdf"), "../../etc/\u00fcber.pdf"),
        (MIMEImage(b"\x89PNG", "png"), "a.png"),
        (MIMEText("not said", "plain"), "notes.txt"),
        (MIMEMessage(message_from_bytes(raw_mail("Subject: inner"))), "mail.eml"),
    ):
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        whole.attach(part)
    found = of_parts(whole)
    assert text_of(found).text == "see files"
    files = files_of(found)
    assert [(file.media_id, file.kind, file.mime_type, file.file_name) for file in files] == [
        ("part:2", "document", "application/pdf", "über.pdf"),
        ("part:3", "image", "image/png", "a.png"),
        ("part:4", "document", "text/plain", "notes.txt"),
        ("part:5", "document", "message/rfc822", "mail.eml"),
    ]
    assert [part_bytes(found.raw, file.media_id) for file in files][:3] == [b"%PDF-1", b"\x89PNG", b"not said"]
    assert b"Subject: inner" in part_bytes(found.raw, "part:5")
    assert [hashlib.sha256(part_bytes(found.raw, file.media_id)).hexdigest() for file in files] == [file.sha256 for file in files]
    assert len({file.origin.vendor_id for file in files}) == 4
    for absent in ("part:6", "part:-1", "part:", "x", "part:9999999999", "part:²"):
        with pytest.raises(LookupError):
            part_bytes(found.raw, absent)


def nested(depth: int) -> bytes:
    bombs = [f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}'.encode() for level in range(depth)]
    return b"\r\n".join((*bombs, b"Content-Type: text/plain\r\n\r\ndeep"))


def test_it_bears_bombs() -> None:
    shallow = replace(mail(), raw=nested(MAX_DEPTH))
    assert text_of(shallow).text == "deep"
    deep = parse_mail(replace(mail(), raw=nested(MAX_CONTAINERS)), MAILBOX, channel="email")
    assert [came.kind for came in deep if isinstance(came, Unknown)] == ["1 parts beyond the limits"]
    for raw in (nested(MAX_CONTAINERS + 1), nested(100_000), b"x" * (MAX_RAW_BYTES + 1)):
        (beyond,) = parse_mail(replace(mail(), raw=raw), MAILBOX, channel="email")
        assert beyond == Unknown(Origin("email", MAILBOX.address, "ses-1", "2026-05-04T12:00:00Z"), "mail beyond the limits")


def test_it_says_how_many_parts_were_too_many() -> None:
    many = MIMEMultipart("mixed")
    for _ in range(MAX_PARTS + 3):
        many.attach(MIMEApplication(b"x"))
    found = parse_mail(of_parts(many), MAILBOX, channel="email")
    assert len(found) == 1 + MAX_PARTS + 1
    assert found[-1] == Unknown(replace(found[-1].origin, vendor_id="ses-1/rest"), "3 parts beyond the limits")


HEADER = st.tuples(
    st.sampled_from(
        ["From", "Subject", "Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "References", "In-Reply-To", "Message-ID", "X-Loop",
         "Auto-Submitted", "Return-Path", "MIME-Version", "Content-ID"]
    ),
    st.one_of(
        st.text(max_size=80),
        st.sampled_from(
            ["multipart/mixed; boundary=b", 'multipart/alternative; boundary="b"', "message/rfc822", "text/html", 'text/plain; charset="',
             "attachment; filename*0*=utf-8''%; filename*1=x", "base64", "x-uuencode", "(" * 3000, "=?utf-8?b?=?=", "=?x?q?=ff?= <a@b.example>",
             "<" * 500]
        ),
    ),
)  # fmt: skip


@given(st.lists(HEADER, max_size=6), st.lists(st.sampled_from([b"--b", b"--b--", b"", b"Content-Type: text/html", b"begin 644 x", b"<p>\xff", b"x"])))
def test_it_reads_any_mail(headers: list[tuple[str, str]], lines: list[bytes]) -> None:
    found = mail(*(f"{name}: {value}".encode("utf-8", "replace").decode() for name, value in headers), body=b"\r\n".join(lines))
    came = parse_mail(found, MAILBOX, channel="email")
    assert isinstance(came[0], TextCame)
    for file in files_of(found):
        assert hashlib.sha256(part_bytes(found.raw, file.media_id)).hexdigest() == file.sha256


@given(st.binary(max_size=500))
def test_it_reads_any_bytes(raw: bytes) -> None:
    assert parse_mail(replace(mail(), raw=raw), MAILBOX, channel="email")
