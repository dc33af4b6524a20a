"""What a channel is: verify, parse, render, send.

In: nothing. Out: the `Channel` protocol, and what a vendor posts. A channel knows neither the store nor the runs; whom a message belongs to is
decided by who calls it. Secrets and signatures never go into a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from chalicelib.channels.inbound import Came
from chalicelib.channels.outbound import Message, Rendered, Sent


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """What a vendor posted, byte for byte. The names of headers are in small letters."""

    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """One way to people: one configured number, page or mailbox."""

    @property
    def name(self) -> str: ...

    def verify(self, request: InboundRequest) -> bool:
        """Whether the request is the vendor's. Nothing of it may be used before."""
        ...

    def parse(self, request: InboundRequest) -> tuple[Came, ...]:
        """Everything in a verified request, in its order, batches and all; what the channel does not know is `Unknown`. Never raises for what a
        vendor may send; raises ValueError for what is no request of the vendor at all."""
        ...

    def render(self, message: Message) -> Rendered:
        """Pure. Whatever does not fit is cut, and said so in `cuts`."""
        ...

    def send(self, rendered: Rendered) -> tuple[Sent, ...]:
        """One for each body. Raises SendFailure at the first that the vendor did not take."""
        ...
