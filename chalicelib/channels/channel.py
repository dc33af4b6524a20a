"""What a channel is: verify, parse, render, send.

In: nothing. Out: the `Channel` protocol and the values that go through it. A channel knows neither the store nor the runs; whom a message belongs
to is decided by who calls it. Secrets and signatures never go into a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.spec.model import JsonObject


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """What a vendor posted, byte for byte."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from a person. `sender` is the address on the channel, `vendor_id` what makes it known again."""

    sender: str
    text: str
    vendor_id: str
    data: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message; `to` is an address, a person or a role, None for whoever watches the channel. `key` makes sending it twice one sending."""

    text: str
    to: str | None
    key: str
    expects_reply: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in a channel's own form."""

    key: str
    to: str | None
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel says of a sending."""

    vendor_id: str


class Channel(Protocol):
    """One way to people."""

    @property
    def name(self) -> str: ...

    def verify(self, request: InboundRequest) -> bool:
        """Whether the request is the vendor's. Nothing of it may be used before."""
        ...

    def parse(self, request: InboundRequest) -> tuple[Inbound, ...]:
        """The messages in a verified request; what the channel does not know is left out."""
        ...

    def render(self, message: Outbound) -> Rendered: ...

    def send(self, rendered: Rendered) -> Receipt: ...
