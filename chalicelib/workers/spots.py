"""Where a node's model calls belong: its run, and the runs that wait for that one, whose budgets hold for it too.

In: the work, and the most that a call is likely to cost. Out: a `Spot`, and the budget of any of these runs as its workflow says. A run never gets
other runs above it, so they are read once per container.
"""

from functools import lru_cache

from chalicelib.access.metering import Spot
from chalicelib.spec.agent_parts import Budget
from chalicelib.store import runs
from chalicelib.store.budget_records import RunLimit
from chalicelib.store.run_records import RunAbove
from chalicelib.workers.version_nodes import version_facts
from chalicelib.workers.work import Work


def spot_of(work: Work, amount: int | None) -> Spot:
    """Raises RunNotFound."""
    payload = work.payload
    above = tuple(_limit(payload.organisation_id, run, amount) for run in _above(payload.organisation_id, payload.run_id))
    return Spot(payload.organisation_id, payload.run_id, work.facts.workflow_id, payload.node, payload.item_path, above)


def budget_of(work: Work, run_id: str) -> Budget | None:
    """What the workflow of a run says: the work's own, or one above it."""
    if run_id in {"", work.payload.run_id}:
        return work.facts.budget
    organisation_id = work.payload.organisation_id
    found = next((run for run in _above(organisation_id, work.payload.run_id) if run.run_id == run_id), None)
    return None if found is None else version_facts(organisation_id, found.version_id).budget


def _limit(organisation_id: str, run: RunAbove, amount: int | None) -> RunLimit:
    return RunLimit(run_id=run.run_id, workflow_id=run.workflow_id, limit=version_facts(organisation_id, run.version_id).limit_of(amount))


@lru_cache(maxsize=1024)
def _above(organisation_id: str, run_id: str) -> tuple[RunAbove, ...]:
    return runs.get(organisation_id, run_id).above
