"""Mails that machines wrote, and those that only ask that none answers."""

import pytest

from chalicelib.channels.mail_headers import Headers, headers_of
from chalicelib.channels.mail_loops import is_automatic, is_own
from chalicelib.channels.mail_parts import message_of
from tests.factories.mails import FROM_ANNA, raw_mail


def headers(*lines: str) -> Headers:
    message = message_of(raw_mail(*lines))
    assert message is not None
    return headers_of(message)


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "AUTO-SUBMITTED: auto-generated; owner-email=x",
        "Auto-Submitted: something new",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: away",
        "List-Id: <people.example.com>",
        "Return-Path: <>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>",
        "From: postmaster@mx.example",
    ],
)
def test_it_knows_what_machines_write(line: str) -> None:
    assert is_automatic(headers(line), envelope_from="anna@client.example")


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person wrote it)",
        "Precedence: bulk",
        "Precedence: list",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <anna@client.example>",
        "From: not-the-postmaster@mx.example",
        "Subject: Automatic reply",
    ],
)
def test_it_takes_people_for_people(line: str) -> None:
    assert not is_automatic(headers(line), envelope_from="anna@client.example")


def test_it_knows_bounces_by_their_envelope() -> None:
    assert is_automatic(headers(FROM_ANNA), envelope_from="")
    assert is_automatic(headers(FROM_ANNA), envelope_from="<>")
    assert not is_automatic(headers(FROM_ANNA), envelope_from=None)


def test_it_knows_what_is_our_own() -> None:
    known = {"robot@in.example.com"}
    assert is_own(headers(FROM_ANNA, "X-Loop: other", "X-Loop: one"), loop_id="one", addresses=known)
    assert is_own(headers("From: Robot <Robot@in.example.com>"), loop_id="one", addresses=known)
    assert not is_own(headers(FROM_ANNA, "X-Loop: one more"), loop_id="one", addresses=known)
