"""The generators keep their word: what they make is valid, of every shape, the same for the same chance, and scripts tell true stories of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chalicelib.compiler.activation import Atom
from chalicelib.compiler.graph import Block, WhenKind, WorkflowGraph, build
from chalicelib.spec.load import load
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.documents import nodes_of
from tests.factories.scripts import Script, ran, random_script
from tests.factories.skeletons import SHAPES, Kind, skeleton
from tests.factories.specs import FEATURES, documents, random_document

ALL_SHAPES = (*SHAPES, "mixed")
SOME = settings(max_examples=40)  # each example is a whole document
_TRACES: Mapping[str, Callable[[JsonObject], bool]] = {
    "activate_all": lambda node: node.get("activate") == "all",
    "cases": lambda node: "cases" in node,
    "continue": lambda node: node.get("on_error") == "continue",
    "distributed": lambda node: node.get("mode") == "distributed",
    "effect": lambda node: node.get("effect") == "money",
    "gate": lambda node: node["type"] == "human_gate",
    "gate_timeout": lambda node: node["type"] == "human_gate" and "timeout_seconds" in node,
    "goto": lambda node: isinstance(node.get("on_error"), dict),
    "join": lambda node: node["type"] == "join",
    "message": lambda node: node["type"] == "message" and "wait_for_reply" not in node,
    "repeat": lambda node: "repeat" in node,
    "reply": lambda node: "wait_for_reply" in node,
    "retry": lambda node: "retry" in node,
    "sub_workflow": lambda node: node["type"] == "workflow",
    "timeout": lambda node: "timeout_seconds" in node and node["type"] in {"agent_call", "tool_call"},
    "transform": lambda node: node["type"] == "transform",
    "wait": lambda node: node["type"] == "wait",
}
_TEXTS = {"defaults": '"default": 10', "error_edge": '"when": "error"', "optional": "$context.note", "when_expression": '"when": "$context.switches'}


def spec_of(document: JsonObject) -> WorkflowSpec:
    loaded = load(json.dumps(document))
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def uses(feature: str, document: JsonObject) -> bool:
    if feature in _TEXTS:
        return _TEXTS[feature] in json.dumps(document)
    return any(_TRACES[feature](node) for _, node in nodes_of(document))


@SOME
@given(documents(max_nodes=40))
def test_it_makes_documents_that_load_and_have_a_graph(document: JsonObject) -> None:
    assert isinstance(build(spec_of(document)), WorkflowGraph)


@pytest.mark.parametrize("shape", ALL_SHAPES)
def test_it_makes_every_shape_of_every_size(shape: str) -> None:
    for nodes in (1, 2, 3, 5, 10, 100):
        document = random_document(Random(nodes), shape=shape, nodes=nodes)
        assert isinstance(build(spec_of(document)), WorkflowGraph)
        assert len(dict(nodes_of(document))) >= nodes * 0.5


@pytest.mark.parametrize("shape", ALL_SHAPES)
def test_it_lists_a_skeletons_nodes_in_a_topological_order(shape: str) -> None:
    made = skeleton(Random(1), shape, 40)
    order = list(made.nodes)
    assert all(order.index(link.source) < order.index(link.target) for link in made.links)
    assert all(made.nodes[link.source] is Kind.SPLIT for link in made.links if link.arm is not None)


def test_it_makes_the_same_of_the_same_chance() -> None:
    assert random_document(Random(7), nodes=50) == random_document(Random(7), nodes=50)


@pytest.mark.parametrize("feature", FEATURES)
def test_it_uses_every_feature_that_it_may(feature: str) -> None:
    """Without the feature it is never seen, with it soon."""
    needed = {"gate_timeout": ["gate"], "effect": ["gate"]}.get(feature, [])
    seen = [uses(feature, random_document(Random(seed), nodes=25, features=[*needed, feature])) for seed in range(40)]
    unseen = [uses(feature, random_document(Random(seed), nodes=25, features=needed)) for seed in range(10)]
    assert any(seen)
    assert not any(unseen)


@SOME
@given(documents(), st.integers(0, 1000))
def test_it_scripts_inputs_that_the_schema_takes(document: JsonObject, seed: int) -> None:
    schema = document["input"]
    assert isinstance(schema, dict)
    Draft202012Validator(schema).validate(random_script(Random(seed), document).context)


@SOME
@given(documents(), st.integers(0, 1000))
def test_it_enters_sources_and_only_nodes_of_the_document(document: JsonObject, seed: int) -> None:
    entered = ran(document, random_script(Random(seed), document))
    assert "n0" in entered
    assert entered <= set(dict(nodes_of(document)))


@SOME
@given(documents(features=()), st.integers(0, 1000))
def test_it_enters_everything_where_nothing_is_decided(document: JsonObject, seed: int) -> None:
    nodes = dict(nodes_of(document))
    if not any(node["type"] in {"condition", "map"} for node in nodes.values()):
        assert ran(document, random_script(Random(seed), document)) == set(nodes)


@SOME
@given(documents(max_nodes=30), st.integers(0, 1000))
def test_it_enters_what_the_graphs_formulas_say(document: JsonObject, seed: int) -> None:
    graph = build(spec_of(document))
    assert isinstance(graph, WorkflowGraph)
    script = random_script(Random(seed), document)
    entered = ran(document, script)
    for block in graph.blocks.values():
        if set(block.path) <= entered and entered.intersection(block.nodes):
            outcomes = {Atom(*outcome) for name in block.order if name in entered for outcome in outcomes_of(block, name, script)}
            held = {name for name in block.order if any(term <= outcomes for term in block.activation[name].terms)}
            assert held == entered.intersection(block.nodes)


def outcomes_of(block: Block, name: str, script: Script) -> Iterator[tuple[str, str]]:
    """The outcome variables that a node's run settles, with their labels."""
    failed = script.fails(name)
    yield f"{name}?", "ran"
    yield name, "error" if failed else script.outcome(name) or "succeeded"
    for edge in block.outgoing[name]:
        if edge.kind is WhenKind.EXPRESSION and (not failed or block.nodes[name].on_error == "continue"):
            yield edge.key, "true" if script.switch(f"{edge.source}_{edge.target}") else "false"
