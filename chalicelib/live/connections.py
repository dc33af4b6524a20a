"""Connections and what they watch.

In: what a WebSocket client does. Out: connection and watcher records. A connection lives two hours at most; the table forgets the rest.
"""

from typing import Final

from chalicelib.access.objects import run_for, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import ConditionLost, RunNotFound, TicketInvalid
from chalicelib.live.tickets import principal_of, redeem
from chalicelib.store import connections, runs
from chalicelib.store.live_records import Connection
from chalicelib.store.run_records import RunEvent

LIFE_SECONDS: Final = 2 * 3600 + 600  # API Gateway closes a connection after two hours
MISSED: Final = 500  # events that a subscription gives at once


def connect(connection_id: str, *, ticket: str) -> None:
    """Accept a connection. Raises TicketInvalid."""
    principal = redeem(ticket)
    connections.put_connection(
        Connection(
            id=connection_id,
            organisation_id=principal.organisation_id,
            person=principal.person,
            roles=tuple(sorted(principal.roles)),
            scopes=tuple(sorted(principal.scopes)),
            kind=principal.kind,
            connected_at=now_text(),
            expires_at=epoch_seconds() + LIFE_SECONDS,
        )
    )


def subscribe(
    connection_id: str, *, run_id: str | None = None, workflow_id: str | None = None, since: int | None = None, legacy: bool = False
) -> tuple[RunEvent, ...]:
    """Watch a run, or all runs of a workflow; `legacy`: under old names. Returns the run's events above `since` (first page), for the caller to send.

    Raises TicketInvalid when the connection is unknown, RunNotFound, WorkflowNotFound, ScopeMissing.
    """
    connection = _known(connection_id)
    topic = _existing_topic(principal_of(connection), run_id, workflow_id)
    try:
        connections.watch(connection, topic, legacy=legacy)
    except ConditionLost as fault:
        raise TicketInvalid("this connection is closed") from fault
    if run_id is None or since is None:
        return ()
    return runs.list_events(connection.organisation_id, run_id, since=since, limit=MISSED)


def unsubscribe(connection_id: str, *, run_id: str | None = None, workflow_id: str | None = None) -> None:
    """Watch it no longer."""
    topic = run_id or workflow_id
    connection = connections.find_connection(connection_id)
    if connection is not None and topic in connection.topics:
        connections.unwatch(connection, topic)


def disconnect(connection_id: str) -> None:
    """Forget a connection and its subscriptions; an unknown one is no error."""
    connections.forget(connection_id)


def _known(connection_id: str) -> Connection:
    connection = connections.find_connection(connection_id)
    if connection is None:
        raise TicketInvalid("this connection is unknown; connect with a new ticket")
    return connection


def _existing_topic(principal: Principal, run_id: str | None, workflow_id: str | None) -> str:
    if run_id is not None:
        return run_for(principal, run_id, Scope.RUN_READ).id
    if workflow_id is None:
        raise RunNotFound("name a run or a workflow to watch")
    return workflow_for(principal, workflow_id, Scope.RUN_READ).id
