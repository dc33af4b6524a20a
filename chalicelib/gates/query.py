"""What can be asked of gates. Reads only; never gives a task token."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from chalicelib.access.objects import gate_for, visible_gates
from chalicelib.access.principal import Principal
from chalicelib.errors import ListTooLong
from chalicelib.gates.rules import may_decide
from chalicelib.spec.model import JsonObject
from chalicelib.store import gates, keys
from chalicelib.store.gate_records import Gate
from chalicelib.store.gates import GatePage as GatePage
from chalicelib.store.keys import IndexKey
from chalicelib.store.pages import Sorting, is_backwards, sorted_page
from chalicelib.store.record import plain
from chalicelib.store.statuses import GateStatus
from chalicelib.store.values import load

GateOrder = Literal["opened_at", "-opened_at", "deadline_at", "-deadline_at"]
_NEVER: Final = "~"  # sorts behind every time


@dataclass(frozen=True, slots=True)
class Wanted:
    """`mine` leaves out the gates that the principal may not decide. `sort` begins with `-` where the latest come first."""

    status: GateStatus = GateStatus.OPEN
    workflow_id: str | None = None
    run_id: str | None = None
    mine: bool = False
    sort: GateOrder = "opened_at"

    def holds(self, gate: Gate) -> bool:
        return gate.status is self.status and self.workflow_id in {None, gate.workflow_id} and self.run_id in {None, gate.run_id}


def get_gate(principal: Principal, gate_id: str) -> Gate:
    """Raises GateNotFound."""
    return gate_for(principal, gate_id)


def list_gates(principal: Principal, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> GatePage:
    """Gates that the principal may see, those that fit. A page may be short, or empty, and still have a cursor.

    Open gates stand in one index, those that have ended in another, a run's in a third; what else is asked is asked of what these give. A run's
    gates, as far as there are few, and gates by their deadline are sorted here. Raises CursorInvalid, ListTooLong.
    """
    by_opening = wanted.sort.endswith("opened_at")
    if wanted.run_id is None and by_opening:
        return _walked(principal, wanted, limit=limit, cursor=cursor)
    try:
        return _sorted(principal, wanted, limit=limit, cursor=cursor)
    except ListTooLong:
        if not by_opening:
            raise
        return _walked(principal, wanted, limit=limit, cursor=cursor)


def _walked(principal: Principal, wanted: Wanted, *, limit: int, cursor: str | None) -> GatePage:
    """In the order of the index of open gates, or of that of ended ones."""
    organisation_id, place = principal.organisation_id, _by_status(principal.organisation_id, wanted.status)
    keep, backwards = partial(_keep, principal, wanted), is_backwards(wanted.sort)
    return gates.list_page(organisation_id, place, limit=limit, cursor=cursor, keep=keep, terms=wanted, backwards=backwards)


def _sorted(principal: Principal, wanted: Wanted, *, limit: int, cursor: str | None) -> GatePage:
    """Raises ListTooLong."""
    place = _place(principal.organisation_id, wanted)
    sorting = Sorting(by=_by_deadline if wanted.sort.endswith("deadline_at") else _by_opening, backwards=is_backwards(wanted.sort))
    found = _keep(principal, wanted, gates.list_all(place))
    return GatePage(*sorted_page(found, sorting, listed=place.pk, limit=limit, cursor=cursor, terms=wanted))


def list_open_gates(principal: Principal, *, run_id: str | None = None, mine: bool = False, limit: int = 50, cursor: str | None = None) -> GatePage:
    """Open gates that the principal may see, oldest first. Raises CursorInvalid."""
    return list_gates(principal, Wanted(run_id=run_id, mine=mine), limit=limit, cursor=cursor)


def gate_view(gate: Gate) -> JsonObject:
    """The gate as APIs show it: details loaded, votes by person, the decision."""
    document = plain(gate, without=frozenset({"organisation_id", "revision", "details", "fence"}))
    return document | {"details": load(gate.organisation_id, gate.details)}


def _place(organisation_id: str, wanted: Wanted) -> IndexKey:
    """The index that leads."""
    return keys.gates_of_run(organisation_id, wanted.run_id) if wanted.run_id is not None else _by_status(organisation_id, wanted.status)


def _by_status(organisation_id: str, status: GateStatus) -> IndexKey:
    return keys.open_gates(organisation_id) if status is GateStatus.OPEN else keys.ended_gates(organisation_id)


def _keep(principal: Principal, wanted: Wanted, found: Sequence[Gate]) -> list[Gate]:
    seen = visible_gates(principal, [gate for gate in found if wanted.holds(gate)])
    return [gate for gate in seen if may_decide(gate, principal)] if wanted.mine else seen


def _by_opening(gate: Gate) -> tuple[str, ...]:
    return gate.opened_at, gate.id


def _by_deadline(gate: Gate) -> tuple[str, ...]:
    return gate.deadline_at or _NEVER, gate.id
