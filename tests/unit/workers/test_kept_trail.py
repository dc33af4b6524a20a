"""The trail of candidates over all entries into a node."""

from typing import Any

import pytest

from chalicelib.gates.decide import decide
from chalicelib.providers.failures import ModelAuthFailed
from chalicelib.providers.trail import Outcome, Step
from chalicelib.spec.model import JsonObject
from chalicelib.workers.kept_trail import SHOWN_STEPS, KeptTrail
from tests.factories.cloud import ANN, cloud
from tests.factories.scripted_models import ScriptedVendor, answered_by
from tests.factories.worker_runs import story


def step(number: int) -> Step:
    return Step(f"fake:{number}", Outcome.ANSWERED, "priority 1")


def candidates(shown: Any) -> list[str]:
    return [each["candidate"] for each in shown["trail"]]


def test_it_holds_what_all_entries_did_in_order() -> None:
    first, second = KeptTrail(), KeptTrail()
    first.add([step(1), step(2)])
    second.take_up(first.shown)
    second.take_up(first.shown)
    second.add([step(3)])
    assert candidates(second.shown) == ["fake:1", "fake:2", "fake:3"]
    assert "trail_left_out_count" not in second.shown


@pytest.mark.parametrize("entries", [1, 4])
def test_it_keeps_the_latest_and_counts_what_was_left_out(entries: int) -> None:
    kept: Any = {}
    for entry in range(entries):
        trail = KeptTrail()
        trail.take_up(kept)
        trail.add([step(number) for number in range(entry * 50, entry * 50 + 50 + 20)])
        kept = trail.shown
    assert len(kept["trail"]) == SHOWN_STEPS
    assert kept["trail_left_out_count"] == entries * 70 - SHOWN_STEPS
    assert candidates(kept)[-1] == f"fake:{(entries - 1) * 50 + 69}"


def test_it_is_nothing_where_nobody_was_asked() -> None:
    assert KeptTrail().shown == {}


def test_an_agent_that_waited_tells_of_the_calls_before_and_after() -> None:
    grant: JsonObject = {"tool": "kv.put", "policy": "ask"}
    vendor = ScriptedVendor([[("kv_put", {"key": "a", "value": 1})], "Done."])
    with cloud(ANTHROPIC_API_KEY="a-key"), answered_by(vendor):
        tale = story({"do": {"type": "agent_call", "prompt": "Do it.", "model": "anthropic:claude-opus-5-5", "tools": [grant]}})
        assert tale.serve("do") == {"Next": "wait", "output": None}
        asked: Any = tale.serve("do", wait=True, token="t" * 40)
        decide(ANN, asked["gate_id"], choice="approve")
        again: JsonObject = {"resume": 0, "visit": 0, "entry": 2, "retry": 0}
        assert tale.serve("do", fence=again) == {"Next": "done", "output": {"text": "Done."}}
        details: Any = tale.node_run("do").details
    assert candidates(details) == ["anthropic:claude-opus-5-5"] * 2


def test_an_agent_that_fails_in_a_later_entry_tells_of_the_earlier_ones() -> None:
    vendor = ScriptedVendor([[("kv_put", {"key": "a", "value": 1})], ModelAuthFailed("no such key")])
    with cloud(ANTHROPIC_API_KEY="a-key"), answered_by(vendor):
        tale = story(
            {"do": {"type": "agent_call", "prompt": "Do it.", "model": "anthropic:claude-opus-5-5", "tools": [{"tool": "kv.put", "policy": "ask"}]}}
        )
        tale.serve("do")
        asked: Any = tale.serve("do", wait=True, token="t" * 40)
        decide(ANN, asked["gate_id"], choice="approve")
        with pytest.raises(ModelAuthFailed):
            tale.serve("do", fence={"resume": 0, "visit": 0, "entry": 2, "retry": 0})
        details: Any = tale.node_run("do").details
    assert [each["outcome"] for each in details["trail"]] == ["answered", "failed"]
