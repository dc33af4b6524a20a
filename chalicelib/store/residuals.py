"""What a residual machine is made of: one item for each resume of a run, and one, of number 0, for a run that tries a single node.

In: a run's resume. Out: `Residual`: what is kept and how, what runs again, who wanted it, how the run stood before. Written with the resume and never
changed, but for the count of states that is noted when its machine is deleted. Never: two of one number.
"""

from collections.abc import Mapping
from contextlib import suppress

from chalicelib.errors import ConditionLost
from chalicelib.store import keys, table
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import Record
from chalicelib.store.run_records import Fault
from chalicelib.store.statuses import RunStatus
from chalicelib.store.table import Write
from chalicelib.store.values import Stored


class Past(Record):
    """How a run stood before it was resumed, and what it had run on."""

    version_id: str
    version: int
    machine_arn: str
    execution_name: str
    status: RunStatus
    error: Fault | None = None
    failed_node: str | None = None
    ended_at: str | None = None


class Residual(Record):
    """`kept`: node ids with how they settled (`succeeded`, `skipped`, `continued`); `loads`: those whose output is fetched by Tasks; `outputs`: the
    others' as an object by node id; `again`: nodes that run again, by the resume that had them do so; `entered`: nodes that run whatever their edges
    say."""

    number: int
    version_id: str
    kept: Mapping[str, str]
    loads: tuple[tuple[str, ...], ...] = ()
    outputs: Stored
    again: Mapping[str, int] = {}
    entered: tuple[str, ...] = ()
    plan_sha256: str = ""
    key_sha256: str | None = None
    request_sha256: str = ""
    claim: str = ""  # names the write
    by: str = ""
    reason: str | None = None
    from_node: str | None = None
    at: str = ""
    before: Past | None = None
    transition_count: int | None = None


def writing(organisation_id: str, run_id: str, residual: Residual) -> Write:
    """The write that keeps it, for the transaction that resumes the run."""
    return table.put(item_of(residual, keys.residual(organisation_id, run_id, residual.number)), condition=table.ABSENT)


def find(organisation_id: str, run_id: str, number: int) -> Residual | None:
    item = table.get(keys.residual(organisation_id, run_id, number))
    return record_of(Residual, item) if item else None


def list_of_run(organisation_id: str, run_id: str) -> tuple[Residual, ...]:
    """In the order of the resumes."""
    return tuple(record_of(Residual, item) for item in table.query_all(keys.run(organisation_id, run_id).pk, prefix="RESIDUAL#"))


def note_transitions(organisation_id: str, run_id: str, number: int, count: int) -> None:
    """How many states its execution entered; noted once, before its machine goes."""
    with suppress(ConditionLost):
        table.write(
            table.assign(
                keys.residual(organisation_id, run_id, number),
                {"transition_count": count},
                condition=f"{table.PRESENT} AND attribute_not_exists(#transition_count)",
            )
        )
