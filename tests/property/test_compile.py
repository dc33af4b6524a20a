"""Any valid workflow compiles; the machine is one that AWS takes, always the same, and does what the language says."""

import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.compiler.asl import canonical
from chalicelib.compiler.asl_rules import check_machine
from chalicelib.compiler.asl_rules.machine import read_machine
from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.workers.payload import parse_payload
from tests.factories.documents import ERROR, WORKERS, blocks_of, count_of, edges_of, nodes_of, object_of
from tests.factories.engine import Ended, Failed, execute
from tests.factories.payloads import machine_input
from tests.factories.scripts import FOR_GOOD, Script, ScriptedFailure, ran, random_script
from tests.factories.skeletons import SHAPES
from tests.factories.specs import documents, random_document


def compiled(document: JsonObject) -> Compilation:
    loaded = load(json.dumps(document))
    assert loaded.spec is not None
    compilation = compile_workflow(loaded.spec, loaded.positions)
    assert isinstance(compilation, Compilation), compilation.diagnostics
    return compilation


class Play:
    """A run of a machine under a script: who served how often, and how it ended."""

    def __init__(self, compilation: Compilation, script: Script) -> None:
        self.script = script
        self.served: Counter[str] = Counter()
        self.ended: Ended = execute(compilation.state_machine, machine_input(script.context), self._serve)

    def _serve(self, state: str, sent: JsonObject) -> Json:
        payload = parse_payload(sent)
        if payload.close:
            return self.script.output(payload.node)
        self.served[payload.node] += 1
        try:
            output = self.script.answer(sent)
        except ScriptedFailure as failure:
            raise Failed(failure.error) from None
        if self.script.choices.get(payload.node) == "timed_out":
            raise Failed("States.Timeout")
        return output


CONDITIONAL = ("when_expression", "continue", "goto", "error_edge", "repeat", "gate", "cases", "join", "activate_all", "transform")
SOME = settings(max_examples=30)  # each example is a whole compilation


@SOME
@given(documents(max_nodes=25))
def test_it_emits_machines_that_no_rule_minds_from_any_valid_workflow(document: JsonObject) -> None:
    compilation = compiled(document)
    assert not [diagnostic for diagnostic in compilation.diagnostics if diagnostic.is_error]
    assert check_machine(compilation.state_machine) == ()


@SOME
@given(documents(max_nodes=20))
def test_it_emits_the_same_bytes_for_the_same_text(document: JsonObject) -> None:
    first, second = compiled(document), compiled(json.loads(json.dumps(document)))
    assert (canonical(first.state_machine), first.digest) == (canonical(second.state_machine), second.digest)


@SOME
@given(documents(max_nodes=25))
def test_it_names_states_and_nodes_one_to_one(document: JsonObject) -> None:
    """Each node has at most one state of its own, which has its id; every state is known to the source map, once."""
    compilation = compiled(document)
    names = [state.name for state in read_machine(compilation.state_machine).states]
    nodes = dict(nodes_of(document))
    assert sorted(names) == sorted(mapped.state for mapped in compilation.source_map)
    assert len(set(names)) == len(names)
    assert all(mapped.state == mapped.node for mapped in compilation.source_map if mapped.role == "" and mapped.node)
    assert {name for name, node in nodes.items() if node["type"] in WORKERS} <= set(names)


@SOME
@given(documents(max_nodes=25), st.integers(0, 2**16))
def test_it_runs_what_the_language_says(document: JsonObject, seed: int) -> None:
    """The machine succeeds in a run whose failures are all taken care of, and asks exactly the workers of the nodes that such a run enters."""
    script = random_script(Random(seed), document)
    play = Play(compiled(document), script)
    assert play.ended.error == "", play.ended
    assert set(play.served) == {name for name in ran(document, script) if script.nodes[name]["type"] in WORKERS}
    assert all(play.served[name] == times for name, times in _expected_calls(document, script).items() if name in play.served)


@SOME
@given(documents(max_nodes=25, shapes=("layered", "n-shape", "mixed"), features=CONDITIONAL, expressed=0.9), st.integers(0, 2**16))
def test_it_runs_what_the_language_says_where_nearly_every_edge_has_an_expression(document: JsonObject, seed: int) -> None:
    script = random_script(Random(seed), document, failing=0.4)
    play = Play(compiled(document), script)
    assert play.ended.error == "", play.ended
    assert set(play.served) == {name for name in ran(document, script) if script.nodes[name]["type"] in WORKERS}


@SOME
@given(documents(max_nodes=15, features=("gate", "gate_timeout", "goto", "error_edge", "retry", "sub_workflow", "cases")), st.integers(0, 2**16))
def test_it_fails_the_run_where_nothing_takes_care_of_a_failure(document: JsonObject, seed: int) -> None:
    """Nodes that are entered are let fail for good, one at a time; the run fails exactly where no error edge leads on."""
    script = random_script(Random(seed), document, failing=0)
    compilation = compiled(document)
    entered = sorted(name for name in ran(document, script) if script.nodes[name]["type"] in WORKERS)
    handled = {source for _, block in blocks_of(document) for source, _, when in edges_of(block) if when == ERROR}
    for name in Random(seed).sample(entered, min(2, len(entered))):
        broken = Script(script.nodes, script.context, script.choices, {name: FOR_GOOD}, script.visits)
        assert (Play(compilation, broken).ended.error == "ScriptedFailure") == (name not in handled)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**16))
def test_it_compiles_every_shape_with_every_feature(shape: str, seed: int) -> None:
    assert check_machine(compiled(random_document(Random(seed), shape=shape, nodes=20)).state_machine) == ()


@pytest.mark.scenario
@pytest.mark.parametrize("shape", ["layered", "wide", "nested-branches", "mixed"])
def test_it_compiles_and_runs_hundreds_of_nodes(shape: str) -> None:
    document = random_document(Random(1), shape=shape, nodes=300, features=("transform", "retry", "join", "message", "optional", "wait"))
    script = random_script(Random(1), document)
    play = Play(compiled(document), script)
    assert play.ended.error == "", play.ended
    assert set(play.served) == {name for name in ran(document, script) if script.nodes[name]["type"] in WORKERS}


def _expected_calls(document: JsonObject, script: Script) -> Counter[str]:
    """How often each worker outside maps is asked: once for each visit, and again for each failure that a retry takes care of."""
    calls: Counter[str] = Counter()
    for name, node in object_of(document["nodes"]).items():
        fields = object_of(node)
        if fields["type"] in WORKERS:
            visits = (count_of(object_of(fields["repeat"])["max_times"]) if script.fails(name) else script.visits[name]) if "repeat" in fields else 1
            calls[name] = visits * (1 if script.fails(name) else 1 + script.failures.get(name, 0))
    return calls
