"""The mail channel: Amazon SES, in and out.

In: receipts with their mails, and events of mails that went out, as `receipt_request` and `event_request` make them of what Lambda was invoked with;
messages to send. Out: what came, what was sent. Never: an HTTP request made into either, since nothing in them is signed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chalicelib.channels.channel import InboundRequest
from chalicelib.channels.failures import each_sent
from chalicelib.channels.inbound import Came
from chalicelib.channels.mail_events import parse_events
from chalicelib.channels.mail_parse import parse_mail
from chalicelib.channels.mail_receipts import RECEIPT, is_clean, received_mail
from chalicelib.channels.mail_render import Mailbox, Thread, render_mail
from chalicelib.channels.mail_send import SesClient, send_mail
from chalicelib.channels.outbound import Message, Rendered, Sent

NAME: Final = "email"
EVENT: Final = "ses-event"


def _no_thread(_message: Message) -> Thread:
    return Thread()


@dataclass(frozen=True, slots=True)
class MailConfig:
    """`thread_of` tells what is known of a message's thread; `region` is where SES sends from; `configuration_set` publishes the events."""

    mailbox: Mailbox
    region: str
    configuration_set: str = ""
    thread_of: Callable[[Message], Thread] = _no_thread


class MailChannel:
    """One mailbox."""

    def __init__(self, config: MailConfig, client: SesClient) -> None:
        self._config = config
        self._client = client

    @property
    def name(self) -> str:
        return NAME

    def verify(self, request: InboundRequest) -> bool:
        """Whether it came from SES and may be let in: viruses and spam may not."""
        if RECEIPT not in request.headers:
            return EVENT in request.headers
        try:
            return is_clean(received_mail(request).verdicts)
        except ValueError:
            return False

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:
        config = self._config
        if RECEIPT in request.headers:
            return parse_mail(received_mail(request), config.mailbox, channel=NAME)
        if EVENT not in request.headers:
            raise ValueError("neither a mail nor an event of SES")
        return parse_events(request.body, channel=NAME, account=config.mailbox.address, region=config.region)

    def render(self, message: Message) -> Rendered:
        return render_mail(message, self._config.mailbox, self._config.thread_of(message))

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        config = self._config
        return each_sent(
            rendered.bodies, lambda body: send_mail(self._client, body, region=config.region, configuration_set=config.configuration_set)
        )


def event_request(body: bytes) -> InboundRequest:
    """An event of SES, as Lambda was invoked with it, as what the channel parses."""
    return InboundRequest({EVENT: "1"}, body)
