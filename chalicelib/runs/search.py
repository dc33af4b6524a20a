"""Find runs by status, workflow, version, label, time, error and the input fields that their workflow lets them be found by. Reads only.

In: a principal and what is wanted. Out: runs, newest first, in pages. One index leads, the narrowest of those that the question names; the rest is
asked of the runs that it gives. No scans: a question that names nothing walks the list of all runs, newest first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from chalicelib import ids
from chalicelib.access.objects import visible_runs
from chalicelib.access.principal import Principal
from chalicelib.store import keys, run_marks, runs, workflows
from chalicelib.store.keys import IndexKey
from chalicelib.store.run_marks import Mark
from chalicelib.store.run_records import Run
from chalicelib.store.runs import RunPage as RunPage
from chalicelib.store.statuses import RunStatus

_AFTER_ALL: Final = "~"  # sorts behind every letter of an id


@dataclass(frozen=True, slots=True)
class Wanted:
    """`fields` are paths of the input with their values as texts; `since` and `until` are when runs were created, both included."""

    status: RunStatus | None = None
    workflow_id: str | None = None
    version: int | None = None
    error: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the runs carry, the narrowest first."""
        named = [run_marks.input_field(path, value) for path, value in self.fields.items()]
        return (*named, *(run_marks.label(name, value) for name, value in self.labels.items()))

    def holds(self, run: Run) -> bool:
        """What the run itself tells. Trials are in no list."""
        return (
            run.trial_of is None
            and self.status in {None, run.status}
            and self.workflow_id in {None, run.workflow_id}
            and self.version in {None, run.version}
            and (self.error is None or (run.error is not None and run.error.name == self.error))
        )

    @property
    def span(self) -> tuple[str, str] | None:
        """The ids of runs of that time."""
        if self.since is None and self.until is None:
            return None
        first = ids.time_prefix(ids.RUN, _milliseconds(self.since) if self.since else 0)
        last = f"{ids.time_prefix(ids.RUN, _milliseconds(self.until))}{_AFTER_ALL}" if self.until else _AFTER_ALL
        return first, last


def search(principal: Principal, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> RunPage:
    """A page may be short, or empty, and still have a cursor. Raises CursorInvalid, VersionNotFound."""
    organisation_id = principal.organisation_id

    def keep(found: Sequence[Run]) -> Sequence[Run]:
        held = visible_runs(principal, [run for run in found if wanted.holds(run)])
        return run_marks.with_marks(organisation_id, held, wanted.marks) if wanted.marks and held else held

    place = _place(organisation_id, wanted)
    return runs.list_page(organisation_id, place, keep=keep, limit=limit, cursor=cursor, span=wanted.span, terms=wanted)


def _place(organisation_id: str, wanted: Wanted) -> IndexKey:
    """The index that leads."""
    marks = [*wanted.marks, *([run_marks.error(wanted.error)] if wanted.error is not None else [])]
    if not marks and wanted.workflow_id is not None and wanted.version is not None:
        summary = workflows.get_summary(organisation_id, wanted.workflow_id, wanted.version)
        return keys.runs_of_version(organisation_id, summary.id)
    if not marks and wanted.status is not None:
        if not wanted.status.is_terminal:
            return keys.open_runs(organisation_id)
        marks = [run_marks.status(wanted.status)]
    if marks:
        return marks[0].place(organisation_id, wanted.workflow_id)
    if wanted.workflow_id is not None:
        return keys.runs_of_workflow(organisation_id, wanted.workflow_id)
    return keys.runs_of_organisation(organisation_id)


def _milliseconds(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1_000))
