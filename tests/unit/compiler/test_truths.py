"""What an edge's expression came to is computed once where it is asked often or in a long question, and where it stands otherwise."""

from itertools import pairwise
from typing import Any

from chalicelib.compiler.compile import Compilation, compile_workflow
from tests.factories.graphs import spec_of

OUTPUT = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
ASK = {"type": "agent_call", "prompt": "?", "output": OUTPUT}


def machine(nodes: dict[str, Any], *edges: dict[str, Any], **more: object) -> dict[str, Any]:
    compiled = compile_workflow(spec_of(nodes, list(edges), **more))
    assert isinstance(compiled, Compilation), compiled.diagnostics
    return compiled.state_machine


def states(scope: dict[str, Any]) -> dict[str, Any]:
    found = dict(scope["States"])
    for state in scope["States"].values():
        for branch in state.get("Branches", []):
            found |= states(branch)
    return found


def edge(source: str, target: str, when: str | None = None) -> dict[str, Any]:
    return {"from": source, "to": target, **({"when": when} if when else {})}


def chain(length: int, **of_a2: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Rows of two nodes, each hanging on both nodes of the row before it: formulas grow with every row."""
    nodes: dict[str, Any] = {"s": ASK}
    edges, before = [], ["s"]
    for row in range(length):
        here = [f"a{row}", f"b{row}"]
        nodes |= dict.fromkeys(here, ASK)
        edges += [edge(source, target, f"${source}.n > {row + 1}{at}") for source in before for at, target in enumerate(here)]
        before = here
    nodes["a2"] = {**ASK, **of_a2}
    return nodes, edges


def test_it_asks_a_short_question_where_it_stands() -> None:
    built = machine({"s": ASK, "a": ASK}, edge("s", "a", "$s.n > 1"))
    assert built["States"]["a--when"]["Choices"][0]["Condition"] == "{% (($C := $s.n > 1; $type($C) = 'boolean' ? $C : false)) = true %}"
    assert set(built["States"]["s"]["Assign"]) == {"s"}


def test_it_settles_what_long_questions_ask_with_their_sources() -> None:
    nodes, edges = chain(4)
    built = states(machine(nodes, *edges))
    assert built["a3--when"]["Choices"][0]["Condition"] == "{% ($a2Toa3Active1Up1 = true) or ($b2Toa3Active1Up1 = true) %}"
    assert built["a2"]["Assign"]["a2Toa3Active1"] == "{% ($C := $states.result.Payload.n > 40; $type($C) = 'boolean' ? $C : false) %}"
    assert built["a2--when"]["Assign"]["a2Toa3Active1"] is None


def test_it_settles_an_expression_once_for_all_edges_that_ask_it() -> None:
    targets = [f"t{number}" for number in range(6)]
    when = "$s.n > 1 and $s.n < 1000 and $s.n != 10 and $s.n != 20 and $s.n != 30"
    edges = [edge("s", target, when) for target in targets] + [edge("u", target) for target in targets[3:]]
    waits = [edge(before, after, "$" + before + ".n > 0") for before, after in pairwise(targets)]
    built = machine({"s": ASK, "u": {**ASK, "after": ["s"]}, **dict.fromkeys(targets, ASK)}, *edges, *waits)
    names = {name for state in states(built).values() for name in state.get("Assign", {}) if name.startswith("sTo")}
    assert names == {"sTot0Active1"}


def test_it_gives_no_truth_to_the_edges_of_a_source_that_failed() -> None:
    nodes, edges = chain(4, on_error={"goto": "late"})
    caught = states(machine({**nodes, "late": ASK}, *edges))["a2"]["Catch"][0]["Assign"]
    assert {name: value for name, value in caught.items() if "To" in name} == {"a2Toa3Active1": None, "a2Tob3Active1": None}


def test_it_asks_a_failure_that_counts_as_success() -> None:
    nodes, edges = chain(4, on_error="continue")
    caught = states(machine(nodes, *edges))["a2"]["Catch"][0]["Assign"]
    assert "$states.errorOutput.Error" in caught["a2Toa3Active1"]
    assert caught["a2Toa3Active1"].endswith("$type($C) = 'boolean' ? $C : false) %}")


def test_it_settles_the_edges_of_a_loop_where_it_ends() -> None:
    nodes, edges = chain(4, repeat={"until": "$a2.n > 5", "max_times": 3})
    built = states(machine(nodes, *edges))
    assert set(built["a2"]["Assign"]) == {"a2", "a2Visit"}
    assert {"a2Toa3Active1", "a2Tob3Active1"} <= set(built["a2--again"]["Choices"][0]["Assign"])
