"""What can come of a sending, and what is to be done about it: one table for all channels.

In: nothing. Out: `SendFailure`, whose `act` each adapter takes from its vendor's codes; `each_sent`, which sends one body after the other and tells
with a failure what was taken before it. Never: a secret, or what the person was told, in its text.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from chalicelib.channels.outbound import Sent
from chalicelib.spec.model import JsonObject

Act = Literal[
    "retry",  # later, with a growing wait
    "slow_down",  # the whole account is too fast
    "wait_for_person",  # too many to this one person: only their queue waits
    "use_template",  # the service window is closed
    "use_other_channel",  # this one does not reach them
    "suppress",  # they want none of it
    "resync_template",  # what we know of the template is old
    "dead_letter",  # our fault, or the message's: the same again would fail the same
    "stop_account",  # nothing of this account goes out until somebody looked
    "unknown",  # no answer came: the vendor's word on the delivery is waited for before it is sent again
]


class SendFailure(Exception):  # noqa: N818  (it says what happened)
    """`code` is the vendor's; `wait_seconds` how long at least, where that is known. `sent`: what was taken before the one that failed, and is not to
    be sent again."""

    def __init__(self, act: Act, message: str, *, code: str = "", wait_seconds: float | None = None) -> None:
        self.act = act
        self.code = code
        self.wait_seconds = wait_seconds
        self.sent: tuple[Sent, ...] = ()
        super().__init__(message)


def each_sent(bodies: Iterable[JsonObject], post: Callable[[JsonObject], Sent]) -> tuple[Sent, ...]:
    """What the vendor says of each. Raises SendFailure at the first that it did not take."""
    sent: list[Sent] = []
    for body in bodies:
        try:
            sent.append(post(body))
        except SendFailure as failure:
            failure.sent = tuple(sent)
            raise
    return tuple(sent)
