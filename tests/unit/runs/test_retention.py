"""Runs are deleted when their workflow's retention is over, with all that belongs to them, and never before they have ended."""

from chalicelib.clock import epoch_seconds
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.runs.query import list_runs
from chalicelib.runs.retention import delete_run, expires_at
from chalicelib.runs.sweep import sweep
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.store import audit_entries, gates, keys, runs, table
from chalicelib.store.clients import client
from chalicelib.store.run_records import Run
from tests.factories.cloud import ANN, SPEC, Cloud
from tests.factories.run_stories import attempt_at, ended, now, opened_gate, started_run

KEPT: JsonObject = {**SPEC, "retention": {"runs_days": 30}}
DAY = 24 * 3600


def ended_run(spec: JsonObject = KEPT) -> Run:
    """A run with a gate and a large value, that has failed."""
    run = started_run(spec)
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result={"body": "x" * 40_000})
    opened_gate(run)
    return ended(run, "FAILED", error="Broken")


def make_due(run: Run, *, days: int) -> None:
    """As if so many days had gone by."""
    place = keys.expiring_runs(run.organisation_id, epoch_seconds() + 30 * DAY - days * DAY, run.id)
    table.write(table.assign(keys.run(run.organisation_id, run.id), table.places(place)))


def objects() -> list[str]:
    found = client("s3").list_objects_v2(Bucket=settings().bucket).get("Contents", ())
    return [each["Key"] for each in found if "/runs/" in each["Key"]]


def test_it_deletes_a_run_with_all_that_belongs_to_it(aws: Cloud) -> None:
    run = ended_run()
    assert objects()
    make_due(run, days=31)
    assert sweep("org_local", grace_seconds=0).deleted_count == 1
    assert runs.find("org_local", run.id) is None
    assert [*table.query_all(keys.run("org_local", run.id).pk)] == []
    assert (objects(), gates.list_of_run("org_local", run.id), list_runs(ANN).runs) == ([], (), ())
    assert sweep("org_local", grace_seconds=0).deleted_count == 0
    assert [(act.by, act.noun, act.target, act.verb) for act in audit_entries.list_acts("org_local")] == [("sluice", "run", run.id, "deleted")]


def test_it_keeps_a_run_until_its_time_is_over(aws: Cloud) -> None:
    run = ended_run()
    make_due(run, days=29)
    assert sweep("org_local", grace_seconds=0).deleted_count == 0
    assert now(run).status == "failed"


def test_it_keeps_for_good_what_says_nothing(aws: Cloud) -> None:
    run = ended_run(SPEC)
    assert expires_at(run) is None
    assert not delete_run("org_local", run.id)
    assert "GSI2PK" not in (table.get(keys.run("org_local", run.id)) or {})


def test_it_counts_from_the_end(aws: Cloud) -> None:
    run = now(ended_run())
    at = expires_at(run)
    assert at is not None
    assert abs(at - epoch_seconds() - 30 * DAY) < 60
    assert (table.get(keys.run("org_local", run.id)) or {})["GSI2SK"] == f"{at:012d}#{run.id}"


def test_it_deletes_no_run_that_has_not_ended(aws: Cloud) -> None:
    run = started_run(KEPT)
    assert not delete_run("org_local", run.id)
    make_due(run, days=31)
    assert sweep("org_local", grace_seconds=0).deleted_count == 0
    assert not now(run).status.is_terminal


def test_it_goes_on_where_it_died(aws: Cloud) -> None:
    run = ended_run()
    make_due(run, days=31)
    assert runs.take_for_deletion("org_local", run.id) == ()
    assert runs.find("org_local", run.id) is None
    assert sweep("org_local", grace_seconds=0).deleted_count == 1
