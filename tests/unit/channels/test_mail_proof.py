"""What proves who sent a mail, and each way in which somebody could pretend."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.inbound import Address
from chalicelib.channels.mail_proof import proven_sender, proves_sender
from chalicelib.channels.mail_receipts import InboundMail, Verdict, Verdicts
from tests.factories.mails import ANNA, FROM_ANNA, GOOD, SIGNED, mail

NO_DMARC = replace(GOOD, dmarc="GRAY")
EVIL = "evil@evil.example"


@pytest.mark.parametrize(
    "sender",
    [
        "anna@client.example",
        "<anna@client.example>",
        "Anna <ANNA@Client.Example>",
        '"Doe, Anna" <anna@client.example>',
        "=?utf-8?q?Ann=C3=A4?= Doe <anna@client.example>",
        "\r\n Anna\r\n\t<anna@client.example>",
    ],
)
def test_it_takes_dmarc_for_a_proof(sender: str) -> None:
    assert proves_sender(mail(f"From: {sender}"), ANNA)


@pytest.mark.parametrize("dmarc", ["GRAY", "PROCESSING_FAILED", "DISABLED", "UNKNOWN"])
@pytest.mark.parametrize("domain", ["client.example", "CLIENT.example"])
def test_it_takes_a_signature_of_the_domain_where_dmarc_says_nothing(dmarc: Verdict, domain: str) -> None:
    found = mail(FROM_ANNA, SIGNED.replace("client.example", domain), verdicts=replace(GOOD, dmarc=dmarc))
    assert proven_sender(found) == ANNA


def test_it_takes_a_signature_of_a_domain_above_and_none_of_one_below() -> None:
    below = SIGNED.replace("client.example", "mail.client.example")
    assert proven_sender(mail("From: a@mail.client.example", SIGNED, verdicts=NO_DMARC)) == Address("email", "a@mail.client.example")
    assert proven_sender(mail(FROM_ANNA, below, verdicts=NO_DMARC)) is None


@pytest.mark.parametrize(
    "verdicts",
    [
        Verdicts(),
        replace(GOOD, dmarc="FAIL"),
        replace(NO_DMARC, dkim="FAIL"),  # SPF alone
        replace(NO_DMARC, dkim="GRAY"),
        replace(GOOD, virus="FAIL"),
        replace(GOOD, virus="GRAY"),
        replace(GOOD, virus="DISABLED"),
        replace(GOOD, spam="FAIL"),
    ],
)
def test_it_takes_no_other_verdicts(verdicts: Verdicts) -> None:
    assert proven_sender(mail(FROM_ANNA, SIGNED, verdicts=verdicts)) is None


@pytest.mark.parametrize(
    "signatures",
    [
        [],
        ["DKIM-Signature: v=1; d=evil.example; b=y"],
        [SIGNED, "DKIM-Signature: v=1; d=evil.example; b=y"],  # SES says that one is good, not which
        ["DKIM-Signature: v=1; d=client.example; d=evil.example; b=y"],
        ["DKIM-Signature: v=1; d=evil.example; d=client.example; b=y"],
        ["DKIM-Signature: v=1; d=client.example.evil.example; b=y"],
        ["DKIM-Signature: v=1; d=evilclient.example; b=y"],
        ["DKIM-Signature: v=1; d=lient.example; b=y"],
        ["DKIM-Signature: v=1; d=example; b=y"],
        ["DKIM-Signature: v=1; d=; b=y"],
        ["DKIM-Signature: v=1; b=y"],
        ["DKIM-Signature: d=cli\u0435nt.example; b=y"],
        [f"{SIGNED}; l=10"],
        ["X-DKIM-Signature: v=1; d=client.example; b=y"],
        ["Authentication-Results: amazonses.com; dkim=pass header.i=@client.example; dmarc=pass"],
    ],
)
def test_it_takes_no_signature_that_is_not_the_domains_alone(signatures: list[str]) -> None:
    assert proven_sender(mail(FROM_ANNA, *signatures, verdicts=NO_DMARC)) is None


def test_it_takes_no_signed_mail_to_which_anybody_could_have_added() -> None:
    assert proven_sender(mail(FROM_ANNA, f"{SIGNED}; l=10")) is None


@pytest.mark.parametrize(
    "headers",
    [
        ["To: anna@client.example"],
        ["From:"],
        ["From: Anna"],
        [FROM_ANNA, f"From: {EVIL}"],
        [f"From: {EVIL}", FROM_ANNA],
        [FROM_ANNA, FROM_ANNA],
        ["From: anna@client.example, evil@evil.example"],
        ["From: <anna@client.example> <evil@evil.example>"],
        ["From: anna@client.example <evil@evil.example>"],
        ["From: evil@evil.example (anna@client.example)"],
        ["From: anna@client.example (Anna)"],
        ["From: friends: anna@client.example;"],
        ["From: =?utf-8?q?anna=40client.example?="],
        ["From: <=?utf-8?q?anna?=@client.example>x"],
        ["From: anna@client.ex\u0430mple"],
        ["From: \u0430nna@client.example"],
        ["From: Änna <anna@client.example>"],
        ['From: "Änna" <anna@client.example>'],
        ["From: anna@client..example"],
        ["From: anna@client"],
        ["From: anna@[192.0.2.1]"],
        ['From: "anna"@client.example'],
        ["From: @evil.example:anna@client.example"],
        ["From: anna@client.example\0"],
        [f"From: {'(' * 6000}"],
        [f"From: {'a.' * 900}a@client.example"],
    ],
)
def test_it_takes_no_from_that_can_be_read_in_two_ways(headers: list[str]) -> None:
    assert proven_sender(mail(*headers)) is None


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Long: a\rFrom: anna@client.example\r\rrest", f"From: {EVIL}"],
        ["X-Long: a\nFrom: anna@client.example\n\nrest", f"From: {EVIL}"],
        ["X-Odd: \0", FROM_ANNA],
        ["no header at all", FROM_ANNA],
        [FROM_ANNA, "DKIM-Signature : d=evil.example"],
        [" begins with a continuation", FROM_ANNA],
        ["From evil@evil.example Mon May  4 12:00:00 2026", FROM_ANNA],
        [FROM_ANNA, *(f"X-{number}: y" for number in range(600))],
        [FROM_ANNA, f"X-Long: {'y' * 9000}"],
    ],
)
def test_it_takes_no_headers_that_end_elsewhere_for_other_readers(headers: list[str]) -> None:
    assert proven_sender(mail(*headers)) is None


def test_it_needs_an_end_of_the_headers() -> None:
    assert proven_sender(InboundMail(GOOD, (), FROM_ANNA.encode(), "ses-1")) is None
    assert proven_sender(InboundMail(GOOD, (), FROM_ANNA.encode() + b"\n\nyes", "ses-1")) is None


@pytest.mark.parametrize("name", ["anna@client.example", "Anna <anna@client.example>", "anna@client.example via Sluice"])
def test_it_goes_by_the_address_and_never_by_the_name(name: str) -> None:
    found = mail(f'From: "{name}" <{EVIL}>')
    assert proven_sender(found) == Address("email", EVIL)
    assert not proves_sender(found, ANNA)


@pytest.mark.parametrize(
    "asked", ["anna@cl\u0456ent.example", "ann\u0430@client.example", "anna@client.example ", "anna@xn--client-9uf.example", "nna@client.example"]
)
def test_it_takes_no_look_alike_for_the_same(asked: str) -> None:
    assert not proves_sender(mail(), Address("email", asked))


def test_it_proves_mail_addresses_alone() -> None:
    assert not proves_sender(mail(), Address("scoped_id", "anna@client.example"))


def test_it_does_not_go_by_headers_that_anybody_can_write() -> None:
    pretended = [f"{name}: anna@client.example" for name in ("Sender", "Reply-To", "Return-Path", "Resent-From", "X-Original-From")]
    assert proven_sender(mail(f"From: {EVIL}", *pretended)) == Address("email", EVIL)


@given(st.text(max_size=60), st.text(alphabet="<>@,;:()\"'\\ =?anclientexmp.\r\n\t", max_size=60))
def test_it_never_takes_another_address_for_annas(before: str, after: str) -> None:
    """Whatever stands around it, a mail of the evil one's is at most proven to be the evil one's."""
    found = proven_sender(mail(f"From: {before.replace('anna@', '')} <{EVIL}> {after.replace('anna@', '')}"))
    assert found in {None, Address("email", EVIL)}


@given(st.binary(max_size=300))
def test_it_judges_any_bytes(raw: bytes) -> None:
    found = proven_sender(InboundMail(NO_DMARC, (), raw, "ses-1"))
    assert found is None
