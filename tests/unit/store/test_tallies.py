"""What a version's runs came to: each counts once, whatever is delivered twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.clock import time_text
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.store import table, tallies
from chalicelib.store.run_records import Run, Usage
from chalicelib.store.statuses import RunStatus
from chalicelib.store.tallies import Tally
from tests.factories.cloud import SPEC, Cloud
from tests.factories.run_stories import attempt_at, ended, now, started_run

BEGAN = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def tally(run: Run) -> Tally:
    return tallies.of_workflow(run.organisation_id, run.workflow_id)[run.version]


def test_it_counts_a_run_when_it_begins_and_when_it_ends(aws: Cloud) -> None:
    run = started_run()
    assert (tally(run)["started_count"], tally(run).in_flight_count, tally(run).success_rate, tally(run).median_seconds) == (1, 1, None, None)
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result=1, usage=Usage(input_tokens=5, output_tokens=5, cost=1200))
    ended(run, "SUCCEEDED", output=1)
    counted = tally(run)
    assert (counted["succeeded_count"], counted["cost"], counted.in_flight_count, counted.success_rate) == (1, 1200, 0, 1.0)
    assert counted.median_seconds is not None


def test_it_counts_an_ending_once_however_often_it_is_delivered(aws: Cloud) -> None:
    run = started_run()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ended(run, "FAILED" if number % 2 else "SUCCEEDED", output=1, error="X"), range(8)))
    assert (tally(run).ended_count, tally(run)["started_count"]) == (1, 1)


def test_it_keeps_versions_apart_and_leaves_cancelled_runs_out_of_the_rate(aws: Cloud) -> None:
    first = started_run()
    others = [started_run({**SPEC, "title": "second"}) for _ in range(1)]
    ended(first, "ABORTED")
    ended(others[0], "TIMED_OUT")
    of_all = tallies.of_workflow(first.organisation_id, first.workflow_id)
    assert {number: (each["cancelled_count"], each["timed_out_count"], each.success_rate) for number, each in of_all.items()} == {
        first.version: (1, 0, None),
        others[0].version: (0, 1, 0.0),
    }


def test_a_run_that_is_opened_again_is_in_flight_again(aws: Cloud) -> None:
    run = started_run()
    ended(run, "FAILED", error="X")
    table.transact(tallies.reopened_writes(now(run), version=run.version))
    assert (tally(run).ended_count, tally(run).in_flight_count, tally(run)["cost"]) == (0, 1, 0)


def test_a_run_that_goes_on_under_another_version_counts_there(aws: Cloud) -> None:
    run = started_run()
    ended(run, "FAILED", error="X")
    table.transact(tallies.reopened_writes(now(run), version=run.version + 1))
    of_all = tallies.of_workflow(run.organisation_id, run.workflow_id)
    assert [(of_all[number]["started_count"], of_all[number].ended_count) for number in (run.version, run.version + 1)] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("seconds", [[0.0], [0.004], [1.5, 2.5, 100], [3600, 3601, 7200, 86_400], [31_536_000]])
def test_its_median_is_within_three_per_cent(aws: Cloud, seconds: list[float]) -> None:
    run = started_run()
    for each in seconds:
        ended_at = time_text(BEGAN + timedelta(seconds=each))
        table.write(tallies.ended_write(run, RunStatus.SUCCEEDED, ended_at=ended_at, cost=0, started_at=time_text(BEGAN)))
    found = tally(run).median_seconds
    true = max(sorted(seconds)[(len(seconds) - 1) // 2], 0.001)
    assert found is not None
    assert abs(found - true) <= true * 0.03 + 0.0005
