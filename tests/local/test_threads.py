"""A stack that is closed leaves no thread of its parts behind: it would go on in an environment that is taken away."""

import threading

from infra.local.threads import Threads
from tests.local.tiny_stack import PROJECT, LocalStack

PARTS = ("queue ", "stream ", "schedules", "expiry")


def parts() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(PARTS)]


def test_it_closes_with_all_its_threads_ended() -> None:
    with LocalStack(project=PROJECT):
        assert {name.partition(" ")[0] for name in parts()} == {"queue", "stream", "schedules", "expiry"}
    assert parts() == []


def test_it_waits_for_what_is_at_work() -> None:
    at_work, threads = threading.Event(), Threads()

    def work() -> None:
        at_work.wait()

    threads.begin(work, "slow")
    threading.Timer(0.05, at_work.set).start()
    threads.wait()
    assert at_work.is_set()
    assert "slow" not in [thread.name for thread in threading.enumerate()]
