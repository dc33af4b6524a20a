"""Wherever a run breaks, its resume ends as the unbroken run does, and nothing that had settled is done again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pytest

from tests.factories.broken_runs import Point, Theatre, Told, example_texts, theatre
from tests.factories.examples import ANSWERS, EXAMPLES
from tests.factories.faults import evenly
from tests.factories.local_runs import Answer
from tests.factories.newer_versions import ADDED, changed, dependents, node_to_change, retold

pytestmark = pytest.mark.scenario
POINTS: Final = 10  # tried of each story; `make bench ARGS=resume` tries all of the starters', on newer versions too
OF_STARTERS: Final = 3
NEWER: Final = ("content-review", "refund-handling", "research-brief")  # one with a sub-workflow, one with gates, one whose agents are in a map

DIAMOND = """
sluice: 1
name: diamond
input: {type: object, properties: {amount: {type: number, default: 5}}}
nodes:
  a: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $context.amount}}}
  b: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {n: $a.value}}, after: [a]}
  c: {type: condition, if: "$a.value > 3", after: [a]}
  d: {type: tool_call, tool: kv.put, with: {key: last, value: $a.value}}
  e: {type: transform, value: {both: "{% [$b.status, $d.key] %}"}, after: [b, d]}
  approve: {type: human_gate, ask: "Well, {{ $e.both }}?", after: [e], timeout_seconds: 600}
  f: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {by: $approve.choice}}}
  told: {type: message, text: "Right?", wait_for_reply: false, after: [f]}
edges: [{from: c, to: d, when: true}, {from: approve, to: f, when: approve}]
output: {f: $f.body.id, d: $d, e: $e, choice: $approve.choice}
"""


def check(stage: Theatre, whole: Told, point: Point) -> bool:
    """Whether the run broke there at all. The same end, what had settled not served again, each effect under one key, asked for twice only where its
    worker died after it."""
    told = stage.broken(point)
    if told is None:
        return False
    assert (told.run.status, told.output) == ("succeeded", whole.output), point
    assert {each for each in told.settled_before if told.served[each] > whole.served[each]} == set(), point
    assert told.effects.keys() == whole.effects.keys(), point
    doubled = {key for key, count in told.effects.items() if count > whole.effects[key]}
    assert {key.partition("/")[0] for key in doubled} <= ({point.node} if point.dies == "after" else set()), point
    return True


MAPPED = """
sluice: 1
name: mapped
input: {type: object, properties: {rows: {type: array, items: {type: integer}, default: [1, 2, 3]}}}
nodes:
  start: {type: tool_call, tool: math, with: {expression: 1 + 1}}
  rows:
    type: map
    over: $context.rows
    as: row
    mode: MODE
    after: [start]
    nodes:
      pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {row: $row, n: $start.value}}}
      even: {type: condition, if: "$row = 2", after: [pay]}
      note: {type: tool_call, tool: kv.put, with: {key: "row {{ $row }}", value: $pay.status}}
    edges: [{from: even, to: note, when: true}]
    output: {paid: $pay.body.id, noted: $note.key}
  again:
    type: tool_call
    tool: math
    with: {expression: a + 1, values: {a: "{% $again ? $again.value : $start.value %}"}}
    repeat: {until: "$again.value > 4", max_times: 3}
    after: [rows]
  last: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: $rows}, after: [again]}
output: {rows: $rows, last: $last.body.id}
"""
CHILD = """
sluice: 1
name: child
input: {type: object, properties: {n: {type: number}}, required: [n]}
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {n: $context.n}}}
  note: {type: tool_call, tool: kv.put, with: {key: paid, value: $pay.body.id}, after: [pay]}
output: {paid: $pay.body.id}
"""
PARENT = """
sluice: 1
name: parent
nodes:
  first: {type: tool_call, tool: math, with: {expression: 1 + 2}}
  sub: {type: workflow, workflow: child, with: {n: $first.value}, after: [first], timeout_seconds: 600}
  last: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $sub.paid}}, after: [sub]}
