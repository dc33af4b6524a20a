"""What runs are found by, beside their time: one small item a run and criterion, in both indexes.

In: a run, a criterion with its value. Out: writes; which of some runs carry certain marks. Marks only ever say where to look: whoever searches asks
the run itself, too. A run that is resumed loses those of its end, and those of fields that its input has no more.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.store import keys, table
from chalicelib.store.items import item_of
from chalicelib.store.keys import IndexKey
from chalicelib.store.record import Record
from chalicelib.store.run_records import Fault, Run
from chalicelib.store.statuses import RunStatus
from chalicelib.store.table import Write

_LONGEST: Final = 200  # bytes of a value in a key; longer ones stand as their digest


class RunMark(Record):
    run_id: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A criterion with its value: `LABEL#team` and `travel`, `FIELD#customer.id` and `c-12`, `STATUS` and `failed`, `ERROR` and an error's name."""

    kind: str
    value: str

    @property
    def text(self) -> str:
        value = self.value.encode()
        told = self.value if len(value) <= _LONGEST else f"sha256:{hashlib.sha256(value).hexdigest()}"
        return f"{self.kind}={told}"

    def place(self, organisation_id: str, workflow_id: str | None) -> IndexKey:
        """Where the runs with the mark are: those of a workflow, or of the organisation."""
        if workflow_id is None:
            return keys.runs_with_mark(organisation_id, self.text)
        return keys.workflow_runs_with_mark(organisation_id, workflow_id, self.text)


def label(name: str, value: str) -> Mark:
    return Mark(f"LABEL#{name}", value)


def input_field(path: str, value: str) -> Mark:
    return Mark(f"FIELD#{path}", value)


def error(name: str) -> Mark:
    return Mark("ERROR", name)


def status(wanted: RunStatus) -> Mark:
    """Of runs that have ended; open ones have an index of their own."""
    return Mark("STATUS", wanted.value)


def mark_write(run: Run, mark: Mark) -> Write:
    """The same criterion of a run is marked once: a later value takes the place of the earlier."""
    organisation_id = run.organisation_id
    places = (
        keys.runs_with_mark(organisation_id, mark.text, run.id),
        keys.workflow_runs_with_mark(organisation_id, run.workflow_id, mark.text, run.id),
    )
    return table.put(item_of(RunMark(run_id=run.id), keys.run_mark(organisation_id, run.id, mark.kind), *places))


def ending_writes(run: Run, ended: RunStatus, fault: Fault | None) -> tuple[Write, ...]:
    """What an ended run is found by."""
    marks = [status(ended), *([error(fault.name)] if fault is not None else [])]
    return tuple(mark_write(run, mark) for mark in marks)


def reopening_writes(run: Run, *, before: Iterable[Mark], after: Iterable[Mark]) -> tuple[Write, ...]:
    """What a resumed run is found by: no longer by its end, and by what its input and its workflow say now."""
    kept, now = {mark.kind: mark for mark in before}, {mark.kind: mark for mark in after}
    gone = (status(run.status).kind, error("").kind, *(kind for kind in kept if kind not in now))
    return (
        *(table.delete(keys.run_mark(run.organisation_id, run.id, kind)) for kind in gone),
        *(mark_write(run, mark) for kind, mark in now.items() if kept.get(kind) != mark),
    )


def with_marks(organisation_id: str, found: Sequence[Run], marks: Iterable[Mark]) -> Sequence[Run]:
    """Those of the runs that carry all the marks."""
    wanted = {
        (run.id, mark): (keys.run_mark(organisation_id, run.id, mark.kind), mark.place(organisation_id, None).pk) for run in found for mark in marks
    }
    items: Mapping[keys.Key, Mapping[str, object]] = table.get_many([key for key, _ in wanted.values()])
    lacking = {run_id for (run_id, _), (key, place) in wanted.items() if items.get(key, {}).get("GSI1PK") != place}
    return [run for run in found if run.id not in lacking]
