"""Messages that runs send to people. Until channels come, every message goes to the console: the run's log.

In: a `message` node's rendered text. Out: a `SentMessage`. With a wait for the reply the task token stays in the message's record; idempotent like a
gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from chalicelib.clock import now_text, time_text
from chalicelib.errors import ConditionLost
from chalicelib.gates.deliver import deliver_soon
from chalicelib.runs.nodes import node_waiting
from chalicelib.spec.model import Json
from chalicelib.store import answers, messages, table
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.table import Write

CONSOLE: Final = "console"
TEXT_LENGTH: Final = 64_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A rendered message."""

    text: str
    to: str | None = None
    channels: tuple[str, ...] = ()


def send_message(attempt: NodeAttempt, *, message: Outgoing, part: str = "") -> SentMessage:
    """Send a message that waits for nothing. Sending the same attempt's message again gives the same record. The worker records the node run.

    `part` tells apart the messages of a node that sends several, such as an agent's.
    """
    return _kept(_message(attempt, message, None, waits=False, part=part))


def ask(
    attempt: NodeAttempt, *, message: Outgoing, token: str, deadline_seconds: int | None = None, settled: Mapping[str, Json] | None = None
) -> SentMessage:
    """Send a message and wait for its reply; records the node run as waiting. A new token for a message that has its reply is answered at once.

    Raises StaleAttempt, RunEnded, RunNotFound.
    """
    sent = messages.find(attempt.organisation_id, messages.message_id(attempt))
    if sent is None:
        sent = _message(attempt, message, deadline_seconds, waits=True)
        _tell_waiting(attempt, sent, settled, writes=(messages.sending_write(sent, token),))
        return sent
    if sent.reply is None and sent.fence.resume < attempt.fence.resume:
        return _waited_for_again(attempt, sent, token, deadline_seconds, settled)
    _tell_waiting(attempt, sent, settled)
    answers.replace_token(attempt.organisation_id, sent.id, token)
    deliver_soon(attempt.organisation_id, sent.id)
    return sent


def _waited_for_again(
    attempt: NodeAttempt, sent: SentMessage, token: str, deadline_seconds: int | None, settled: Mapping[str, Json] | None
) -> SentMessage:
    """A resumed run comes to a message that is out: it is not sent again, its reply is waited for."""
    after = sent.model_copy(update={"fence": attempt.fence, "deadline_at": _deadline(deadline_seconds)})
    _tell_waiting(attempt, after, settled, writes=(messages.retaking_write(sent, after, token),))
    return after


def _tell_waiting(attempt: NodeAttempt, sent: SentMessage, settled: Mapping[str, Json] | None, writes: tuple[Write, ...] = ()) -> None:
    node_waiting(attempt, waiting_for="reply", reference=sent.id, until=sent.deadline_at, settled=settled, writes=writes)


def _kept(message: SentMessage) -> SentMessage:
    """The message as it is recorded: this one, or the one that was sent before."""
    try:
        table.write(messages.sending_write(message))
    except ConditionLost:
        return messages.find(message.organisation_id, message.id) or message
    return message


def _message(attempt: NodeAttempt, message: Outgoing, deadline_seconds: int | None, *, waits: bool, part: str = "") -> SentMessage:
    return SentMessage(
        id=messages.message_id(attempt, part),
        organisation_id=attempt.organisation_id,
        run_id=attempt.run_id,
        node=attempt.node,
        item_path=attempt.item_path,
        fence=attempt.fence,
        to=message.to,
        text=message.text[:TEXT_LENGTH],
        channels=(CONSOLE,),
        waits_for_reply=waits,
        sent_at=now_text(),
        deadline_at=_deadline(deadline_seconds),
    )


def _deadline(seconds: int | None) -> str | None:
    return time_text(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else None
