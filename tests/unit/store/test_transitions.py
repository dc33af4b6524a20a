"""Legal transitions of a node run, as pure functions."""

from collections.abc import Callable

import pytest

from chalicelib.errors import StaleAttempt
from chalicelib.store.run_records import Fault, Fence, NodeAttempt, NodeRun
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.transitions import EARLIER_BYTES, KEPT_ATTEMPTS, begin, end, fail, output_of, retrying, settle_native, succeed, wait
from chalicelib.store.values import Stored

AT = "2026-11-21T00:00:00.000Z"
GIVEN = Stored(text="1")
FAULT = Fault(name="Boom")


def attempt(visit: int = 0, retry: int = 0, resume: int = 0) -> NodeAttempt:
    return NodeAttempt(organisation_id="org", run_id="run_1", node="a", fence=Fence(visit=visit, retry=retry, resume=resume))


def begun(tried: NodeAttempt | None = None) -> NodeRun:
    found = begin(None, tried or attempt(), at=AT)
    assert found is not None
    return found


def test_an_attempt_begins_once() -> None:
    assert begun().attempt_count == 1
    assert begin(begun(), attempt(), at=AT) is None


@pytest.mark.parametrize("newer", [attempt(retry=1), attempt(visit=1), attempt(resume=1)])
def test_a_newer_attempt_takes_over_and_an_older_one_may_not_speak(newer: NodeAttempt) -> None:
    taken = begin(begun(), newer, at="later")
    assert taken is not None
    assert (taken.fence, taken.attempt_count) == (newer.fence, 2)
    speeches: list[Callable[[], object]] = [
        lambda: begin(taken, attempt(), at=AT),
        lambda: wait(taken, attempt(), at=AT, waiting_for="reply", reference="x", until=None),
        lambda: retrying(taken, attempt(), at=AT, error=FAULT),
        lambda: fail(taken, attempt(), at=AT, error=FAULT),
    ]
    for speak in speeches:
        with pytest.raises(StaleAttempt):
            speak()


def test_a_retry_keeps_when_the_visit_began() -> None:
    retried = begin(begun(), attempt(retry=1), at="later")
    visited = begin(begun(), attempt(visit=1), at="later")
    assert retried is not None
    assert visited is not None
    assert (retried.started_at, visited.started_at) == (AT, "later")


def test_a_word_without_a_beginning_begins() -> None:
    done = succeed(None, attempt(), at=AT, result=GIVEN)
    assert done is not None
    assert (done.status, done.attempt_count) == (NodeStatus.SUCCEEDED, 1)
    failed = fail(None, attempt(), at=AT, error=FAULT)
    assert failed is not None
    assert failed.attempts[0].error == FAULT
    assert wait(None, attempt(), at=AT, waiting_for="gate", reference="g", until=None) is not None


def test_success_absorbs_the_visit_whoever_speaks() -> None:
    done = succeed(begun(), attempt(), at=AT, result=GIVEN)
    assert succeed(done, attempt(retry=1), at=AT, result=Stored(text="2")) is None


def test_failure_absorbs_its_attempt_but_not_the_next_one() -> None:
    failed = fail(begun(), attempt(), at=AT, error=FAULT)
    with pytest.raises(StaleAttempt):
        succeed(failed, attempt(), at=AT, result=GIVEN)
    done = succeed(failed, attempt(retry=1), at=AT, result=GIVEN)
    assert done is not None
    assert (done.status, done.error) == (NodeStatus.SUCCEEDED, None)


def test_a_word_said_twice_changes_nothing() -> None:
    waiting = wait(begun(), attempt(), at=AT, waiting_for="reply", reference="x", until=None)
    assert wait(waiting, attempt(), at=AT, waiting_for="reply", reference="x", until=None) is None
    again = retrying(begun(), attempt(), at=AT, error=FAULT)
    assert retrying(again, attempt(), at=AT, error=FAULT) is None
    failed = fail(begun(), attempt(), at=AT, error=FAULT)
    assert fail(failed, attempt(), at=AT, error=FAULT) is None


def test_native_nodes_settle_once() -> None:
    skipped = settle_native(None, run_id="run_1", node="a", item_path="", at=AT, result=None)
    assert skipped is not None
    assert skipped.status is NodeStatus.SKIPPED
    assert settle_native(skipped, run_id="run_1", node="a", item_path="", at=AT, result=GIVEN) is None


def test_only_what_is_open_ends() -> None:
    ended = end(begun(), at=AT, status=NodeStatus.CANCELLED)
    assert ended is not None
    assert ended.attempts[0].ended_at == AT
    assert end(ended, at=AT, status=NodeStatus.FAILED) is None


def test_only_the_latest_attempts_are_kept() -> None:
    node_run = begun()
    for retry in range(1, 40):
        node_run = begin(node_run, attempt(retry=retry), at=AT) or node_run
    assert (len(node_run.attempts), node_run.attempt_count) == (KEPT_ATTEMPTS, 40)


def visited(before: NodeRun | None, tried: NodeAttempt, text: str) -> NodeRun:
    done = succeed(before, tried, at=AT, result=Stored(text=text))
    assert done is not None
    return done


def test_after_a_resume_earlier_visits_have_what_they_put_out() -> None:
    node_run: NodeRun | None = None
    for visit in range(3):
        node_run = visited(node_run, attempt(visit=visit), str(visit))
    broken = fail(node_run, attempt(visit=3), at=AT, error=FAULT)
    assert [output_of(broken, attempt(visit=visit, resume=1)) for visit in range(4)] == [*(Stored(text=str(visit)) for visit in range(3)), None]
    assert output_of(broken, attempt(visit=1)) is None
    assert output_of(begin(broken, attempt(visit=3, resume=1), at=AT), attempt(visit=2, resume=2)) == Stored(text="2")


def test_what_has_no_room_is_not_kept_and_neither_is_what_follows() -> None:
    node_run: NodeRun | None = None
    for visit in range(4):
        node_run = visited(node_run, attempt(visit=visit), "x" * (EARLIER_BYTES if visit == 1 else 1))
    assert node_run is not None
    assert node_run.earlier == (Stored(text="x"),)


def test_a_visit_that_is_made_again_is_another_one() -> None:
    again = NodeAttempt(organisation_id="org", run_id="run_1", node="a", fence=Fence(resume=1, again=1))
    done = visited(visited(None, attempt(), "old"), again, "new")
    assert (done.result, done.earlier, done.fence.visit_name, done.attempt_count) == (Stored(text="new"), (), "0r1", 2)
    assert [output_of(done, tried) for tried in (again, attempt())] == [Stored(text="new"), None]


def test_a_native_node_settles_anew_after_a_resume_and_once() -> None:
    def settle(before: NodeRun | None, text: str, resume: int) -> NodeRun | None:
        return settle_native(before, run_id="run_1", node="a", item_path="", at=AT, result=Stored(text=text), fence=Fence(resume=resume))

    first = settle(None, "1", 0)
    second = settle(first, "2", 1)
    assert second is not None
    assert (second.result, second.fence.resume, settle(second, "3", 1), settle(first, "3", 0)) == (Stored(text="2"), 1, None, None)


def test_a_resume_is_the_only_way_out_of_an_end_and_none_leads_out_of_a_success() -> None:
    assert {status for status in RunStatus if status.is_resumable} == {RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.CANCELLED}
