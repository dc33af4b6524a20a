"""Tickets: the short-lived, single-use right to open one connection, so that no bearer token stands in a URL."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from chalicelib.access.principal import KINDS, Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import epoch_seconds
from chalicelib.errors import TicketInvalid
from chalicelib.settings import settings
from chalicelib.store import connections
from chalicelib.store.live_records import Connection, Ticket

TICKET_SECONDS: Final = 30
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """`url` is the WebSocket URL with the ticket in it; empty settings give only the query."""

    ticket: str
    url: str
    expires_in_seconds: int = TICKET_SECONDS


def issue(principal: Principal) -> IssuedTicket:
    """A new ticket of 256 bits; only its digest is stored."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    ticket = Ticket(
        organisation_id=principal.organisation_id,
        person=principal.person,
        roles=tuple(sorted(principal.roles)),
        scopes=tuple(sorted(principal.scopes)),
        kind=principal.kind,
        expires_at=epoch_seconds() + TICKET_SECONDS,
    )
    connections.put_ticket(_digest(secret), ticket)
    return IssuedTicket(secret, f"{settings().websocket_url}?{urlencode({'ticket': secret})}")


def redeem(ticket: str) -> Principal:
    """Use a ticket up. Raises TicketInvalid when it is unknown, used or older than TICKET_SECONDS."""
    found = connections.take_ticket(_digest(ticket)) if ticket else None
    if found is None:
        raise TicketInvalid("the ticket is unknown, used or too old; ask for another one")
    return principal_of(found)


def principal_of(kept: Ticket | Connection) -> Principal:
    """Who a ticket or a connection belongs to, with what their credentials allowed when the ticket was issued."""
    scopes = frozenset(Scope(each) for each in kept.scopes)
    return Principal(kept.organisation_id, kept.person, frozenset(kept.roles), scopes, KINDS[kept.kind])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
