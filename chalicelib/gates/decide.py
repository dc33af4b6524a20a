"""Decide a gate: one conditional write; the first valid decision wins everywhere, the others are told who decided."""

from chalicelib.access.principal import Principal
from chalicelib.spec.model import Json
from chalicelib.store.gate_records import Decision


def decide(principal: Principal, gate_id: str, *, choice: str, reason: str | None = None, form: Json = None, channel: str = "api") -> Decision:
    """Cast a person's decision. With a quorum it is final once enough distinct people gave the same choice; until then `is_final` is false.

    Who may decide, self-approval, reason and form are checked here, whatever the channel. The person who gave the winning decision may repeat it:
    the same
    decision is returned. A final decision is delivered to the engine before this returns, best effort; the outbox delivers it otherwise.
    Raises GateNotFound, NotADecider, SelfApproval, DecisionInvalid, GateAlreadyDecided.
    """
    raise NotImplementedError
