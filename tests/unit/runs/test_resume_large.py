"""Outputs that do not fit into the residual machine's input are fetched by its own Tasks."""

import pytest

from chalicelib.runs.query import get_output
from chalicelib.runs.resume import Wanted, prepare, resume
from tests.factories.arena import arena
from tests.factories.cloud import ANN

COUNT = 12
SIZE = 22_000
_LONG = f"{{% $pad('', {SIZE}, 'x') %}}"
_NODES = "\n".join(f'  n{each}: {{type: tool_call, tool: kv.get, with: {{key: n{each}, default: "{_LONG}"}}}}' for each in range(COUNT))
SPEC = f"""
sluice: 1
name: large
nodes:
{_NODES}
  breaks: {{type: tool_call, tool: math, with: {{expression: 1 / 0}}, after: [{", ".join(f"n{each}" for each in range(COUNT))}]}}
  last: {{type: transform, value: "{{% [{", ".join(f"$length($n{each}.value)" for each in range(COUNT))}] %}}", after: [breaks]}}
output: $last
"""


@pytest.mark.scenario
def test_they_come_in_parts_as_large_as_a_state_may_be() -> None:
    with arena(SPEC) as stage:
        run = stage.finished(stage.begin())
        assert (run.status, run.failed_node) == ("failed", "breaks")
        made = prepare(ANN, run.id, Wanted(outputs={"breaks": {"value": 1}}))
        kept = made.outputs
        assert len(kept.inline) + sum(map(len, kept.loads)) == COUNT
        assert len(kept.loads) >= 1
        before = len(stage.payloads)
        ended = stage.finished(resume(ANN, run.id, Wanted(outputs={"breaks": {"value": 1}}), plan=made.plan.digest))
        assert (ended.status, get_output(ANN, run.id)) == ("succeeded", [SIZE] * COUNT)
        loaded = [sorted(map(str, payload["load"])) for payload in stage.payloads[before:]]  # type: ignore[arg-type]
        assert sorted(loaded) == sorted(sorted(names) for names in kept.loads)
