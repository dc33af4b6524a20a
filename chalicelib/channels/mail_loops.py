"""Whether a machine wrote a mail, and whether it is our own coming back.

In: a mail's headers and its envelope sender. Out: yes or no. Such mails are kept, but they answer nothing. `Precedence: bulk` and
`X-Auto-Response-Suppress` only ask that nobody answers by machine: people's mails carry them too, so they tell nothing here.

Source: RFC 3834 (automatic responses), RFC 6522 (reports), RFC 2919 (lists).
"""

from collections.abc import Collection
from typing import Final

from chalicelib.channels.mail_headers import Headers, likely_mailbox

LOOP: Final = "x-loop"
_SAY_SO: Final = ("x-autoreply", "x-autorespond", "list-id")
_MACHINES: Final = frozenset(("mailer-daemon", "postmaster"))


def is_automatic(headers: Headers, *, envelope_from: str | None = None) -> bool:
    """`envelope_from` empty or `<>`: a bounce or the like, which must not be answered (RFC 5321). None: not known."""
    return (
        any(_first_word(value) != "no" for value in headers.all("auto-submitted"))
        or any(_first_word(value) == "auto_reply" for value in headers.all("precedence"))
        or any(headers.all(name) for name in _SAY_SO)
        or any(_first_word(value) == "multipart/report" for value in headers.all("content-type"))
        or (envelope_from is not None and envelope_from.strip() in {"", "<>"})
        or any(value in {"", "<>"} for value in headers.all("return-path"))
        or _is_machine(headers.first("from"))
    )


def is_own(headers: Headers, *, loop_id: str, addresses: Collection[str]) -> bool:
    """Whether we sent it: our mark, or an address of ours as its sender."""
    sender = likely_mailbox(headers.first("from"))
    return loop_id in headers.all(LOOP) or (sender is not None and sender.address in addresses)


def _is_machine(sender: str) -> bool:
    found = likely_mailbox(sender)
    return found is not None and found.address.partition("@")[0] in _MACHINES


def _first_word(value: str) -> str:
    return value.partition(";")[0].partition("(")[0].strip().lower()
