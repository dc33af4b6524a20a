"""Occasions that reached nobody: Scheduler could not invoke the `trigger` function, or that failed each time it was tried.

In: the queue in which both leave what they gave up on. Out: how many of its messages were dealt with. Asked once a minute by the sweeper, so that no
poller is paid for. A message goes when its occasion has its firing, or can have none; else it comes again after the queue's visibility time-out,
for as long as the queue keeps it (14 days). Never: an error for one message that keeps others waiting.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html (the body is the target's input),
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (it is `requestPayload`).
"""

import json
import logging
from typing import Any, Final

from chalicelib.settings import settings
from chalicelib.store.clients import client
from chalicelib.triggers.occasions import take

_AT_ONCE: Final = 10  # what SQS hands over at most
_ROUNDS: Final = 5
_log: Final = logging.getLogger(__name__)


def take_missed() -> int:
    """Fire for what is in the queue, fifty at most; without a queue, nothing."""
    queue = settings().missed_queue
    count = 0
    for _ in range(_ROUNDS if queue else 0):
        found = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE).get("Messages", [])
        count += sum(_took(queue, message) for message in found)
        if len(found) < _AT_ONCE:
            break
    return count


def _took(queue: str, message: dict[str, Any]) -> bool:
    try:
        take(_payload(message["Body"]))
        client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    except Exception:
        _log.exception("a missed occasion did not fire this time either", extra={"message_id": message.get("MessageId")})
        return False
    return True


def _payload(body: str) -> object:
    """What the function was, or would have been, given. What cannot be read is None, of which nothing fires."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told.get("requestPayload", told) if isinstance(told, dict) else told
