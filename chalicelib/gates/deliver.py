"""Deliver an answer that is written but has not reached the engine: gate decisions, replies, results of sub-workflows. The outbox.

Called right after the decision, by the table's stream and by the sweeper: sending twice does no harm, since the engine takes a token once.
"""

from chalicelib.spec.model import JsonObject


def deliver(organisation_id: str, waiter_id: str) -> bool:
    """Send the answer of a waiter: `gate_…`, `msg_…` or, for a sub-workflow's result, the child's `run_…`. True when nothing is left to send.

    A token that the engine no longer knows counts as settled elsewhere. Raises EngineUnavailable when it must be tried again.
    """
    raise NotImplementedError


def relay(image: JsonObject) -> bool:
    """Deliver what a stream record's new image (plain values) holds, if it is an undelivered answer; False when it is not."""
    raise NotImplementedError
