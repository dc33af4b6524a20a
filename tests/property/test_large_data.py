"""What lies in S3 changes nothing: a run whose every large value goes by pointer sees, does and puts out what it does with all values at hand."""

import json
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.pointers import fit, resolve_all
from chalicelib.workers.payload import parse_payload
from chalicelib.workers.values import resolved
from tests.factories.cloud import cloud
from tests.factories.engine import Ended, Failed, execute
from tests.factories.payloads import machine_input
from tests.factories.scripts import Script, ScriptedFailure, random_script
from tests.factories.specs import documents

FITTED = frozenset({"agent_call", "tool_call", "workflow"})
FEATURES = ("transform", "distributed", "optional", "when_expression", "repeat", "continue", "join", "sub_workflow", "cases")


class Play:
    """A run of a machine under a script. `share`: how many values go by pointer. `seen`: what each worker was asked with, its values resolved."""

    def __init__(self, compilation: Compilation, script: Script, *, share: float) -> None:
        self.script, self.share, self.random = script, share, Random(len(script.nodes))
        self.seen: Counter[str] = Counter()
        given = machine_input(script.context)
        given["context"] = self._fitted("input", given["context"], [*compilation.context_fields])
        self.ended: Ended = execute(compilation.state_machine, given, self._serve, fit=self._collect)

    @property
    def output(self) -> Json:
        assert isinstance(self.ended.output, dict)
        return resolve_all("org_local", self.ended.output["output"])

    def _serve(self, state: str, sent: JsonObject) -> Json:
        payload = parse_payload(sent)
        values = json.dumps(resolved(payload), sort_keys=True)
        self.seen[f"{payload.node} {payload.item_path} {payload.fence.visit} {values}"] += 1
        try:
            output = self.script.answer(sent)
        except ScriptedFailure as failure:
            raise Failed(failure.error) from None
        is_fitted = self.script.nodes[payload.node]["type"] in FITTED
        return self._fitted(payload.node, output, [*payload.keep]) if is_fitted else output

    def _collect(self, sent: JsonObject, results: Json) -> Json:
        return self._fitted(str(sent["node"]), results, [*parse_payload(sent).keep])

    def _fitted(self, folder: str, value: Json, keep: list[str]) -> Json:
        return fit("org_local", value, folder=folder, inline_bytes=-1, keep=keep) if self.random.random() < self.share else value


def compiled(document: JsonObject) -> Compilation:
    loaded = load(json.dumps(document))
    assert loaded.spec is not None
    compilation = compile_workflow(loaded.spec, loaded.positions)
    assert isinstance(compilation, Compilation), compilation.diagnostics
    return compilation


@pytest.fixture(scope="module", autouse=True)
def bucket() -> Iterator[None]:
    with cloud():
        yield


@pytest.mark.scenario
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(documents(max_nodes=14, shapes=("map", "nested-map", "mixed"), features=FEATURES), st.integers(0, 2**16), st.sampled_from([1.0, 0.5]))
def test_a_run_whose_values_lie_in_s3_is_the_run_with_all_values_at_hand(document: JsonObject, seed: int, share: float) -> None:
    compilation, script = compiled(document), random_script(Random(seed), document)
    at_hand, by_pointer = (Play(compilation, script, share=each) for each in (0, share))
    assert by_pointer.ended.error == at_hand.ended.error == "", by_pointer.ended
    assert by_pointer.ended.entered == at_hand.ended.entered
    assert by_pointer.seen == at_hand.seen
    assert by_pointer.output == at_hand.output
