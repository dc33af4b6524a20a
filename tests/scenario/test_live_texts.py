"""A model's words on the live connection: in order while the agent answers, in no event; the finished text is in the node run."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Final

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.providers import select
from cli.watch import Words, ahead, watch
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns
from tests.factories.watchers import Event, Watcher, watch_all
from tests.fixtures.fake_claude import KEY, claude
from tests.fixtures.model_script import Calls, Say, Turn

pytestmark = pytest.mark.scenario

DRIP_SECONDS: Final = 0.0001  # a byte: slow enough for several frames a call
LETTER: Final = "Dear Ada, the refund of 39.90 is on its way. Grüße aus Köln, your support. " * 3
FIRST: Final = "I look it up before I answer."
GATE: Final[dict[str, Any]] = {"type": "human_gate", "ask": "Go?", "timeout_seconds": 600}
WRITE: Final[dict[str, Any]] = {"type": "agent_call", "prompt": "Answer Ada.", "after": ["go"]}
SUM: Final = Calls("math", {"expression": "19 + 23"})


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        with LocalStack() as running:
            yield running


@contextmanager
def speaking(*turns: Turn) -> Iterator[None]:
    """The vendor for as long as a test takes."""
    with pytest.MonkeyPatch.context() as patch, claude(*turns, drip_seconds=DRIP_SECONDS) as fake:
        patch.setenv("ANTHROPIC_BASE_URL", fake.url)
        select.forget_adapters()
        yield


def started(runs: LocalRuns, name: str, node: dict[str, Any]) -> str:
    runs.publish(json.dumps({"sluice": 1, "name": name, "nodes": {"go": GATE, "write": node}, "output": "$write.text"}))
    return runs.start(name)


def watched(runs: LocalRuns, run_id: str, *watchers: Watcher) -> None:
    """Let the run go on with everybody listening, to its end."""
    gate = runs.gate(run_id)
    asyncio.run(watch_all(list(watchers), lambda: runs.decide(gate, "approve", by="ann")))


def watcher(runs: LocalRuns, run_id: str, **fields: Any) -> Watcher:
    return Watcher(lambda: runs.api.live_issue_ticket()["url"], run_id, **fields)


def by_call(frames: Sequence[Event | Words]) -> list[str]:
    """The text of each call, in the order heard; the frames of each are counted from 1 without a gap."""
    calls = [list(same) for _, same in groupby(frames, key=lambda frame: frame["call"])]
    assert len({frames[0]["call"] for frames in calls}) == len(calls)
    for heard in calls:
        assert [frame["number"] for frame in heard] == list(range(1, len(heard) + 1))
    return ["".join(frame["text"] for frame in heard) for heard in calls]


def test_everybody_hears_the_words_in_order_while_the_agent_answers(runs: LocalRuns) -> None:
    with speaking(Say(LETTER, pieces=60)):
        run_id = started(runs, "letter", WRITE)
        everybody = [watcher(runs, run_id) for _ in range(3)]
        watched(runs, run_id, *everybody)
    log = runs.check_log(run_id)
    places = {event["type"]: event["number"] for event in log if event.get("node") == "write"}
    for each in everybody:
        assert (by_call(each.texts), each.events) == ([LETTER], log)
        assert len(each.texts) > 1
        assert {(frame["run_id"], frame["node"]) for frame in each.texts} == {(run_id, "write")}
        assert all(places["node_started"] <= after < places["node_succeeded"] for after in each.texts_after)
    assert runs.nodes(run_id)["write"]["output"] == {"text": LETTER}
    assert runs.run(run_id)["output"] == LETTER


def test_words_are_no_events(runs: LocalRuns) -> None:
    """A run says the same in its log whether somebody listened or not."""
    logs = []
    for name, count in (("heard", 1), ("unheard", 0)):
        with speaking(Say(LETTER, pieces=60)):
            run_id = started(runs, name, WRITE)
            watched(runs, run_id, *(watcher(runs, run_id) for _ in range(count)))
            runs.ended(run_id)
        logs.append([event["type"] for event in runs.check_log(run_id)])
    assert logs[0] == logs[1]
    assert logs[0].count("node_started") == 2


def test_each_turn_of_an_agent_is_a_call_of_its_own(runs: LocalRuns) -> None:
    with speaking(Say(FIRST, calls=(SUM,), pieces=5), Say(LETTER, pieces=30)):
        run_id = started(runs, "two-turns", WRITE | {"tools": ["math"]})
        listener = watcher(runs, run_id)
        watched(runs, run_id, listener)
    assert by_call(listener.texts) == [FIRST, LETTER]
    assert runs.nodes(run_id)["write"]["output"] == {"text": LETTER}


def test_who_comes_back_in_the_middle_goes_on_and_lacks_only_words(runs: LocalRuns) -> None:
    """Events that were missed are in the log, words are not: the connection is cut as the node begins."""
    with speaking(Say(LETTER, pieces=60)):
        run_id = started(runs, "cut", WRITE)
        begins = len(runs.events(run_id)) + 5
        broken = watcher(runs, run_id, breaks_at=begins)
        watched(runs, run_id, broken)
    assert broken.events == runs.check_log(run_id)
    assert "".join(frame["text"] for frame in broken.texts) in LETTER
    assert runs.run(run_id)["output"] == LETTER


def test_the_command_line_hears_the_first_words_of_a_run_that_it_starts(runs: LocalRuns) -> None:
    with speaking(Say(LETTER, pieces=60)):
        runs.publish(json.dumps({"sluice": 1, "name": "at-once", "nodes": {"write": {**WRITE, "after": []}}, "output": "$write.text"}))
        heard: list[Words] = []
        with ahead(runs.client, runs.workflow_ids["at-once"]) as listening:
            run_id = runs.start("at-once")
            events = list(watch(runs.client, run_id, on_text=heard.append, listening=listening))
    assert (by_call(heard), events) == ([LETTER], runs.check_log(run_id))
