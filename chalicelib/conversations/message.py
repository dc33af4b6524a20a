"""Messages that runs send to people. Until channels come, every message goes to the console: the run's log.

In: a `message` node's rendered text. Out: a `SentMessage`. With a wait for the reply the task token stays in the message's record; idempotent like a
gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.spec.model import Json
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A rendered message."""

    text: str
    to: str | None = None
    channels: tuple[str, ...] = ()


def send_message(attempt: NodeAttempt, *, message: Outgoing) -> SentMessage:
    """Send a message that waits for nothing. Sending the same attempt's message again gives the same record. The worker records the node run."""
    raise NotImplementedError


def ask(
    attempt: NodeAttempt, *, message: Outgoing, token: str, deadline_seconds: int | None = None, settled: Mapping[str, Json] | None = None
) -> SentMessage:
    """Send a message and wait for its reply; records the node run as waiting. A new token for a message that has its reply is answered at once."""
    raise NotImplementedError
