"""Tickets: the short-lived, single-use right to open one connection, so that no bearer token stands in a URL."""

from dataclasses import dataclass
from typing import Final

from chalicelib.access.principal import Principal

TICKET_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """`url` is the WebSocket URL with the ticket in it; empty settings give only the query."""

    ticket: str
    url: str
    expires_in_seconds: int = TICKET_SECONDS


def issue(principal: Principal) -> IssuedTicket:
    """A new ticket of 256 bits; only its digest is stored."""
    raise NotImplementedError


def redeem(ticket: str) -> Principal:
    """Use a ticket up. Raises TicketInvalid when it is unknown, used or older than TICKET_SECONDS."""
    raise NotImplementedError
