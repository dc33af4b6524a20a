from itertools import product

from chalicelib.compiler.activation import ALWAYS, NEVER, Formula, conjoin, disjoin, holds
from chalicelib.compiler.graph import Block
from chalicelib.compiler.shortener import Shortener
from tests.factories.simulated_runs import simulate
from tests.factories.small_graphs import graph, tools


def shortest(formula: Formula, *, block: Block, edges_tell: bool = False) -> Formula:
    return Shortener(block, edges_tell=edges_tell).shortest(formula)


def texts(formula: Formula) -> list[str]:
    return [" and ".join(f"{variable}={label}" for variable, label in term) for term in formula.sorted_terms()]


def test_it_leaves_out_what_an_outcome_tells_anyway() -> None:
    block = graph({"c": "condition", "d": "condition", "a": ""}, "c d true", "d a true").root
    assert texts(block.activation["a"]) == ["c=true and d=true"]
    assert texts(shortest(block.activation["a"], block=block)) == ["d=true"]


def test_it_makes_one_of_ways_that_an_outcome_unites() -> None:
    nodes = {"look": "", "healthy": "condition", "diagnose": "", "recovered": "condition", "act": ""}
    block = graph(nodes, "look healthy", "look diagnose error", "healthy diagnose false", "diagnose recovered", "recovered act false").root
    assert len(texts(block.activation["act"])) == 2
    assert texts(shortest(block.activation["act"], block=block)) == ["recovered=false"]


def test_it_keeps_what_no_other_outcome_tells() -> None:
    block = graph({"c": "condition", "d": "condition", **tools("ab")}, "c a true", "d a true", "c b 1 < 2").root
    assert texts(shortest(block.activation["a"], block=block)) == ["c=true", "d=true"]
    both = conjoin((holds("c", "true"), holds("d", "true")), block.domains) or NEVER
    assert texts(shortest(both, block=block)) == ["c=true and d=true"]
    assert texts(shortest(block.activation["b"], block=block)) == ["c>b#1=true"]


def test_it_keeps_certainties() -> None:
    block = graph({"a": ""}).root
    assert (shortest(ALWAYS, block=block), shortest(NEVER, block=block)) == (ALWAYS, NEVER)


def test_it_asks_the_same_in_every_run() -> None:
    nodes = {"c": "condition", "d": "condition", "e": "condition", **tools("xyz")}
    block = graph(nodes, "c d true", "d e false", "c x false", "d x true", "e y true", "x y", "e z false", "y z").root
    united = disjoin(block.activation.values(), block.domains)
    for formula in (*block.activation.values(), united or ALWAYS):
        shorter = shortest(formula, block=block)
        for labels in product(("true", "false"), repeat=3):
            chosen = dict(zip("cde", labels, strict=True))
            run = simulate(block, lambda variable, _, chosen=chosen: chosen[variable])  # type: ignore[misc]
            assert run.holds(shorter) == run.holds(formula)


def test_it_trusts_an_edges_expression_only_where_it_is_asked_to() -> None:
    block = graph({"c": "condition", "s": "", "a": ""}, "c s true", "s a 1 < 2").root
    assert texts(shortest(block.activation["a"], block=block)) == ["c=true and s>a#1=true"]
    assert texts(shortest(block.activation["a"], block=block, edges_tell=True)) == ["s>a#1=true"]


def test_it_asks_long_ways_by_what_was_decided_last() -> None:
    nodes = {"c": "condition", **tools("sabxyz")}
    edges = ("c s true", "s a 1 < 2", "s b 2 < 3", "a x 1 < 2", "b x 1 < 2", "a y 1 < 2", "b y 1 < 2", "x z 1 < 2", "y z 1 < 2")
    block = graph(nodes, *edges).root
    telling, plain = Shortener(block, edges_tell=True), Shortener(block)
    assert texts(telling.last_decided(block.activation["z"])) == ["x>z#1=true", "y>z#1=true"]
    assert texts(plain.last_decided(block.activation["s"])) == ["c=true"]
    assert texts(plain.last_decided(block.activation["a"])) == ["c=true and s>a#1=true"]
    assert telling.last_decided(ALWAYS) == ALWAYS


def test_it_takes_an_edges_truth_for_its_sources_success() -> None:
    block = graph({**tools("sab")}, "s a 1 < 2", "s b error").root
    assert texts(block.activation["a"]) == ["s=succeeded and s>a#1=true"]
    assert texts(shortest(block.activation["a"], block=block, edges_tell=True)) == ["s>a#1=true"]
