"""Repeat a run: a new one of the same workflow, with the same input or another.

In: a run, perhaps an input, perhaps a version. Out: the new `Run`, whose trigger names the first. Nothing of the first is used but its input.
"""

from chalicelib.access.objects import run_for, workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.runs.resume import LATEST
from chalicelib.runs.start import start
from chalicelib.spec.model import Json
from chalicelib.store import runs
from chalicelib.store.run_records import Run, Trigger


def repeat(principal: Principal, run_id: str, *, given: Json = None, version: int | str | None = None, key: str | None = None) -> Run:
    """`version`: a number or `latest`; else the run's own. Raises RunNotFound, ScopeMissing and what `start` raises."""
    run = run_for(principal, run_id, Scope.RUN_READ)
    workflow_for(principal, run.workflow_id, Scope.WORKFLOW_EXECUTE)
    number = None if version == LATEST else run.version if version is None else int(version)
    whole = runs.get_input(principal.organisation_id, run_id) if given is None else given
    trigger = Trigger(type="repeat", source=run.id)
    return start(principal, workflow_id=run.workflow_id, input=whole, version=number, key=key, trigger=trigger)