output: {last: $last.value}
"""
CAUGHT = """
sluice: 1
name: caught
nodes:
  risky: {type: tool_call, tool: math, with: {expression: 1 / 0}, on_error: {goto: repair}}
  repair: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  shaky: {type: tool_call, tool: math, with: {expression: 1 / 0}, on_error: continue}
  use: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {why: $shaky.error.name}}, after: [shaky, repair]}
  fell: {type: join, require: any, after: [use, repair]}
  last: {type: tool_call, tool: math, with: {expression: 1 + 1}, after: [fell]}
output: {use: $use.body.id, last: $last.value, why: $shaky.error.name}
"""


def broken_everywhere(text: str, *others: str, answers: Mapping[str, Answer] | None = None) -> int:
    """How many points there are at which the run breaks, of those that its workers have."""
    with theatre([*others, text], {}, answers) as stage:
        whole = stage.unbroken()
        assert whole.run.status == "succeeded", whole.run.error
        return sum(check(stage, whole, point) for point in evenly(stage.points(), POINTS))


def test_it_ends_as_the_unbroken_run_wherever_it_broke() -> None:
    assert broken_everywhere(DIAMOND, answers={"approve": Answer("approve")}) >= 5


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_it_runs_no_settled_item_of_a_map_and_no_earlier_visit_again(mode: str) -> None:
    assert broken_everywhere(MAPPED.replace("MODE", mode)) >= 5


def test_a_broken_child_is_resumed_by_its_parents_resume() -> None:
    assert broken_everywhere(PARENT, CHILD) >= 4


def test_failures_that_were_taken_care_of_stay_so() -> None:
    assert broken_everywhere(CAUGHT) >= 2


@pytest.mark.parametrize("example", sorted(ANSWERS))
def test_an_example_ends_as_the_unbroken_run_wherever_it_broke(example: str) -> None:
    """But for what an agent waits for in the middle of its work, which its own conversation tells."""
    with staged(example) as stage:
        whole = stage.unbroken()
        assert whole.run.status == "succeeded"
        points = [point for point in stage.points() if point.role != "wait"]
        assert sum(check(stage, whole, point) for point in evenly(points, OF_STARTERS)) >= 1


@contextmanager
def staged(starter: str) -> Iterator[Theatre]:
    folder = EXAMPLES / starter
    with theatre(example_texts(folder), json.loads((folder / "input.json").read_text()), ANSWERS[starter]) as stage:
        yield stage


@pytest.mark.parametrize("starter", NEWER)
def test_it_goes_on_with_a_newer_version_and_does_nothing_again_that_had_settled(starter: str) -> None:
    """Every node is called otherwise, and one is added."""
    text = retold((EXAMPLES / starter / "workflow.yaml").read_text())
    with staged(starter) as stage:
        whole, points = stage.unbroken(), evenly(stage.points(), OF_STARTERS)
        broken = [told for point in points if (told := stage.broken(point, newer=text)) is not None]
    assert broken
    for told in broken:
        assert (told.run.status, told.run.version, told.output) == ("succeeded", 2, whole.output)
        assert (told.again(whole), told.doubled(whole)) == (set(), set())
        assert [count for point, count in told.served.items() if point.node == ADDED] == [1]


@pytest.mark.parametrize("starter", NEWER)
def test_it_runs_a_node_again_that_a_newer_version_has_changed_and_beside_it_what_depends_on_it_alone(starter: str) -> None:
    before = (EXAMPLES / starter / "workflow.yaml").read_text()
    node = node_to_change(before)
    due = dependents(before, node)
    with staged(starter) as stage:
        whole = stage.unbroken()
        late = [point for point in stage.points() if point.node in due - {node}]
        broken = [told for point in evenly(late, OF_STARTERS) if (told := stage.broken(point, newer=changed(before, node))) is not None]
    assert broken
    for told in broken:
        assert (told.run.status, told.output) == ("succeeded", whole.output)
        assert node in told.again(whole) <= due
        assert told.doubled(whole) <= due
