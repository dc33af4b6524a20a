"""Runs told in any order, any number of times, come to the same end; terminal statuses absorb."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import RunEnded, StaleAttempt
from chalicelib.machines.executions import ExecutionStatus
from chalicelib.runs.nodes import node_continued, node_failed, node_retrying, node_started, node_succeeded, node_waiting
from chalicelib.store.run_records import Fault, Fence, NodeAttempt, NodeRun, Run
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.transitions import begin, fail, has_succeeded, retrying, succeed, wait
from chalicelib.store.values import Stored
from tests.factories.cloud import cloud
from tests.factories.run_stories import attempt_at, check_journal, ended, node_of, now, started_run

AT = "2026-11-21T00:00:00.000Z"
BOOM = Fault(name="Boom", retryable=True)
GIVEN = Stored(text="1")


@dataclass(frozen=True)
class Word:
    """One thing told of an attempt of a node."""

    node: str
    kind: str
    visit: int
    retry: int


@st.composite
def lives(draw: st.DrawFn, node: str = "a") -> list[Word]:
    """What really happened to a node, in order: visits that succeed after some retries; the last one may fail for good or never end."""
    words: list[Word] = []
    visits = draw(st.integers(1, 3))
    for visit in range(visits):
        retries = draw(st.integers(0, 2))
        for retry in range(retries):
            words += [Word(node, "start", visit, retry), Word(node, "retry", visit, retry)]
        words.append(Word(node, "start", visit, retries))
        if draw(st.booleans()):
            words.append(Word(node, "wait", visit, retries))
        last = draw(st.sampled_from(["succeed", "fail", "continue", "nothing"])) if visit == visits - 1 else "succeed"
        if last != "nothing":
            words.append(Word(node, last, visit, retries))
    return words


@st.composite
def deliveries(draw: st.DrawFn, told: list[Word]) -> list[Word]:
    """The same words with some of them repeated, in any order."""
    again = draw(st.lists(st.sampled_from(told), max_size=len(told)))
    return draw(st.permutations([*told, *again]))


def hear(before: NodeRun | None, word: Word) -> NodeRun | None:
    """What a word makes of a node run, as `runs.nodes` has it."""
    attempt = NodeAttempt(organisation_id="o", run_id="r", node=word.node, fence=Fence(visit=word.visit, retry=word.retry))
    if has_succeeded(before, attempt):
        return before
    try:
        match word.kind:
            case "start":
                return begin(before, attempt, at=AT) or before
            case "retry":
                return retrying(before, attempt, at=AT, error=BOOM) or before
            case "wait":
                return wait(before, attempt, at=AT, waiting_for="reply", reference="x", until=None) or before
            case "fail":
                return fail(before, attempt, at=AT, error=BOOM) or before
            case "continue":
                return succeed(before, attempt, at=AT, result=GIVEN, error=BOOM) or before
            case _:
                return succeed(before, attempt, at=AT, result=GIVEN) or before
    except StaleAttempt:
        return before


def heard(words: list[Word]) -> NodeRun | None:
    node_run: NodeRun | None = None
    for word in words:
        node_run = hear(node_run, word)
    return node_run


@given(st.data())
@settings(max_examples=40)
def test_a_node_told_in_any_order_comes_to_the_same_end(data: st.DataObject) -> None:
    told = data.draw(lives())
    expected = heard(told)
    found = heard(data.draw(deliveries(told)))
    assert expected is not None
    assert found is not None
    assert (found.fence, found.status.is_terminal) == (expected.fence, expected.status.is_terminal)
    if expected.status.is_terminal:
        assert (found.status, found.result, found.error) == (expected.status, expected.result, expected.error)


@given(st.data())
@settings(max_examples=40)
def test_a_node_never_goes_back(data: st.DataObject) -> None:
    node_run: NodeRun | None = None
    for word in data.draw(deliveries(data.draw(lives()))):
        after = hear(node_run, word)
        if node_run is not None:
            assert after is not None
            assert after.fence.order >= node_run.fence.order
            if node_run.status.is_terminal and after.fence == node_run.fence:
                assert after == node_run
            if node_run.status is NodeStatus.SUCCEEDED and after.fence.visit == node_run.fence.visit:
                assert after == node_run
        node_run = after


STATUSES: list[ExecutionStatus] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING"]


@pytest.mark.scenario
def test_runs_converge_and_their_ends_absorb_whatever_comes_after() -> None:
    with cloud():

        @given(st.data())
        @settings(max_examples=6, suppress_health_check=list(HealthCheck))
        def story(data: st.DataObject) -> None:
            run = started_run()
            told = data.draw(deliveries([*data.draw(lives("search")), *data.draw(lives("book"))]))
            cut = data.draw(st.integers(0, len(told)))
            for word in told[:cut]:
                tell(run, word)
            check_journal(run)
            for status in data.draw(st.lists(st.sampled_from(STATUSES), max_size=2)):
                ended(run, status)
            ended(run, "SUCCEEDED")
            check_journal(run)
            end = now(run)
            for word in told[cut:]:
                tell(run, word)
            for status in STATUSES:
                ended(run, status)
            assert now(run) == end
            assert all(node_of(run, name).status.is_terminal for name in ("search", "book") if any(word.node == name for word in told[:cut]))

        story()


def tell(run: Run, word: Word) -> None:
    attempt = attempt_at(run, word.node, visit=word.visit, retry=word.retry)
    speak: dict[str, Callable[[], object]] = {
        "start": lambda: node_started(attempt),
        "retry": lambda: node_retrying(attempt, error=BOOM),
        "wait": lambda: node_waiting(attempt, waiting_for="reply", reference="x"),
        "fail": lambda: node_failed(attempt, error=BOOM),
        "continue": lambda: node_continued(attempt, error=BOOM),
        "succeed": lambda: node_succeeded(attempt, result=1),
    }
    try:
        speak[word.kind]()
    except (StaleAttempt, RunEnded):
        return
