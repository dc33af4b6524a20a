"""Fills the response cache: a job, handed over to the function that has the vendors' keys.

In: a principal, requests, an idempotency key. Out: the job as it is; asked for again under its key it is handed over again, unless somebody works on
it, so that a job whose worker never came is begun by whoever waits for it. Never: a call of a model.
"""

import hashlib
from collections.abc import Sequence

from chalicelib.access.principal import Principal
from chalicelib.clock import epoch_seconds
from chalicelib.errors import JobNotFound
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import JsonObject
from chalicelib.store import warm_jobs
from chalicelib.store.warm_jobs import WarmJob
from chalicelib.workflows.errands import WarmCache, hand_over


def warm(principal: Principal, requests: Sequence[JsonObject], *, ttl_seconds: int, key: str) -> WarmJob:
    """Raises KeyReused, Unavailable: then the job is kept, and begins when it is asked for again."""
    digest = hashlib.sha256(canonical_json([ttl_seconds, *requests]).encode()).hexdigest()
    job = warm_jobs.begin(principal.organisation_id, principal.person, requests, ttl_seconds=ttl_seconds, digest=digest, key=key)
    if job.status != "done" and job.lease_until < epoch_seconds():
        hand_over(WarmCache(organisation_id=job.organisation_id, job_id=job.id))
    return job


def get_job(principal: Principal, job_id: str) -> WarmJob:
    """Raises JobNotFound."""
    found = warm_jobs.find(principal.organisation_id, job_id)
    if found is None or not (principal.is_admin or principal.person == found.created_by):
        raise JobNotFound(f"there is no job {job_id}; jobs are kept for a week")
    return found
