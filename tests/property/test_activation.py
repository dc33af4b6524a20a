"""Activation formulas, and what follows from them, against runs that apply the rules node by node."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.compiler.activation import excludes, implies
from chalicelib.compiler.activation import given as left_of
from chalicelib.compiler.approvals import approving_choices
from chalicelib.compiler.certainty import Certainty, Ending
from chalicelib.compiler.checks.gate_outcomes import GateOutcomes
from chalicelib.compiler.graph import Block
from chalicelib.spec.nodes import HumanGate
from tests.factories.blocks import GATED_KINDS, random_block
from tests.factories.simulated_runs import SimulatedRun, all_runs, simulate

_SEEDS = st.integers(0, 2**32)
_COUNTS = st.integers(2, 14)
_FEW = st.integers(3, 8)


@given(_SEEDS, _COUNTS)
def test_it_says_of_every_node_and_edge_exactly_when_it_is_active(seed: int, count: int) -> None:
    random = Random(seed)
    block = random_block(random, count)
    for _ in range(20):
        run = simulate(block, lambda _, labels: random.choice(labels))
        assert {name for name in block.order if run.holds(block.activation[name])} == run.ran
        assert {edge.key for edge in block.edges if run.holds(block.edge_activation[edge.key])} == run.active


@given(_SEEDS, _COUNTS)
@settings(max_examples=50)
def test_it_never_invents_an_implication_or_an_exclusion(seed: int, count: int) -> None:
    random = Random(seed)
    block = random_block(random, count)
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


@given(_SEEDS, _FEW)
def test_it_knows_exactly_which_nodes_ran_and_how_they_ended_where_another_runs(seed: int, count: int) -> None:
    block = random_block(Random(seed), count)
    certainty = Certainty(block)
    runs = all_runs(block)
    for reader in (*block.order, None):
        read = [run for run in runs if reader is None or reader in run.ran]
        for source in block.order if reader is None else block.ancestors[reader]:
            if read:
                assert certainty.ran(source, reader) is all(source in run.ran for run in read)
            both = [run for run in read if source in run.ran]
            if both and certainty.ran(source, reader):
                assert certainty.ending(source, reader) is _ending(block, source, both)


def _ending(block: Block, source: str, runs: list[SimulatedRun]) -> Ending:
    if source not in block.domains:
        return Ending.EITHER if block.nodes[source].on_error == "continue" else Ending.SUCCEEDED
    failed = {run.outcomes[source] == "error" for run in runs}
    if failed == {True, False}:
        return Ending.EITHER
    return Ending.FAILED if failed == {True} else Ending.SUCCEEDED


@given(_SEEDS, _FEW)
def test_it_finds_exactly_the_gates_whose_silence_lets_a_node_run(seed: int, count: int) -> None:
    block = random_block(Random(seed), count, GATED_KINDS)
    runs = all_runs(block)
    gates = GateOutcomes(block)
    for name in block.order if runs else ():
        found = {outcome.gate for outcome in gates.unapproved_at(name)}
        assert found == {gate for gate in block.ancestors[name] if _is_silent(block, gate, name, [run for run in runs if name in run.ran])}


def _is_silent(block: Block, gate: str, name: str, runs: list[SimulatedRun]) -> bool:
    """Whether the node runs in some run that the gate approved, and in some that it did not."""
    node = block.nodes[gate]
    if not isinstance(node, HumanGate):
        return False
    labels = {run.outcomes[gate] for run in runs if gate in run.ran}
    approving = approving_choices(node)
    by_time_out = node.on_timeout in approving and node.on_timeout in labels
    return bool(labels & approving) and (by_time_out or bool(labels - approving))
