"""A node is tried by itself, with what it reads pinned; a run is repeated."""

from collections.abc import Iterator

import pytest

from chalicelib.errors import EffectsNotAllowed, InputInvalid, KeyReused
from chalicelib.runs.query import get_input, get_output, list_runs
from chalicelib.runs.repeat import repeat
from chalicelib.runs.trial import TrialWanted, try_node
from chalicelib.spec.model import Json
from chalicelib.store import runs
from chalicelib.store.run_records import Run
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN
from tests.factories.run_stories import told

SPEC = """
sluice: 1
name: tried
input: {type: object, properties: {amount: {type: number, default: 5}}}
nodes:
  seen: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $context.amount}}}
  large: {type: condition, if: "$seen.value > 100", after: [seen]}
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {n: $seen.value}}}
  rows: {type: map, over: "$seen.rows", as: row, after: [seen], nodes: {twice: {type: transform, value: "{% $row * 2 %}"}}, output: $twice}
edges: [{from: large, to: pay, when: true}]
output: {paid: $pay.status}
""".replace('"$seen.rows"', '"{% [$seen.value, 1] %}"')


@pytest.fixture(scope="module")
def stage() -> Iterator[Arena]:
    with arena(SPEC) as found:
        yield found


def tried(stage: Arena, node: str, **wanted: Json) -> Run:
    return stage.finished(try_node(ANN, stage.version.workflow_id, node, TrialWanted.model_validate(wanted)))


def test_it_runs_the_one_node_whatever_leads_to_it(stage: Arena) -> None:
    run = tried(stage, "pay", outputs={"seen": {"value": 7}}, allow_effects=True)
    assert (run.status, run.trigger.type, run.trigger.source) == ("succeeded", "trial", "pay")
    assert get_output(ANN, run.id) == {"status": 201, "headers": {}, "body": {"number": 1}}
    assert told(run) == ["run_queued", "run_started", "node_started pay", "node_succeeded pay", "run_succeeded"]


def test_it_computes_what_the_engine_serves(stage: Arena) -> None:
    assert get_output(ANN, tried(stage, "rows", outputs={"seen": {"value": 7}}).id) == [14, 2]
    assert get_output(ANN, tried(stage, "large", outputs={"seen": {"value": 7}}).id) == "false"


def test_it_takes_what_is_not_given_from_an_earlier_run(stage: Arena) -> None:
    first = stage.finished(stage.begin())
    run = tried(stage, "seen", run_id=first.id)
    assert get_output(ANN, run.id) == {"value": 6}
    assert get_output(ANN, tried(stage, "large", run_id=first.id, outputs={"seen": {"value": 101}}).id) == "true"


def test_it_is_no_run_of_the_workflow(stage: Arena) -> None:
    first = stage.finished(stage.begin())
    tried(stage, "seen")
    assert [run.id for run in list_runs(ANN).runs] == [first.id]
    assert [run.id for run in list_runs(ANN, workflow_id=first.workflow_id).runs] == [first.id]


def test_its_machine_goes_with_it(stage: Arena) -> None:
    machines = set(stage.engine.machines)
    tried(stage, "seen")
    assert set(stage.engine.machines) == machines


def test_it_does_nothing_to_the_world_unless_it_may(stage: Arena) -> None:
    stage.begin()
    with pytest.raises(EffectsNotAllowed):
        tried(stage, "pay", outputs={"seen": {"value": 7}})
    assert not stage.charges


@pytest.mark.parametrize(
    ("node", "wanted", "field"),
    [
        ("nothing", {}, "/node"),
        ("twice", {}, "/node"),
        ("pay", {}, "/outputs/seen"),
        ("seen", {"input": {"amount": "much"}}, "/amount"),
        ("pay", {"outputs": {"nothing": 1}}, "/outputs/nothing"),
    ],
)
def test_it_says_what_it_lacks(stage: Arena, node: str, wanted: dict[str, Json], field: str) -> None:
    with pytest.raises(InputInvalid) as found:
        tried(stage, node, **wanted)
    assert field in found.value.faults


def test_a_key_finds_its_trial_again(stage: Arena) -> None:
    workflow_id = stage.version.workflow_id
    first = try_node(ANN, workflow_id, "seen", TrialWanted(), key="once")
    assert try_node(ANN, workflow_id, "seen", TrialWanted(), key="once").id == first.id
    with pytest.raises(KeyReused):
        try_node(ANN, workflow_id, "seen", TrialWanted(input={"amount": 1}), key="once")


def test_a_run_is_repeated_with_its_input_or_another(stage: Arena) -> None:
    first = stage.finished(stage.begin())
    again = repeat(ANN, first.id)
    assert (again.trigger.type, again.trigger.source, again.version) == ("repeat", first.id, first.version)
    assert get_input(ANN, again.id) == get_input(ANN, first.id)
    other = stage.finished(repeat(ANN, first.id, given={"amount": 9}, version="latest"))
    assert (other.status, get_input(ANN, other.id)) == ("succeeded", {"amount": 9})
    assert runs.get("org_local", first.id).status == "succeeded"
    assert repeat(ANN, first.id, key="once").id == repeat(ANN, first.id, key="once").id
