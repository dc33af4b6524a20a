"""Mails as SES hands them over, our own mailbox, and the events of SES that are kept as fixtures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chalicelib.channels.inbound import Address
from chalicelib.channels.mail_receipts import InboundMail, Verdicts
from chalicelib.channels.mail_render import Mailbox
from chalicelib.spec.model import JsonObject

EVENTS: Final = Path(__file__).parents[1] / "fixtures" / "channels" / "email"
KEY: Final = b"k" * 32
OLD_KEY: Final = b"o" * 32
MAILBOX: Final = Mailbox("robot@in.example.com", "in.example.com", "sluice-one", (KEY, OLD_KEY), name="Sluice", subject="A message")
ANNA: Final = Address("email", "anna@client.example")
GOOD: Final = Verdicts("PASS", "PASS", "PASS", "PASS", "PASS")
FROM_ANNA: Final = "From: Anna <anna@client.example>"
SIGNED: Final = "DKIM-Signature: v=1; a=rsa-sha256; d=client.example; s=k1; h=from:to; bh=x; b=y"


def raw_mail(*headers: str, body: str | bytes = "yes\r\n") -> bytes:
    said = body.encode() if isinstance(body, str) else body
    return "\r\n".join(headers).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + said


def mail(
    *headers: str,
    body: str | bytes = "yes\r\n",
    verdicts: Verdicts = GOOD,
    recipients: Sequence[str] = ("robot@in.example.com",),
    envelope_from: str | None = "anna@client.example",
) -> InboundMail:
    raw = raw_mail(*(headers or (FROM_ANNA,)), body=body)
    return InboundMail(verdicts, tuple(recipients), raw, "ses-1", "2026-05-04T12:00:00Z", envelope_from)


def event(name: str) -> JsonObject:
    found = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
