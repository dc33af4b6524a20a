"""The machines that ours are compared with."""

import json
from pathlib import Path

import pytest

from bench.layered import layered_text
from bench.states_entered import EXAMPLES, HANDWRITTEN, Answers, _entries
from chalicelib.compiler.asl_rules import check_machine
from chalicelib.spec.load import load

MACHINES = sorted(HANDWRITTEN.glob("*.asl.json"))


def test_it_has_one_for_every_workflow_of_the_examples() -> None:
    workflows = {path.stem if path.stem != "workflow" else path.parent.name for path in EXAMPLES.glob("*/*.yaml")}
    assert {path.name.partition(".")[0] for path in MACHINES} == workflows


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name)
def test_it_is_a_machine_that_aws_takes(path: Path) -> None:
    assert check_machine(json.loads(path.read_text())) == ()


@pytest.mark.parametrize("most", [3, 19])
def test_it_generates_workflows_that_load_and_are_the_same_each_time(most: int) -> None:
    text = layered_text(60, most=most)
    assert text == layered_text(60, most=most)
    loaded = load(text)
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    assert len(loaded.spec.nodes) == 60


def test_it_answers_an_agent_at_each_entry_with_what_it_said_to_do_next() -> None:
    states = ("look", "desk", "desk--next", "desk--wait", "desk", "desk--next", "desk", "desk--next", "answer")
    answers: Answers = {("look", None): [1], ("desk", None): [{"text": "hello"}], ("answer", None): [2]}
    said = [{"Next": "wait", "output": None}, {"Next": "again", "output": None}, {"Next": "done", "output": {"text": "hello"}}]
    assert _entries(states, answers) == {("desk", None): said, ("desk--wait", None): [None]}
