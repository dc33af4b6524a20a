"""The records of budgets: what may be spent, what is held for calls that are being made, what has been spent.

All amounts are integer micro-dollars. A counter's `committed` is `spent` plus `reserved`: a condition of the table compares attributes, it does not
add them.
"""

from enum import StrEnum
from typing import Literal

from chalicelib.store.keys import Key
from chalicelib.store.record import Record

ScopeName = Literal["run", "workflow", "organisation"]
Period = Literal["run", "day", "month"]
AlertPeriod = Literal["day", "month"]
Unpriced = Literal["refuse", "allow"]


class Limit(Record):
    """`generation` is new whenever a limit is set where there was none: its counter then begins with what the ledger knows."""

    micro_dollars: int
    generation: str


class Budget(Record):
    """What a workflow, or (without one) the organisation, may spend. `per_run` is a workflow's alone. `unpriced`: whether models without a price
    may be called under it; what they cost is then in no sum."""

    workflow_id: str = ""
    per_run: int | None = None
    per_day: Limit | None = None
    per_month: Limit | None = None
    unpriced: Unpriced = "refuse"
    set_at: str
    set_by: str


class Counter(Record):
    """What a limit has been used for. `raised` and `raised_for` are a run's: what people have allowed beyond its limit, and by which approvals."""

    spent: int = 0
    reserved: int = 0
    committed: int = 0
    raised: int = 0


class BudgetAlert(Record):
    """That a limit of `scope` is used to `level` percent (100 also when a call was refused for it). `of` is the day (`2026-11-27`) or the month.
    A limit that is changed is another one, and alerts anew."""

    id: str
    workflow_id: str = ""
    period: AlertPeriod
    of: str
    level: int
    limit: int
    spent: int
    at: str

    @property
    def scope(self) -> ScopeName:
        return "workflow" if self.workflow_id else "organisation"


class RunLimit(Record):
    """A run and what its workflow spec allows it, if anything: the run of a call, or one above that."""

    run_id: str
    workflow_id: str = ""
    limit: int | None = None


class Hold(Record):
    """A limit that a reservation is held under, and the counter that counts for it."""

    scope: ScopeName
    period: Period
    pk: str
    sk: str
    limit: int

    @property
    def key(self) -> Key:
        return Key(self.pk, self.sk)

    @property
    def of(self) -> str:
        """Which day or month: `2026-11-27`, `2026-11`. A run's limit has none."""
        return "" if self.scope == "run" else self.sk.split("#")[1]

    @property
    def run_id(self) -> str:
        """Whose limit it is, where it is a run's."""
        return self.pk.rpartition("#")[2] if self.scope == "run" else ""


class ReservationStatus(StrEnum):
    """`settled`: the true cost is counted. `returned`: given back, by its caller or because it lapsed; a settlement that comes later still counts."""

    OPEN = "open"
    SETTLED = "settled"
    RETURNED = "returned"


class Reservation(Record):
    """An amount held under every limit that a call falls under. The call counts for the day of `reserved_at`; `lapses_at` is in epoch seconds."""

    organisation_id: str
    call_key: str
    run_id: str = ""
    workflow_id: str = ""
    amount: int
    reserved_at: str
    holds: tuple[Hold, ...]
    lapses_at: int
    status: ReservationStatus = ReservationStatus.OPEN
