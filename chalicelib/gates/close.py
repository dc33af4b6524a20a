"""Close a gate whose time is over: what the `<gate>--close` state's worker calls. The time-out competes with decisions in the same conditional
write."""

from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import NodeAttempt


def close_gate(attempt: NodeAttempt, *, on_timeout: str | None = None) -> JsonObject:
    """The output of whichever decision won: `{choice, reason, form, by, at, channel}`; for the time-out `by` is empty and the choice is `on_timeout`
    or `timed_out`.

    `on_timeout="fail"` records the node as failed and raises GateTimedOut, unless a decision came first.
    A gate that never opened counts as timed out.
    """
    raise NotImplementedError
