"""What can be asked of gates. Reads only; never gives a task token."""

from dataclasses import dataclass

from chalicelib.access.principal import Principal
from chalicelib.spec.model import JsonObject
from chalicelib.store.gate_records import Gate


@dataclass(frozen=True, slots=True)
class GatePage:
    gates: tuple[Gate, ...]
    cursor: str | None


def get_gate(principal: Principal, gate_id: str) -> Gate:
    """Raises GateNotFound."""
    raise NotImplementedError


def list_open_gates(principal: Principal, *, run_id: str | None = None, mine: bool = False, limit: int = 50, cursor: str | None = None) -> GatePage:
    """Open gates, oldest first. `mine` leaves out those that this principal may not decide."""
    raise NotImplementedError


def gate_view(gate: Gate) -> JsonObject:
    """The gate as APIs show it: details loaded, votes by person, the decision."""
    raise NotImplementedError
