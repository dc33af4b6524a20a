"""Finding runs by what they carry and how they ended."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import ids
from chalicelib.errors import CursorInvalid, VersionNotFound
from chalicelib.runs.inputs import marks_of
from chalicelib.runs.search import Wanted, search
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, runs, table
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from tests.factories.cloud import ANN, STRANGER, Cloud, published
from tests.factories.run_stories import ended

ORDER: JsonObject = {
    "sluice": 1,
    "name": "order",
    "labels": {"team": "shop", "tier": "gold"},
    "input": {"type": "object", "properties": {"customer": {"type": "object"}, "amount": {"type": "number"}, "rush": {"type": "boolean"}}},
    "indexed": ["customer.id", "amount", "rush"],
    "nodes": {"a": {"type": "tool_call", "tool": "time.now"}},
}


def order(customer: str = "c-1", amount: Json = 10, *, spec: JsonObject = ORDER, rush: bool = True) -> Run:
    version = published(spec)
    return start(ANN, workflow_id=version.workflow_id, input={"customer": {"id": customer}, "amount": amount, "rush": rush})


def found(**wanted: Any) -> list[str]:
    return [run.id for run in search(ANN, Wanted(**wanted)).runs]


def failed(run: Run, error: str = "ToolFailed") -> Run:
    return ended(run, "FAILED", error=error, cause="as arranged")


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"customer.id": "c-1"}, 2),
        ({"customer.id": "c-1", "amount": "20"}, 1),
        ({"amount": "10"}, 2),
        ({"rush": "true"}, 3),
        ({"rush": "false"}, 0),
        ({"customer.id": "c-9"}, 0),
        ({"customer": "c-1"}, 0),
    ],
)
def test_it_finds_runs_by_fields_of_their_input(aws: Cloud, fields: Mapping[str, str], count: int) -> None:
    first = order()
    order("c-2", 10.0)
    order("c-1", 20)
    assert len(found(fields=fields)) == count
    assert len(found(fields=fields, workflow_id=first.workflow_id)) == count
    assert found(fields=fields, workflow_id="wf_other") == []


def test_it_finds_long_values_by_their_digest(aws: Cloud) -> None:
    long = "x" * 5_000
    run = order(long)
    order(f"{long}y")
    assert found(fields={"customer.id": long}) == [run.id]


def test_it_finds_runs_by_label(aws: Cloud) -> None:
    run, other = order(), order(spec={**ORDER, "name": "other", "labels": {"team": "shop"}})
    assert found(labels={"team": "shop"}) == [other.id, run.id]
    assert found(labels={"team": "shop", "tier": "gold"}) == [run.id]
    assert found(labels={"team": "kitchen"}) == []


def test_it_finds_runs_by_how_they_ended(aws: Cloud) -> None:
    good, bad, worse, there = order(), order(), order(), order()
    ended(good, "SUCCEEDED", output=1)
    failed(bad)
    failed(worse, "TimedOutSomehow")
    assert found(status=RunStatus.FAILED) == [worse.id, bad.id]
    assert found(status=RunStatus.FAILED, workflow_id=good.workflow_id) == [worse.id, bad.id]
    assert found(status=RunStatus.SUCCEEDED) == [good.id]
    assert found(error="ToolFailed") == [bad.id]
    assert found(error="ToolFailed", status=RunStatus.SUCCEEDED) == []
    assert found(status=RunStatus.QUEUED) == [there.id]


def test_it_asks_the_run_where_a_mark_is_older(aws: Cloud) -> None:
    """A resumed run keeps the marks of its earlier end until it ends again."""
    run = failed(order())
    table.write(table.assign(keys.run("org_local", run.id), {"status": "running", "error": None}))
    assert found(status=RunStatus.FAILED) == found(error="ToolFailed") == []


def test_it_finds_runs_of_a_version(aws: Cloud) -> None:
    first, second = order(), order()
    assert (first.version, second.version) == (1, 2)
    assert found(workflow_id=first.workflow_id, version=1) == [first.id]
    assert found(version=2) == [second.id]
    with pytest.raises(VersionNotFound):
        found(workflow_id=first.workflow_id, version=9)


def test_it_finds_runs_of_a_time(aws: Cloud) -> None:
    run = order()
    made = datetime.fromisoformat(run.created_at)
    hour = timedelta(hours=1)
    assert found(since=made - hour, until=made + hour) == [run.id]
    assert found(since=made - hour) == [run.id]
    assert found(until=made + hour, fields={"customer.id": "c-1"}) == [run.id]
    assert found(since=made + hour) == found(until=made - hour) == []
    assert found(since=datetime(1, 1, 2, tzinfo=UTC)) == [run.id]


def test_it_knows_the_times_of_ids() -> None:
    assert ids.new_id(ids.RUN) > ids.time_prefix(ids.RUN, 0)
    assert ids.time_prefix(ids.RUN, 1) > ids.time_prefix(ids.RUN, 0)


def test_it_goes_on_from_page_to_page(aws: Cloud) -> None:
    made = [order().id for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = search(ANN, Wanted(labels={"team": "shop"}), limit=2, cursor=cursor)
        seen += [run.id for run in page.runs]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == sorted(made, reverse=True)


def test_it_refuses_the_cursor_of_another_question(aws: Cloud) -> None:
    for _ in range(3):
        order()
    cursor = search(ANN, Wanted(labels={"team": "shop"}), limit=1).cursor
    with pytest.raises(CursorInvalid):
        search(ANN, Wanted(fields={"amount": "10"}), cursor=cursor)


def test_it_finds_nothing_of_another_organisation(aws: Cloud) -> None:
    run = failed(order())
    for wanted in (Wanted(labels={"team": "shop"}), Wanted(fields={"amount": "10"}), Wanted(status=run.status), Wanted(error="ToolFailed")):
        assert search(STRANGER, wanted).runs == ()


def test_it_reads_three_times_for_a_page(aws: Cloud) -> None:
    """The index, the runs, their marks."""
    for _ in range(5):
        order()
    aws.calls.clear()
    assert len(found(fields={"amount": "10"}, labels={"team": "shop"})) == 5
    assert len(aws.calls) == 3


def test_it_marks_what_is_there(aws: Cloud) -> None:
    assert marks_of({"indexed": ["a", "b.c", "d"]}, {"a": None, "b": "text", "d": [1]}) == ()
    assert [mark.text for mark in marks_of({"indexed": ["a"], "labels": {"x": "y"}}, {"a": 1.5})] == ["LABEL#x=y", "FIELD#a=1.5"]
    assert marks_of({}, None) == ()


def test_it_counts_the_marks_among_the_writes(aws: Cloud) -> None:
    assert runs.get("org_local", order().id).write_count == 3 + 1 + 2 + 3
