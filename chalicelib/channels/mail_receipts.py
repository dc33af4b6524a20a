"""A mail as SES hands it over: what its receipt says, and the bytes from S3.

In: one record of the Lambda event of a receipt rule, and the raw mail. Out: `InboundMail`, and the request that carries it to the channel. The event
comes by Lambda, whose callers IAM knows; nothing that came over HTTP may ever be made into such a request. Never: the mail's own word for a verdict.

Source: Amazon SES Developer Guide, "Contents of an event for the AWS Lambda action".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.channels.channel import InboundRequest
from chalicelib.spec.model import JsonObject

Verdict = Literal["PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED", "UNKNOWN"]
_VERDICTS: Final[dict[str, Verdict]] = {
    "PASS": "PASS",
    "FAIL": "FAIL",
    "GRAY": "GRAY",
    "PROCESSING_FAILED": "PROCESSING_FAILED",
    "DISABLED": "DISABLED",
}
RECEIPT: Final = "ses-receipt"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What SES found. `spf` is about the envelope, not about who the mail says it is from. GRAY of DMARC: the domain has no policy."""

    spam: Verdict = "UNKNOWN"
    virus: Verdict = "UNKNOWN"
    spf: Verdict = "UNKNOWN"
    dkim: Verdict = "UNKNOWN"
    dmarc: Verdict = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class InboundMail:
    """`recipients`: those of ours that SES took it for, which the To header need not name. `envelope_from` None: SES did not say."""

    verdicts: Verdicts
    recipients: tuple[str, ...]
    raw: bytes
    ses_message_id: str
    received_at: str = ""
    envelope_from: str | None = None


def inbound_mail(record: JsonObject, raw: bytes) -> InboundMail:
    """A record of the event, `{"eventSource": "aws:ses", "ses": {"mail": …, "receipt": …}}`, with its mail. Raises ValueError."""
    ses = record.get("ses")
    mail, receipt = (ses.get("mail"), ses.get("receipt")) if isinstance(ses, dict) else (None, None)
    if not isinstance(mail, dict) or not isinstance(receipt, dict) or not isinstance(mail.get("messageId"), str):
        raise ValueError("no record of a mail that SES received")
    source = mail.get("source")
    return InboundMail(
        _verdicts({name: _status(receipt.get(f"{name}Verdict")) for name in ("spam", "virus", "spf", "dkim", "dmarc")}),
        _texts(receipt.get("recipients")),
        raw,
        str(mail["messageId"]),
        str(receipt.get("timestamp") or mail.get("timestamp") or ""),
        source if isinstance(source, str) else None,
    )


def is_clean(verdicts: Verdicts) -> bool:
    """Whether a mail is let in at all."""
    return verdicts.virus == "PASS" and verdicts.spam != "FAIL"


def receipt_request(mail: InboundMail) -> InboundRequest:
    """The mail as what the channel verifies and parses."""
    verdicts = mail.verdicts
    receipt = {
        "verdicts": {"spam": verdicts.spam, "virus": verdicts.virus, "spf": verdicts.spf, "dkim": verdicts.dkim, "dmarc": verdicts.dmarc},
        "recipients": list(mail.recipients),
        "ses_message_id": mail.ses_message_id,
        "received_at": mail.received_at,
        "envelope_from": mail.envelope_from,
    }
    return InboundRequest({RECEIPT: json.dumps(receipt)}, mail.raw)


def received_mail(request: InboundRequest) -> InboundMail:
    """The mail that a request carries. Raises ValueError."""
    receipt = json.loads(request.headers.get(RECEIPT, ""))
    if not isinstance(receipt, dict) or not isinstance(receipt.get("ses_message_id"), str):
        raise ValueError("no receipt of a mail")
    verdicts, envelope = receipt.get("verdicts"), receipt.get("envelope_from")
    return InboundMail(
        _verdicts(verdicts if isinstance(verdicts, dict) else {}),
        _texts(receipt.get("recipients")),
        request.body,
        receipt["ses_message_id"],
        str(receipt.get("received_at") or ""),
        envelope if isinstance(envelope, str) else None,
    )


def _verdicts(found: Mapping[str, object]) -> Verdicts:
    spam, virus, spf, dkim, dmarc = (_VERDICTS.get(str(found.get(name)), "UNKNOWN") for name in ("spam", "virus", "spf", "dkim", "dmarc"))
    return Verdicts(spam, virus, spf, dkim, dmarc)


def _status(verdict: object) -> object:
    return verdict.get("status") if isinstance(verdict, dict) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
