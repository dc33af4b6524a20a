"""Are the counts of slots those of the open runs? They change with the runs in one transaction, so they come apart only by what is done to the
table from outside, such as putting back an older copy of it.

In: an organisation's open runs, one by one, read after the counts. Out: how many counts were set right. Never: a count set that changed meanwhile, or
so lately that the index of open runs may not show it yet.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from chalicelib.clock import epoch_seconds
from chalicelib.store import slots
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.slots import Counts, WorkflowSlots

QUIET_SECONDS: Final = 30  # an index lags by less


class Recount:
    """Counts runs as they are found."""

    def __init__(self, organisation_id: str) -> None:
        self._organisation_id = organisation_id
        self._before = slots.read(organisation_id)
        self._taken: Counter[str] = Counter()
        self._waiting: Counter[tuple[str, Priority]] = Counter()

    def count(self, run: Run) -> None:
        """One open run."""
        if run.slot == "held":
            self._taken[run.workflow_id] += 1
        elif run.slot == "waiting":
            self._waiting[run.workflow_id, run.priority] += 1

    def correct(self) -> int:
        """Set right what is wrong, now that all open runs were counted."""
        whole = {"taken": self._taken.total(), "waiting": self._waiting.total()}
        found = self._set_right(None, self._before.organisation, whole)
        for workflow_id in {*self._before.workflows, *self._taken, *(workflow_id for workflow_id, _ in self._waiting)}:
            found += self._set_right(workflow_id, self._before.of(workflow_id), self._of(workflow_id))
        return found

    def _of(self, workflow_id: str) -> Mapping[str, int]:
        waiting = {f"waiting_{each}": self._waiting[workflow_id, each] for each in Priority}
        return {"taken": self._taken[workflow_id], "waiting": sum(waiting.values()), **waiting}

    def _set_right(self, workflow_id: str | None, before: Counts | WorkflowSlots, counts: Mapping[str, int]) -> int:
        is_right = all(getattr(before, name) == count for name, count in counts.items())
        if is_right or epoch_seconds() - before.changed_at < QUIET_SECONDS:
            return 0
        return int(slots.correct(self._organisation_id, self._before, workflow_id, counts))
