"""The console channel: messages that are recorded where people look at runs, and go nowhere else.

In: a message. Out: a receipt, after the recorder that the caller hands in has taken it. Nothing comes in by this channel: replies and decisions
come through the API, which knows who speaks.
"""

from collections.abc import Callable
from typing import Final

from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.inbound import Address, Came
from chalicelib.channels.outbound import Cut, Message, Rendered, Sent, Text

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

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:  # noqa: ARG002
        return ()

    def render(self, message: Message) -> Rendered:
        """Plain text, without control characters and cut to a length that a screen can bear. It holds nothing but texts."""
        if not isinstance(message.content, Text):
            raise TypeError(f"the console shows texts alone, not {type(message.content).__name__}")
        text = "".join(letter for letter in message.content.text if letter.isprintable() or letter in "\n\t")
        left = len(text) - MAX_TEXT
        shown, cuts = (text, ()) if left <= 0 else (f"{text[:MAX_TEXT]} …", (Cut("shortened", "text", left),))
        return Rendered(message.to, message.delivery_id, ({"text": shown, "expects_reply": message.expects_reply},), cuts)

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        self._record(rendered)
        return (Sent(rendered.delivery_id),)


def text_for(to: str | None, text: str, key: str, *, expects_reply: bool = False) -> Message:
    """A text for a person or role that looks at the console; None: for whoever does."""
    return Message((Address("watcher", to),) if to else (), Text(text), key, expects_reply=expects_reply)


def shown(rendered: Rendered) -> tuple[str, str | None]:
    """The text of a rendered message, and whom it is for."""
    return str(rendered.bodies[0]["text"]), rendered.to[0].value if rendered.to else None
