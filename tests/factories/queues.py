"""Runs that wait for slots: start them, end them, and see that the counts are those of the runs.

In: published versions. Out: runs as they stand. `check_slots` is what holds after every step.
"""

from collections.abc import Iterable

from chalicelib.access.principal import Principal
from chalicelib.machines.names import execution_arn
from chalicelib.runs.finish import StatusChange, finish
from chalicelib.runs.start import InLine, start
from chalicelib.spec.model import JsonObject
from chalicelib.store import keys, runs, slots, table
from chalicelib.store.run_records import Priority, Run
from chalicelib.store.workflow_records import Version
from tests.factories.cloud import ANN, published

ORG = "org_local"


def version_of(name: str, *, organisation_id: str = ORG) -> Version:
    spec: JsonObject = {"sluice": 1, "name": name, "nodes": {"say": {"type": "transform", "value": 1}}}
    return published(spec, organisation_id=organisation_id)


def begun(version: Version, *, by: Principal = ANN, priority: Priority = Priority.NORMAL) -> Run:
    return start(by, workflow_id=version.workflow_id, input={}, line=InLine(priority))


def now(run: Run) -> Run:
    return runs.get(run.organisation_id, run.id)


def over(run: Run) -> Run:
    """The engine says that it succeeded."""
    arn = execution_arn(run.machine_arn, run.execution_name)
    found = finish(StatusChange(run.organisation_id, run.execution_name, arn, "SUCCEEDED", output={"output": 1, "settled": {}}))
    assert found is not None
    return found


def holders(all_runs: Iterable[Run]) -> list[Run]:
    return [found for run in all_runs if (found := now(run)).slot == "held"]


def check_slots(organisation_id: str, all_runs: Iterable[Run], *, limit: int) -> None:
    """Counts are those of the runs, lines hold those that wait, and no more than the limit hold a slot."""
    found, current = slots.read(organisation_id), [now(run) for run in all_runs]
    held = [run for run in current if run.slot == "held"]
    waiting = [run for run in current if run.slot == "waiting"]
    assert len(held) <= limit
    assert (found.organisation.taken, found.organisation.waiting) == (len(held), len(waiting))
    assert not [run for run in current if run.status.is_terminal and run.slot != "none"]
    for workflow_id in {run.workflow_id for run in current}:
        of = found.of(workflow_id)
        assert of.taken == sum(run.workflow_id == workflow_id for run in held)
        for priority in Priority:
            in_line = {run.id for run in waiting if (run.workflow_id, run.priority) == (workflow_id, priority)}
            items = list(table.query_all(keys.line(organisation_id, workflow_id, priority)))
            assert of.waiting_of(priority) == len(in_line)
            assert {item["run_id"] for item in items} == in_line
            assert bool(of.since_of(priority)) == bool(in_line)
