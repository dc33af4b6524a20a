"""What can be asked of gates. Reads only; never gives a task token."""

from dataclasses import dataclass

from chalicelib.access.objects import gate_for, visible_gates
from chalicelib.access.principal import Principal
from chalicelib.gates.rules import may_decide
from chalicelib.spec.model import JsonObject
from chalicelib.store import gates, keys
from chalicelib.store.cursors import cursor_of, start_of
from chalicelib.store.gate_records import Gate
from chalicelib.store.record import plain
from chalicelib.store.statuses import GateStatus
from chalicelib.store.values import load


@dataclass(frozen=True, slots=True)
class GatePage:
    gates: tuple[Gate, ...]
    cursor: str | None


def get_gate(principal: Principal, gate_id: str) -> Gate:
    """Raises GateNotFound."""
    return gate_for(principal, gate_id)


def list_open_gates(principal: Principal, *, run_id: str | None = None, mine: bool = False, limit: int = 50, cursor: str | None = None) -> GatePage:
    """Open gates that the principal may see, oldest first; `mine` leaves out those that they may not decide.

    A page may be short. Raises CursorInvalid.
    """
    if run_id is not None:
        found = tuple(gate for gate in gates.list_of_run(principal.organisation_id, run_id) if gate.status is GateStatus.OPEN)
        return GatePage(_for(principal, found, mine=mine), None)
    place = keys.open_gates(principal.organisation_id)
    found, page = gates.list_open(principal.organisation_id, limit=limit, after=start_of(place, principal.organisation_id, cursor))
    return GatePage(_for(principal, found, mine=mine), cursor_of(place, page.last))


def gate_view(gate: Gate) -> JsonObject:
    """The gate as APIs show it: details loaded, votes by person, the decision."""
    document = plain(gate, without=frozenset({"organisation_id", "revision", "details", "fence"}))
    return document | {"details": load(gate.organisation_id, gate.details)}


def _for(principal: Principal, found: tuple[Gate, ...], *, mine: bool) -> tuple[Gate, ...]:
    seen = visible_gates(principal, found)
    return tuple(gate for gate in seen if may_decide(gate, principal)) if mine else tuple(seen)
