"""A run's progress, made of its events alone."""

import io

from rich.console import Console

from cli import screen
from cli.progress import Progress
from tests.factories.cli_documents import event, story


def shown(progress: Progress) -> str:
    written = io.StringIO()
    Console(width=160, file=written).print(screen.run_tree(progress, ["write", "ask", "rows", "late"], title="greet"))
    return written.getvalue()


def told(*events: dict[str, object]) -> Progress:
    progress = Progress()
    for each in events:
        progress.take(each)
    return progress


def test_it_ends_as_the_last_event_says() -> None:
    assert told(*story()).status == "succeeded"


def test_it_shows_each_node_once_with_what_is_known_of_it() -> None:
    text = shown(told(*story()))
    assert "✔ write" in text
    assert "$0.0015" in text
    assert "1 retried" in text
    assert "offline model" in text
    assert "approve by ben" in text
    assert "work [rows:0]" in text
    assert "✘ stray" in text
    assert "Odd: why" in text
    assert "– late" in text


def test_it_shows_a_failure_that_the_run_goes_on_from() -> None:
    error = {"name": "Busy", "message": "no answer"}
    failed = event(2, "node_failed", "write", error=error, continued=True)
    text = shown(told(event(1, "node_started", "write"), failed, event(3, "node_succeeded", "write", details={"continued": True})))
    assert "✘ write" in text
    assert "Busy: no answer" in text
    assert "the run goes on" in text


def test_it_shows_what_has_not_begun() -> None:
    assert "· rows" in shown(told(event(1, "run_started")))


def test_it_keeps_the_error_of_a_failed_run() -> None:
    assert told(event(1, "run_failed", error={"name": "Broken"})).error == {"name": "Broken"}


def test_it_is_unmoved_by_events_that_it_does_not_know() -> None:
    assert told(event(1, "run_started"), event(2, "moon_risen", "x")).status == "running"


def test_it_ignores_a_decision_on_a_node_it_has_not_seen() -> None:
    assert told(event(1, "gate_decided", "ask", choice="approve")).lines == {}


def test_it_reads_money_and_time_for_people() -> None:
    assert [screen.money(each) for each in (None, 0, 1500, 2_000_000)] == ["unpriced", "$0", "$0.0015", "$2"]
    start = "2026-11-21T10:00:00Z"
    assert [screen.duration(start, end) for end in ("2026-11-21T10:00:01.5Z", "2026-11-21T10:05:00Z", "2026-11-21T13:00:00Z")] == [
        "1.5 s",
        "5.0 min",
        "3.0 h",
    ]
    assert screen.duration(None, None) == ""
