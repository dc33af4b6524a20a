"""What waited for people, or for another run, when its run broke."""

import pytest

from chalicelib.conversations.reply import list_waiting, reply
from chalicelib.errors import GateAlreadyDecided, RunNotResumable
from chalicelib.gates.decide import decide
from chalicelib.runs.cancel import cancel
from chalicelib.runs.query import get_output, list_runs
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.store.run_records import Run
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN, BOB, DAN


def resumed(stage: Arena, run: Run) -> Run:
    return stage.finished(resume(ANN, run.id, Wanted(), plan=prepare(ANN, run.id, Wanted()).plan.digest))


ASKING = """
sluice: 1
name: asking
nodes:
  approve: {type: human_gate, ask: "Well?", timeout_seconds: 600, who: {at_least: 2}}
  ask: {type: message, text: "Right?", wait_for_reply: true, timeout_seconds: 600, after: [approve]}
output: {by: $approve.by, word: $ask.reply}
"""


def test_people_are_not_asked_twice() -> None:
    """A vote, a decision and a message that is out hold for the resumed run."""
    with arena(ASKING) as stage:
        run = stage.begin()
        decide(ANN, stage.gate(run).id, choice="approve")
        resumed(stage, cancel(DAN, run.id))
        gate = stage.gate(run)
        assert (gate.status, gate.fence.resume, [vote.person for vote in gate.votes]) == ("open", 1, ["ann"])
        decide(BOB, gate.id, choice="approve")
        stage.engine.step()
        (message,) = list_waiting(ANN, run.id)
        resumed(stage, cancel(DAN, run.id))
        (again,) = list_waiting(ANN, run.id)
        assert (again.id, again.fence.resume, again.sent_at) == (message.id, 2, message.sent_at)
        reply(ANN, run.id, text="yes")
        assert (stage.finished(run).status, get_output(ANN, run.id)) == ("succeeded", {"by": "ann, bob", "word": "yes"})
        with pytest.raises(GateAlreadyDecided):
            decide(DAN, gate.id, choice="reject")


def test_a_child_is_resumed_by_its_parents_resume_alone() -> None:
    child = """
sluice: 1
name: child
nodes: {breaks: {type: tool_call, tool: math, with: {expression: 1 / 0}}}
"""
    parent = """
sluice: 1
name: parent
nodes: {sub: {type: workflow, workflow: child, timeout_seconds: 60}}
"""
    with arena(child, parent) as stage:
        stage.finished(stage.begin())
        (found,) = [run for run in list_runs(ANN).runs if run.workflow_name == "child"]
        with pytest.raises(RunNotResumable):
            prepare(ANN, found.id, Wanted())
