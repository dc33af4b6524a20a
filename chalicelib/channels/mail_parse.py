"""A received mail as what came in: its text first, then its files.

In: a mail with its receipt, the mailbox that it came to. Out: one `TextCame` with what is new in it and a `MediaCame` for each file, whose bytes
`mail_parts.part_bytes` gives. A mail that cannot be read is `Unknown`. Never: a check of who sent it (see `mail_proof`).
"""

from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from typing import Final

from chalicelib.channels.inbound import Address, Came, MediaCame, Origin, TextCame, Unknown
from chalicelib.channels.mail_addresses import delivery_of, message_ids, token_of
from chalicelib.channels.mail_headers import Headers, headers_of, likely_mailbox, words
from chalicelib.channels.mail_loops import is_automatic, is_own
from chalicelib.channels.mail_parts import message_of, parts_of
from chalicelib.channels.mail_receipts import InboundMail
from chalicelib.channels.mail_render import Mailbox
from chalicelib.channels.mail_replies import new_text

_MAX_SUBJECT: Final = 1_000


def parse_mail(mail: InboundMail, mailbox: Mailbox, *, channel: str) -> tuple[Came, ...]:
    """Everything in a mail. Never raises."""
    message = message_of(mail.raw)
    if message is None:
        return (Unknown(Origin(channel, mailbox.address, mail.ses_message_id, mail.received_at), "mail beyond the limits"),)
    headers = headers_of(message)
    return tuple(_came(message, headers, _origin(mail, headers, mailbox, channel)))


def _came(message: "Message[str, str]", headers: Headers, origin: Origin) -> Iterator[Came]:
    parts = parts_of(message)
    is_reply = origin.reply_to is not None
    yield TextCame(origin, new_text(parts.text, is_reply=is_reply), words(headers.first("subject"))[:_MAX_SUBJECT])
    for file in parts.files:
        of_file = replace(origin, vendor_id=f"{origin.vendor_id}/{file.media_id}")
        yield MediaCame(of_file, file.kind, file.media_id, mime_type=file.mime_type, sha256=file.sha256, file_name=file.name)
    if parts.left_out:
        yield Unknown(replace(origin, vendor_id=f"{origin.vendor_id}/rest"), f"{parts.left_out} parts beyond the limits")


def _origin(mail: InboundMail, headers: Headers, mailbox: Mailbox, channel: str) -> Origin:
    sender = likely_mailbox(headers.first("from"))
    before = message_ids(f"{headers.first('references')} {headers.first('in-reply-to')}")
    return Origin(
        channel,
        mailbox.address,
        mail.ses_message_id,
        mail.received_at,
        (Address("email", sender.address),) if sender is not None else (),
        sender.name if sender is not None else "",
        _answered(mail, headers, mailbox),
        echo=is_own(headers, loop_id=mailbox.loop_id, addresses={mailbox.address.lower()}),
        automatic=is_automatic(headers, envelope_from=mail.envelope_from),
        thread=tuple(dict.fromkeys((*before, *message_ids(headers.first("message-id"))))),
    )


def _answered(mail: InboundMail, headers: Headers, mailbox: Mailbox) -> str | None:
    """What the signed address says that it answers; else our delivery that its headers name; else the Message-ID that they name."""
    if token := token_of(mail.recipients, mailbox.keys):
        return token.id
    named = (*message_ids(headers.first("in-reply-to")), *reversed(message_ids(headers.first("references"))))
    deliveries = (delivery for each in named if (delivery := delivery_of(each, mailbox.domain)))
    return next(deliveries, None) or next(iter(named), None)
