"""A person's reply to a message that waits for one."""

from chalicelib.access.principal import Principal
from chalicelib.store.message_records import SentMessage


def reply(principal: Principal, run_id: str, *, text: str, node: str | None = None, message_id: str | None = None) -> SentMessage:
    """Answer the oldest message of the run that waits for a reply, or the one of `node` or `message_id`. The first reply wins.

    Raises RunNotFound, MessageNotFound when nothing waits, AlreadyReplied.
    """
    raise NotImplementedError


def list_waiting(principal: Principal, run_id: str) -> tuple[SentMessage, ...]:
    """The run's messages that wait for a reply, oldest first."""
    raise NotImplementedError
