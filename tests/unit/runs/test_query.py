"""Asking about runs."""

import pytest

from chalicelib.errors import CursorInvalid, RunNotFound
from chalicelib.runs.cancel import cancel
from chalicelib.runs.nodes import node_started, node_succeeded
from chalicelib.runs.query import count_transitions, get_input, get_output, list_events, list_node_runs, list_runs
from chalicelib.runs.start import start
from chalicelib.store.statuses import RunStatus
from tests.factories.cloud import ANN, STRANGER, Cloud, published
from tests.factories.run_stories import attempt_at, started_run


def test_it_lists_runs_newest_first_page_by_page(aws: Cloud) -> None:
    version = published()
    ids = [start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}).id for _ in range(5)]
    for workflow_id in (None, version.workflow_id):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = list_runs(ANN, workflow_id=workflow_id, limit=2, cursor=cursor)
            seen += [run.id for run in page.runs]
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(ids)
        assert seen == sorted(ids, reverse=True)


def test_it_lists_runs_of_a_status(aws: Cloud) -> None:
    gone, there = started_run(), started_run()
    cancel(ANN, gone.id)
    for status, expected in ((RunStatus.CANCELLED, [gone.id]), (RunStatus.QUEUED, [there.id]), (RunStatus.FAILED, [])):
        for workflow_id in (None, gone.workflow_id):
            assert [run.id for run in list_runs(ANN, workflow_id=workflow_id, status=status).runs] == expected


def test_it_shows_nothing_of_another_organisation(aws: Cloud) -> None:
    run = started_run()
    assert list_runs(STRANGER).runs == ()
    for ask in (list_node_runs, list_events, count_transitions):
        with pytest.raises(RunNotFound):
            ask(STRANGER, run.id)
    assert get_input(STRANGER, run.id) is None
    assert get_output(STRANGER, run.id) is None


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzEsMiwzLDRd"])
def test_it_refuses_what_is_no_cursor(aws: Cloud, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        list_runs(ANN, cursor=cursor)


def test_it_refuses_the_cursor_of_another_list(aws: Cloud) -> None:
    version = published()
    for _ in range(3):
        start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})
    cursor = list_runs(ANN, limit=1).cursor
    with pytest.raises(CursorInvalid):
        list_runs(ANN, workflow_id=version.workflow_id, cursor=cursor)


def test_it_gives_events_since_a_number(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result=1)
    page = list_events(ANN, run.id, since=1, limit=2)
    assert [event.number for event in page.events] == [2, 3]
    assert list_events(ANN, run.id, since=page.next_since).next_since == 4
    assert list_events(ANN, run.id, since=4).events == ()
    assert list_events(ANN, run.id, since=4).next_since == 4


def test_it_gives_node_runs_in_the_order_in_which_they_started(aws: Cloud) -> None:
    run = started_run()
    for name in ("search", "approve", "book"):
        node_started(attempt_at(run, name))
    assert [node_run.node for node_run in list_node_runs(ANN, run.id)] == ["search", "approve", "book"]


def test_it_counts_the_states_that_were_entered_and_every_retry(aws: Cloud) -> None:
    run = started_run()
    kinds = ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled", "TaskStateExited", "ChoiceStateEntered"]
    aws.reply("stepfunctions:GetExecutionHistory", lambda: {"events": [{"type": kind} for kind in kinds]})
    assert count_transitions(ANN, run.id) == 3
