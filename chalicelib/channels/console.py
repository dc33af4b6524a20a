"""The console channel: messages that are recorded where people look at runs, and go nowhere else.

In: a message. Out: a receipt, after the recorder that the caller hands in has taken it. Nothing comes in by this channel: replies and decisions
come through the API, which knows who speaks.
"""

from collections.abc import Callable
from typing import Final

from chalicelib.channels.channel import Inbound, InboundRequest, Outbound, Receipt, Rendered

NAME: Final = "console"
MAX_TEXT: Final = 20_000


class ConsoleChannel:
    """`record` keeps a rendered message; keeping one key twice must be harmless."""

    def __init__(self, record: Callable[[Rendered], None]) -> None:
        self._record = record

    @property
    def name(self) -> str:
        return NAME

    def verify(self, request: InboundRequest) -> bool:  # noqa: ARG002  (nobody posts to a console)
        return False

    def parse(self, request: InboundRequest) -> tuple[Inbound, ...]:  # noqa: ARG002
        return ()

    def render(self, message: Outbound) -> Rendered:
        """Plain text, without control characters and cut to a length that a screen can bear."""
        text = "".join(letter for letter in message.text if letter.isprintable() or letter in "\n\t")
        shown = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"
        return Rendered(key=message.key, to=message.to, body={"text": shown, "expects_reply": message.expects_reply})

    def send(self, rendered: Rendered) -> Receipt:
        self._record(rendered)
        return Receipt(vendor_id=rendered.key)
