"""Delete runs whose workflow says how long they are kept: all that is recorded of them, and their values in S3.

In: an organisation. Out: how many runs are gone. A run that ended is taken first, so that nobody finds or resumes it any more; then all that
belongs to it goes, the run itself last: what a crash leaves is taken up again. Never: a run that has not ended, or that goes on by a resume. What
calls cost by day stays, and the audit says that the run is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from chalicelib.spec.workflow import Retention
from chalicelib.store import blobs, keys, runs, table
from chalicelib.store.acts import Actor, acting
from chalicelib.store.keys import IndexKey, Key
from chalicelib.store.run_records import Run
from chalicelib.store.workflows import get_version

MAX_RUNS: Final = 25  # deleted by one sweep


def expires_at(run: Run) -> int | None:
    """When the run may be deleted, in seconds since the epoch; None where its workflow does not say."""
    days = keeps_for(run)
    if days is None or run.ended_at is None:
        return None
    return int((datetime.fromisoformat(run.ended_at) + timedelta(days=days)).timestamp())


def keeps_for(run: Run) -> int | None:
    """For how many days after its end the run is kept; None: for good."""
    said = get_version(run.organisation_id, run.version_id).spec.get("retention")
    return None if said is None else Retention.model_validate(said).runs_days


def delete_expired(organisation_id: str) -> int:
    """Delete the runs whose time is over; how many are gone."""
    return sum(delete_run(organisation_id, run_id) for run_id in runs.list_expired(organisation_id, limit=MAX_RUNS))


def delete_run(organisation_id: str, run_id: str) -> bool:
    """False where the run goes on."""
    key = runs.take_for_deletion(organisation_id, run_id)
    if key is None:
        return False
    blobs.delete_folder(organisation_id, f"runs/{run_id}")
    for place in (keys.gates_of_run(organisation_id, run_id), keys.messages_of_run(organisation_id, run_id)):
        _delete(_keys_at(place))
    itself = keys.run(organisation_id, run_id)
    _delete([found for found in table.keys_of(table.query_all(itself.pk)) if found != itself])
    with acting(Actor(organisation_id, "sluice", "runs.delete_expired")):
        _delete([*key, itself])
    return True


def _keys_at(place: IndexKey) -> list[Key]:
    found: list[Key] = []
    page = table.query_index(place)
    found += table.keys_of(page.items)
    while page.last is not None:
        page = table.query_index(place, after=page.last)
        found += table.keys_of(page.items)
    return found


def _delete(found: Sequence[Key]) -> None:
    left = iter(found)
    while part := list(islice(left, table.MAX_TRANSACTION)):
        table.transact([table.delete(key) for key in part])
