"""The repository of live connections: tickets, connections, and who watches what.

Watchers of a topic (a run, a workflow) are one item with a set of connection ids: one read finds them all, and adding twice is harmless. Those of
them that want events under old names are a second set in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.live_records import Connection, Ticket
from chalicelib.store.table import Write

_NO_LONGER: Final = "DELETE connection_ids :ids, legacy_ids :ids"


def put_ticket(secret_sha256: str, ticket: Ticket) -> None:
    table.write(table.put(item_of(ticket, keys.ticket(secret_sha256)), condition=table.ABSENT))


def take_ticket(secret_sha256: str) -> Ticket | None:
    """The ticket, for the first who asks, while it is fresh; None for everybody else."""
    try:
        ticket = record_of(Ticket, table.take(keys.ticket(secret_sha256)))
    except ConditionLost:
        return None
    return ticket if ticket.expires_at > epoch_seconds() else None


def put_connection(connection: Connection) -> None:
    """Write a connection that watches nothing yet: DynamoDB knows no empty set."""
    item = item_of(connection, keys.connection(connection.id))
    del item["topics"]
    table.write(table.put(item))


def find_connection(connection_id: str) -> Connection | None:
    """The connection; None when it is unknown or too old."""
    item = table.get(keys.connection(connection_id))
    if item is None:
        return None
    connection = record_of(Connection, {**item, "topics": sorted(item.get("topics", ()))})
    return connection if connection.expires_at > epoch_seconds() else None


def watch(connection: Connection, topic: str, *, legacy: bool = False) -> None:
    """Both ends of a subscription, together. `legacy`: under old names."""
    sets = "ADD connection_ids :ids" + (", legacy_ids :ids" if legacy else "")
    table.transact([_watcher(connection, topic, sets), _topic(connection, topic, "ADD")])


def unwatch(connection: Connection, topic: str) -> None:
    table.transact([_watcher(connection, topic, _NO_LONGER), _topic(connection, topic, "DELETE")])


def _watcher(connection: Connection, topic: str, sets: str) -> Write:
    key = keys.watchers(connection.organisation_id, topic)
    return table.update(key, f"{sets} SET expires_at = :until", values={"ids": {connection.id}, "until": connection.expires_at})


def _topic(connection: Connection, topic: str, verb: str) -> Write:
    return table.update(keys.connection(connection.id), f"{verb} topics :topics", values={"topics": {topic}}, condition=table.PRESENT)


@dataclass(frozen=True, slots=True)
class Watching:
    """Connection ids by topic, and those of them that want old names."""

    by_topic: dict[str, frozenset[str]]
    legacy: frozenset[str]


def list_watchers(organisation_id: str, topics: Iterable[str]) -> dict[str, frozenset[str]]:
    """Connection ids by topic."""
    return watching(organisation_id, topics).by_topic


def watching(organisation_id: str, topics: Iterable[str]) -> Watching:
    """Who watches the topics, and how."""
    places = {keys.watchers(organisation_id, topic): topic for topic in topics}
    found = table.get_many(list(places))
    by_topic = {topic: frozenset(found.get(key, {}).get("connection_ids", ())) for key, topic in places.items()}
    return Watching(by_topic, frozenset().union(*(item.get("legacy_ids", ()) for item in found.values())))


def forget(connection_id: str) -> None:
    """Forget a connection and its subscriptions. An unknown one is no error."""
    item = table.get(keys.connection(connection_id))
    if item is None:
        return
    for topic in sorted(item.get("topics", ())):
        drop_watcher(item["organisation_id"], topic, connection_id)
    table.write(table.delete(keys.connection(connection_id)))


def drop_watcher(organisation_id: str, topic: str, connection_id: str) -> None:
    """Take a connection out of a topic's watchers."""
    table.write(table.update(keys.watchers(organisation_id, topic), _NO_LONGER, values={"ids": {connection_id}}))
