"""Faults of moto's FIFO queues: the order of what comes back.

In: moto's SQS backend. Out: `PATCHES`.
"""

from typing import Any, Final

from moto.core.utils import unix_time_millis
from moto.sqs.models import SQSBackend

from infra.local.patches.patch import Patch, Replacement

_SOON: Final = 100  # milliseconds
_receive: Final = SQSBackend.receive_message


def _receive_in_order(self: Any, queue_name: str, *args: Any, **kwargs: Any) -> Any:
    queue = self.get_queue(queue_name)
    if queue.fifo_queue:
        _let_go(queue)
    return _receive(self, queue_name, *args, **kwargs)


def _let_go(queue: Any) -> None:
    """Messages whose time is over are nobody's any more, all before the first is handed over; none may become so while moto looks."""
    soon = unix_time_millis() + _SOON
    for message in list(queue.pending_messages):
        if message.visible:
            queue.pending_messages.discard(message)
        elif message.visible_at < soon:
            message.visible_at = soon


PATCHES: Final = (
    Patch(
        name="groups_in_order",
        fault="where several messages of a group come back after their time-out, moto takes the first ones for blocked by the later ones and hands"
        " over a later one first; at AWS a group stays in order whatever comes back",
        replacements=(Replacement(SQSBackend, "receive_message", _receive_in_order),),
    ),
)
