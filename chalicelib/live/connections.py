"""Connections and what they watch.

In: what a WebSocket client does. Out: connection and watcher records. A connection lives two hours at most; the table forgets the rest.
"""

from chalicelib.store.run_records import RunEvent


def connect(connection_id: str, *, ticket: str) -> None:
    """Accept a connection. Raises TicketInvalid."""
    raise NotImplementedError


def subscribe(connection_id: str, *, run_id: str | None = None, workflow_id: str | None = None, since: int | None = None) -> tuple[RunEvent, ...]:
    """Watch a run, or all runs of a workflow. Returns the run's events above `since` (first page), for the caller to send.

    Raises TicketInvalid when the connection is unknown, RunNotFound, WorkflowNotFound.
    """
    raise NotImplementedError


def unsubscribe(connection_id: str, *, run_id: str | None = None, workflow_id: str | None = None) -> None:
    """Watch it no longer."""
    raise NotImplementedError


def disconnect(connection_id: str) -> None:
    """Forget a connection and its subscriptions; an unknown one is no error."""
    raise NotImplementedError
