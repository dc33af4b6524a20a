"""Activation formulas against runs that apply the rules node by node."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.compiler.activation import excludes, implies
from chalicelib.compiler.activation import given as left_of
from chalicelib.compiler.graph import Block, WorkflowGraph, build
from chalicelib.spec.model import JsonObject
from tests.factories.graphs import spec_of
from tests.factories.simulated_runs import simulate

_KINDS: tuple[str | JsonObject, ...] = (
    "transform",
    "transform",
    "condition",
    "condition",
    "human_gate",
    {"type": "human_gate", "on_error": "continue"},
    "join",
    {"type": "join", "require": "all"},
    {"type": "join", "require": {"at_least": 2}},
    {"type": "transform", "activate": "all"},
)
_WHENS = {"condition": ["true", "false", "", "error"], "human_gate": ["approve", "reject", "timed_out", "", "error"]}


def _random_block(random: Random, count: int) -> Block:
    nodes = {f"n{index}": random.choice(_KINDS) for index in range(count)}
    edges: list[str | JsonObject] = []
    for target in range(1, count):
        for source in random.sample(range(target), k=min(target, random.randint(0, 3))):
            node = nodes[f"n{source}"]
            kind = node if isinstance(node, str) else str(node["type"])
            continues = not isinstance(node, str) and node.get("on_error") == "continue"
            whens = [when for when in _WHENS.get(kind, ["", "", "error", "$context.yes"]) if not (continues and when == "error")]
            edges.append(f"n{source}>n{target}:{random.choice(whens)}")
    graph = build(spec_of(nodes, edges))
    assert isinstance(graph, WorkflowGraph)
    return graph.root


_SEEDS = st.integers(0, 2**32)
_COUNTS = st.integers(2, 14)


@given(_SEEDS, _COUNTS)
def test_it_says_of_every_node_and_edge_exactly_when_it_is_active(seed: int, count: int) -> None:
    random = Random(seed)
    block = _random_block(random, count)
    for _ in range(20):
        run = simulate(block, lambda _, labels: random.choice(labels))
        assert {name for name in block.order if run.holds(block.activation[name])} == run.ran
        assert {edge.key for edge in block.edges if run.holds(block.edge_activation[edge.key])} == run.active


@given(_SEEDS, _COUNTS)
@settings(max_examples=50)
def test_it_never_invents_an_implication_or_an_exclusion(seed: int, count: int) -> None:
    random = Random(seed)
    block = _random_block(random, count)
    runs = [simulate(block, lambda _, labels: random.choice(labels)) for _ in range(20)]
    for left in block.order:
        for right in block.order:
            facts, asked = block.activation[left], block.activation[right]
            follows, apart = implies(facts, asked, block.domains), excludes(facts, asked)
            rest = left_of(asked, facts, block.domains)
            for run in runs:
                if left in run.ran:
                    assert right in run.ran or not follows
                    assert right not in run.ran or not apart
                    assert run.holds(rest) is (right in run.ran)
