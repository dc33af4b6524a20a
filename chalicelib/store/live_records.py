"""The records of live watching: tickets, connections."""

from chalicelib.store.record import Record


class Connection(Record):
    """One WebSocket. `topics` are `run_…` and `wf_…` ids."""

    id: str
    organisation_id: str
    person: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    kind: str = "person"
    connected_at: str
    expires_at: int  # epoch seconds
    topics: tuple[str, ...] = ()


class Ticket(Record):
    """The right to open one connection once. Only the digest of its secret is stored."""

    organisation_id: str
    person: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    kind: str = "person"
    expires_at: int  # epoch seconds
