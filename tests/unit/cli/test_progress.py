"""A run's progress, made of its events alone."""

import io

import pytest
from rich.console import Console

from cli import screen
from cli.api_client import RunEvent
from cli.progress import HEARD_CHARACTERS, Progress
from cli.watch import Words
from tests.factories.cli_documents import agent_details, event, story, text


def shown(progress: Progress) -> str:
    written = io.StringIO()
    Console(width=160, file=written).print(screen.run_tree(progress, ["write", "ask", "rows", "late"], title="greet"))
    return written.getvalue()


def told(*events: RunEvent) -> Progress:
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


def heard(progress: Progress, *frames: Words) -> Progress:
    for each in frames:
        progress.hear(each)
    return progress


def test_it_shows_a_models_words_below_its_node_until_that_ends() -> None:
    progress = heard(told(event(1, "node_started", "write")), text(1, "Dear "), text(2, "Ada,\nthank"), text(2, "you"))
    assert "Dear Ada, thank" in shown(progress)
    progress.take(event(2, "node_succeeded", "write"))
    progress.hear(text(3, "late"))
    assert (progress.heard, "Ada" in shown(progress)) == ({}, False)


def test_it_shows_the_end_of_a_long_text_in_a_few_lines() -> None:
    progress = heard(told(event(1, "node_started", "write")), *(text(number, f"word{number} " * 100) for number in range(1, 9)))
    assert len(progress.heard["write", ""].text) == HEARD_CHARACTERS
    lines = [line for line in shown(progress).splitlines() if "word" in line]
    assert (len(lines), "…" in lines[0], "word8" in lines[-1]) == (3, True, True)


def test_it_says_where_words_are_missing_and_begins_anew_with_the_next_call() -> None:
    progress = heard(Progress(), text(1, "one"), text(3, "three"), text(1, "item", item_path="rows:0"))
    assert progress.heard["write", ""].text == "one … three"
    assert progress.heard["write", "rows:0"].text == "item"
    assert heard(progress, text(1, "again", call="0/turn-2")).heard["write", ""].text == "again"


def test_it_leaves_out_what_a_terminal_would_act_upon() -> None:
    assert "\x1b[31m" not in shown(heard(told(event(1, "node_started", "write")), text(1, "\x1b[31mred")))
    assert screen.plain("a\x1b[2J\x07b\nc\x9bd") == "a [2J b\nc d"


def test_it_forgets_the_words_of_an_attempt_that_failed() -> None:
    progress = heard(told(event(1, "node_started", "write")), text(1, "Dear"))
    progress.take(event(2, "node_retrying", "write", error={"name": "Busy", "message": "later"}))
    assert progress.heard == {}


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        ({"waiting_for": "gate", "ask": "May it?"}, "May it?"),
        ({"waiting_for": "gate"}, "waits for people"),
        ({"waiting_for": "child", "reference": "run_7"}, "waits for the run run_7"),
        ({"waiting_for": "reply"}, "waits for a reply"),
        ({"waiting_for": "wait"}, "◆ write"),
    ],
)
def test_it_says_what_a_node_waits_for(waiting: dict[str, str], said: str) -> None:
    progress = told(event(1, "node_started", "write"), event(2, "node_waiting", "write", **waiting))
    assert said in shown(progress)
    progress.take(event(3, "node_resumed", "write"))
    assert "wait" not in shown(progress)


def test_it_shows_what_an_agent_did() -> None:
    details = agent_details(stopped="max_turns")
    details["calls"] = [details["calls"][0], *details["calls"]]
    usage = {"input_tokens": 5, "output_tokens": 6, "cost": 1500}
    text_ = shown(told(event(1, "node_started", "write"), event(2, "node_succeeded", "write", usage=usage, details=details)))
    assert "$0.0015  math ×2, kv_put ran by ann, http_post denied  from the cache  stopped: max_turns" in text_


def test_it_never_calls_unpriced_work_free() -> None:
    usage = {"input_tokens": 5, "output_tokens": 6, "cost": 0}
    found = [screen.cost(usage, {"cost_micro_dollars": price}) for price in (None, 0)]
    assert [*found, screen.cost(usage), screen.cost(None), screen.cost({"cost": 0})] == ["unpriced", "$0", "$0", "", ""]


def test_a_resumed_run_begins_again_where_it_had_ended() -> None:
    seen = Progress()
    for number, kind in enumerate(("run_queued", "run_started", "run_failed"), 1):
        seen.take(event(number, kind, error={"name": "Broken"}))
    seen.take(event(4, "run_resumed", resume=1, by="ann"))
    assert (seen.status, seen.error) == ("queued", None)
