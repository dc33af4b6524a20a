"""Whether a mail proves whose it is, well enough for a decision.

In: a mail with what SES found about it. Out: the address that it proves, or nothing. Proven is an address by DMARC, or by DKIM where every
signature is the From domain's own or of a domain above it; never by SPF, which is about the envelope, nor by a name. What two readers could read
in two ways (two From headers, comments, bare line ends) proves nothing, for SES may have read it the other way. Pure.

Sources: RFC 7489 (DMARC, alignment), RFC 6376 (DKIM: tags, `l=`), RFC 5322.
"""

from collections.abc import Sequence
from typing import Final

from chalicelib.channels.inbound import Address
from chalicelib.channels.mail_headers import DOMAIN, Headers, headers_of, mailbox
from chalicelib.channels.mail_parts import message_of
from chalicelib.channels.mail_receipts import InboundMail, Verdicts, is_clean

_END: Final = b"\r\n\r\n"


def proves_sender(mail: InboundMail, address: Address) -> bool:
    """Whether a mail is proven to be from an address. Addresses are compared by their letters: look-alikes are not equal."""
    return proven_sender(mail) == address


def proven_sender(mail: InboundMail) -> Address | None:
    """The one address that the mail is proven to be from."""
    message = message_of(mail.raw)
    if message is None or not is_clean(mail.verdicts) or not _has_one_reading(mail.raw):
        return None
    headers = headers_of(message)
    senders = headers.all("from")
    sender = mailbox(senders[0]) if headers.is_plain and len(senders) == 1 else None
    if sender is None or not _is_authentic(mail.verdicts, headers, sender.address.rpartition("@")[2]):
        return None
    return Address("email", sender.address)


def _has_one_reading(raw: bytes) -> bool:
    """Whether the headers end for every reader at the same place: a bare CR or LF is the end of a line for some."""
    head, end, _ = raw.partition(_END)
    return bool(end) and not any(byte in head.replace(b"\r\n", b"") for byte in (b"\r", b"\n", b"\0"))


def _is_authentic(verdicts: Verdicts, headers: Headers, domain: str) -> bool:
    signatures = [_tags(value) for value in headers.all("dkim-signature")]
    if verdicts.dmarc == "FAIL" or any(tags is None or "l" in tags for tags in signatures):
        return False  # `l=`: anybody could have added to the body
    if verdicts.dmarc == "PASS":
        return True
    return verdicts.dkim == "PASS" and _all_aligned([tags.get("d", "") for tags in signatures if tags is not None], domain)


def _all_aligned(signers: Sequence[str], domain: str) -> bool:
    """SES says that some signature is good, not which: so all have to be of the domain, or of one that it is below."""
    return bool(signers) and all(DOMAIN.fullmatch(signer) and f".{domain}".endswith(f".{signer.lower()}") for signer in signers)


def _tags(signature: str) -> dict[str, str] | None:
    """The tags of a DKIM signature; None where it is none, or names one tag twice."""
    parts = [part.strip() for part in signature.strip().removesuffix(";").split(";")]
    pairs = [(name.strip(), value.strip()) for name, equals, value in (part.partition("=") for part in parts) if equals]
    tags = dict(pairs)
    return tags if signature.isascii() and len(pairs) == len(parts) == len(tags) else None
