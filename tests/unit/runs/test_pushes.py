"""Agents elsewhere that asked to be told of a run's end: told until they take it, and never more than they may see."""

import json
from collections.abc import Callable, Iterator

import pytest

from chalicelib.runs import pushes as tellers
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.sweep import sweep
from chalicelib.settings import settings
from chalicelib.store import pushes, runs
from chalicelib.store.pushes import Push
from chalicelib.store.run_records import Run
from chalicelib.triggers import a2a_pushes
from chalicelib.triggers.json_rpc import RpcError
from tests.factories.cloud import ANN, Cloud
from tests.factories.run_stories import ended, now, started_run
from tests.fixtures.http_server import Reply, Server, serving


@pytest.fixture
def answers() -> list[int]:
    """The statuses that the caller answers, the last one for ever."""
    return [200]


@pytest.fixture
def inbox(aws: Cloud, answers: list[int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(lambda _: Reply(answers.pop(0) if len(answers) > 1 else answers[0])) as server:
        monkeypatch.setenv("SLUICE_ALLOWED_HOSTS", server.host)
        settings.cache_clear()
        yield server
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def asked(inbox: Server) -> Callable[..., Run]:
    """A run whose caller asked to be told."""

    def ask(*ids: str, url: str = "") -> Run:
        run = started_run()
        for each in ids or ("mine",):
            pushes.put("org_local", run.id, Push(id=each, url=url or f"http://{inbox.host}/{each}", token="t0ken"))
        return run

    return ask


def tried(run: Run) -> list[tuple[int, bool]]:
    return [(push.tried_count, push.told_at is not None) for push in pushes.list_of_run("org_local", run.id)]


def is_found_by_the_sweeper(run: Run) -> bool:
    return bool(now(run).lingers)


def test_each_is_told_once_and_nothing_of_the_output(asked: Callable[..., Run], inbox: Server) -> None:
    run = asked("mine", "yours")
    ended(run, "SUCCEEDED", output={"booking": "s3cret"})
    ended(run, "SUCCEEDED", output={"booking": "s3cret"})
    sweep("org_local", grace_seconds=0)
    assert sorted(request.target for request in inbox.requests) == ["/mine", "/yours"]
    (first, _) = inbox.requests
    assert first.headers["x-a2a-notification-token"] == "t0ken"
    assert json.loads(first.body)["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert b"s3cret" not in first.body
    assert not is_found_by_the_sweeper(run)


def test_who_does_not_take_it_is_told_again_by_the_sweeper(asked: Callable[..., Run], inbox: Server, answers: list[int]) -> None:
    answers[:] = [503, 302, 200]
    run = asked()
    ended(run, "FAILED", error="X", cause="y")
    assert (tried(run), is_found_by_the_sweeper(run)) == ([(1, False)], True)
    for _ in range(3):
        sweep("org_local", grace_seconds=0)
    assert (tried(run), len(inbox.requests), is_found_by_the_sweeper(run)) == ([(2, True)], 3, False)


def test_it_is_given_up_at_last(asked: Callable[..., Run], inbox: Server, answers: list[int]) -> None:
    answers[:] = [500]
    run = asked()
    ended(run, "SUCCEEDED")
    for _ in range(tellers.MAX_TRIES + 3):
        sweep("org_local", grace_seconds=0)
    assert (tried(run), len(inbox.requests)) == ([(tellers.MAX_TRIES, False)], tellers.MAX_TRIES)
    assert not is_found_by_the_sweeper(run)


def test_a_url_that_is_allowed_no_longer_is_not_called(asked: Callable[..., Run], inbox: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked()
    monkeypatch.setenv("SLUICE_ALLOWED_HOSTS", "elsewhere.example")
    settings.cache_clear()
    ended(run, "SUCCEEDED")
    assert (tried(run), inbox.requests) == ([(1, False)], [])


def test_one_that_is_set_after_the_end_is_told_at_once(asked: Callable[..., Run], inbox: Server) -> None:
    run = started_run()
    ended(run, "SUCCEEDED")
    made = a2a_pushes.create(runs.get("org_local", run.id), {"url": f"http://{inbox.host}/late", "token": "t0ken"})
    assert not isinstance(made, RpcError)
    assert "t0ken" not in json.dumps(made)
    assert [request.target for request in inbox.requests] == ["/late"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"url": "http://127.0.0.1:1/hook"},
        {"url": "https://10.0.0.1/hook"},
        {"url": "http://169.254.169.254/latest"},
        {"url": "HOST", "token": "a\r\nb: c"},
        {"url": "HOST", "id": "a#b"},
        {"url": "HOST", "token": "x" * 3000},
    ],
)
def test_what_must_not_be_called_or_sent_is_refused(aws: Cloud, inbox: Server, given: dict[str, str]) -> None:
    run = started_run()
    told = {**given, "url": given.get("url", "").replace("HOST", f"http://{inbox.host}/hook")}
    assert isinstance(a2a_pushes.create(run, {**told}), RpcError)
    assert pushes.list_of_run("org_local", run.id) == []


def test_a_run_has_only_so_many(asked: Callable[..., Run], inbox: Server) -> None:
    run = asked(*(f"p{number}" for number in range(pushes.MAX_PUSHES)))
    assert isinstance(a2a_pushes.create(run, {"url": f"http://{inbox.host}/more"}), RpcError)
    assert not isinstance(a2a_pushes.create(run, {"id": "p0", "url": f"http://{inbox.host}/again"}), RpcError)


def test_of_a_resumed_run_each_end_is_told(asked: Callable[..., Run], inbox: Server) -> None:
    run = asked()
    ended(run, "FAILED", error="Broken")
    resume(ANN, run.id, Wanted(), plan=prepare(ANN, run.id, Wanted()).plan.digest)
    ended(now(run), "SUCCEEDED", output={})
    assert [json.loads(seen.body)["statusUpdate"]["status"]["state"] for seen in inbox.requests] == ["TASK_STATE_FAILED", "TASK_STATE_COMPLETED"]
    sweep("org_local", grace_seconds=0)
    assert len(inbox.requests) == 2
