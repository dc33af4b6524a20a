"""Jobs that fill the response cache: what is asked for, and what has become of it so far.

In: an organisation, requests, who works on them. Out: `WarmJob`. One worker at a time holds a job, for as long as a lease lasts and is renewed with
each result; whoever comes meanwhile is told no, whoever comes after a crash goes on behind the last result. Never: a result twice, or of a worker
whose lease is over and was taken.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from chalicelib import ids
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import ConditionLost, KeyReused
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, table
from chalicelib.store.blobs import json_text
from chalicelib.store.items import item_of, record_of
from chalicelib.store.record import FreeJson, Record
from chalicelib.store.values import Stored, keep, load

LEASE_SECONDS: Final = 120  # longer than one request may take
KEPT_SECONDS: Final = 7 * 86_400
Status = Literal["queued", "running", "done"]


class WarmJob(Record):
    """`results` has an entry for each of the first requests, in their order. `digest` is that of the requests."""

    id: str
    organisation_id: str
    digest: str
    ttl_seconds: int
    request_count: int
    requests: Stored
    status: Status = "queued"
    results: FreeJson = None
    created_at: str
    created_by: str
    updated_at: str
    lease_owner: str = ""
    lease_until: int = 0


def begin(organisation_id: str, person: str, requests: Sequence[JsonObject], *, ttl_seconds: int, digest: str, key: str) -> WarmJob:
    """A new job, or the one that this person has begun under the key. Raises KeyReused where that asks for something else."""
    job_id = ids.derived_id(ids.JOB, organisation_id, person, key) if key else ids.new_id(ids.JOB)
    now = now_text()
    job = WarmJob(
        id=job_id,
        organisation_id=organisation_id,
        digest=digest,
        ttl_seconds=ttl_seconds,
        request_count=len(requests),
        requests=keep(organisation_id, "warm", [*requests]),
        created_at=now,
        created_by=person,
        updated_at=now,
    )
    item = item_of(job, keys.warm_job(organisation_id, job_id), expires_at=epoch_seconds() + KEPT_SECONDS)
    try:
        table.write(table.put(item, condition=table.ABSENT))
    except ConditionLost as lost:
        found = find(organisation_id, job_id)
        if found is None or found.digest != digest:
            raise KeyReused("this idempotency key belongs to a job with other requests") from lost
        return found
    return job


def find(organisation_id: str, job_id: str) -> WarmJob | None:
    item = table.get(keys.warm_job(organisation_id, job_id))
    return None if item is None else record_of(WarmJob, item)


def requests_of(job: WarmJob) -> list[JsonObject]:
    wanted = load(job.organisation_id, job.requests)
    return [each for each in wanted if isinstance(each, dict)] if isinstance(wanted, list) else []


def results_of(job: WarmJob) -> list[JsonObject]:
    return [each for each in job.results if isinstance(each, dict)] if isinstance(job.results, list) else []


def take(organisation_id: str, job_id: str, owner: str) -> WarmJob | None:
    """The job, held by `owner` from now on; None where it is done, unknown, or another holds it."""
    now = epoch_seconds()
    free = f"{table.PRESENT} AND #status <> :done AND #lease_until < :now"
    changes = {"lease_owner": owner, "lease_until": now + LEASE_SECONDS, "status": "running", "updated_at": now_text()}
    return find(organisation_id, job_id) if _wrote(organisation_id, job_id, changes, free, {"done": "done", "now": now}) else None


def put_results(job: WarmJob, owner: str, results: Sequence[JsonObject]) -> bool:
    """Keep what has become of the first requests; with the last one the job is done. False where another holds the job."""
    is_done = len(results) == job.request_count
    changes = {
        "results": json_text([*results]),
        "updated_at": now_text(),
        "lease_until": 0 if is_done else epoch_seconds() + LEASE_SECONDS,
        "status": "done" if is_done else "running",
    }
    return _wrote(job.organisation_id, job.id, changes, "#lease_owner = :mine AND #status <> :done", {"mine": owner, "done": "done"})


def _wrote(organisation_id: str, job_id: str, changes: Mapping[str, object], condition: str, values: Mapping[str, object]) -> bool:
    try:
        table.write(table.assign(keys.warm_job(organisation_id, job_id), changes, condition=condition, values=values))
    except ConditionLost:
        return False
    return True
