"""Resumes that meet others: another resume, a cancellation, the late word of the execution that was left behind. One outcome each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest

from chalicelib.errors import PlanChanged, RunEnded, RunOpen, SluiceError
from chalicelib.runs.cancel import cancel
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.sweep import sweep
from chalicelib.store import residuals, runs
from chalicelib.store.run_records import Run
from tests.factories.arena import Arena, HeldBack, arena, deliver, together
from tests.factories.cloud import ANN, BOB, DAN
from tests.factories.run_stories import told

pytestmark = pytest.mark.scenario

BROKEN: Final = """
sluice: 1
name: broken
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / 0}, after: [pay]}
  last: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: $breaks}, after: [breaks]}
output: {last: $last.status}
"""
WISH: Final = Wanted(outputs={"breaks": {"value": 1}})
AHEAD: Final = (1, 4, 8, 12, 16, 20, 25)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as found:
        yield found


@pytest.fixture(scope="module")
def stage() -> Iterator[Arena]:
    with arena(BROKEN) as found:
        yield found


def broken(stage: Arena) -> Run:
    stage.engine.told.clear()
    return stage.finished(stage.begin())


def resuming(run: Run, who: Any = ANN) -> Run:
    return resume(who, run.id, WISH, plan=prepare(who, run.id, WISH).plan.digest)


def check_once(stage: Arena, run: Run) -> None:
    """It was resumed once, succeeded, and did everything once; its machine is gone."""
    ended = stage.finished(run)
    assert (ended.status, ended.resume) == ("succeeded", 1)
    assert sorted(key.partition("/")[2] for key in stage.charges) == ["last//0", "pay//0"]
    assert set(stage.charges.values()) == {1}
    events = [event.number for event in runs.list_events("org_local", run.id)]
    assert events == list(range(1, ended.event_count + 1))
    assert told(run).count("run_resumed") == 1
    assert not [arn for arn in stage.engine.machines if "_r" in arn]


@pytest.mark.parametrize("ahead", AHEAD)
def test_of_two_resumes_one_wins_and_the_other_is_told(stage: Arena, pool: ThreadPoolExecutor, ahead: int) -> None:
    run = broken(stage)
    outcomes = together(pool, [partial(resuming, run), partial(resuming, run, BOB)], ahead=ahead)
    refused = [each for each in outcomes if isinstance(each, SluiceError)]
    assert [type(each) for each in refused] in ([RunOpen], [PlanChanged])
    residual = residuals.find("org_local", run.id, 1)
    assert residual is not None
    assert residual.by in ("ann", "bob")
    check_once(stage, run)


@pytest.mark.parametrize("after", AHEAD)
def test_a_resume_that_is_late_finds_the_run_resumed(stage: Arena, pool: ThreadPoolExecutor, after: int) -> None:
    """It stands still after so many calls, while another one resumes the run and the run ends."""
    run = broken(stage)
    late = HeldBack(pool, partial(resuming, run, BOB), after=after)
    first = _tried(partial(resuming, run))
    outcome = late.let_go()
    assert isinstance(first, SluiceError) != isinstance(outcome, SluiceError)
    check_once(stage, run)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_resume_and_a_cancellation_leave_one_end(stage: Arena, pool: ThreadPoolExecutor, ahead: int) -> None:
    run = broken(stage)
    outcomes = together(pool, [partial(resuming, run), partial(cancel, DAN, run.id)], ahead=ahead)
    ended = stage.finished(run)
    sweep("org_local", grace_seconds=0)
    stage.finished(run)
    was_cancelled = not isinstance(outcomes[1], RunEnded)
    assert ended.status == ("cancelled" if was_cancelled else "succeeded")
    assert told(run)[-1] == f"run_{ended.status}"
    assert set(stage.charges.values()) == {1}
    assert not [arn for arn in stage.engine.machines if "_r" in arn]


@pytest.mark.parametrize("after", AHEAD)
def test_the_late_word_of_the_older_execution_changes_nothing(stage: Arena, pool: ThreadPoolExecutor, after: int) -> None:
    """The status change that ended the run comes a second time; it has begun to be handled when the run is resumed."""
    run = broken(stage)
    arn, execution = next((arn, each) for arn, each in stage.engine.executions.items() if each.name == run.id)
    detail = {
        "executionArn": arn,
        "name": run.id,
        "status": "FAILED",
        "startDate": 1,
        "stopDate": 2,
        "error": execution.error,
        "cause": execution.cause,
    }
    event: Any = {"detail": {**detail, "input": f'{{"organisation_id": "{run.organisation_id}"}}'}}
    late = HeldBack(pool, partial(deliver, event), after=after)
    resuming(run)
    late.let_go()
    deliver(event)
    check_once(stage, run)


def _tried(act: Any) -> Any:
    try:
        return act()
    except SluiceError as error:
        return error
