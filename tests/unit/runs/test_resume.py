"""A broken run goes on from what has settled."""

from collections.abc import Iterator

import pytest

from chalicelib.runs.query import get_output
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.spec.model import Json
from chalicelib.store.run_records import Run
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN

CHAIN = """
sluice: 1
name: chain
input: {type: object, properties: {amount: {type: number, default: 5}, to: {type: string, default: "x"}}}
nodes:
  seen: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $context.amount}}}
  large: {type: condition, if: "$seen.value > 3", after: [seen]}
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {n: $seen.value}}}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / zero, values: {zero: "{% $context.amount - 5 %}"}}, after: [pay]}
  last: {type: tool_call, tool: math, with: {expression: b * 2, values: {b: $breaks.value}}, after: [breaks]}
edges:
  - {from: large, to: pay, when: true}
output: {charge: $pay.body.number, last: $last.value, seen: $seen.value}
"""


@pytest.fixture(scope="module")
def chain() -> Iterator[Arena]:
    with arena(CHAIN) as found:
        yield found


def resumed(stage: Arena, run: Run, **wanted: Json) -> Run:
    wish = Wanted.model_validate(wanted)
    plan = prepare(ANN, run.id, wish).plan.digest
    return stage.finished(resume(ANN, run.id, wish, plan=plan))


def test_it_goes_on_from_the_failure(chain: Arena) -> None:
    run = chain.finished(chain.begin())
    assert (run.status, run.failed_node) == ("failed", "breaks")
    before = len(chain.payloads)
    ended = resumed(chain, run, outputs={"breaks": {"value": 21}})
    assert (ended.status, ended.resume, get_output(ANN, run.id)) == ("succeeded", 1, {"charge": 1, "last": 42, "seen": 6})
    assert [payload["node"] for payload in chain.payloads[before:]] == ["last"]
