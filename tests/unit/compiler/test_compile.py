"""The way from spec to machine: where it stops, and what it gives."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.compiler.code import Code, Key, Read, after, code, codes_in
from chalicelib.compiler.compile import Compilation, Refused, compile_workflow
from chalicelib.compiler.draw_nodes import draw_node
from chalicelib.compiler.emit import _Emitter
from chalicelib.compiler.forecast import Range
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.history import too_many_events
from chalicelib.compiler.holdings import Holdings
from chalicelib.compiler.names import Names, _fresh
from chalicelib.compiler.outline import Scope, State, Transition
from chalicelib.compiler.reads import Reader, parsed
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.compiler.retries import is_tried_again
from chalicelib.compiler.shares import Shares
from chalicelib.compiler.sheet import Outline, Place, Sheet, end
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Retry
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WorkflowSpec
from tests.factories.engine import execute
from tests.factories.payloads import machine_input

WORK: JsonObject = {"type": "agent_call", "prompt": "p"}


def spec(nodes: JsonObject, **more: Json) -> WorkflowSpec:
    return WorkflowSpec.model_validate({"sluice": 1, "name": "case", "nodes": nodes, **more}, strict=False)


def graph_of(nodes: JsonObject) -> WorkflowGraph:
    graph = build(spec(nodes))
    assert isinstance(graph, WorkflowGraph)
    return graph


def codes(compiled: Compilation | Refused) -> list[str]:
    return [found.code for found in compiled.diagnostics if found.is_error]


def test_it_stops_at_a_graph_that_is_none() -> None:
    compiled = compile_workflow(spec({"a": {**WORK, "after": ["b"]}, "b": {**WORK, "after": ["a"]}}))
    assert (isinstance(compiled, Refused), codes(compiled)) == (True, ["cycle"])


def test_it_stops_at_a_failed_check() -> None:
    assert codes(compile_workflow(spec({"a": WORK}, output="$b.text"))) == ["unknown-reference"]


def test_it_stops_at_a_machine_that_aws_would_refuse() -> None:
    assert codes(compile_workflow(spec({"a": {"type": "transform", "value": "x" * 1_100_000}}))) == ["asl-definition-size"]


def test_it_gives_the_same_digest_for_the_same_spec() -> None:
    first, second = compile_workflow(spec({"a": WORK})), compile_workflow(spec({"a": WORK}))
    assert isinstance(first, Compilation)
    assert isinstance(second, Compilation)
    assert first.digest == second.digest


def test_it_tells_a_node_of_its_run() -> None:
    compiled = compile_workflow(spec({"a": {**WORK, "prompt": "{{ $run.run_id }}"}}))
    assert isinstance(compiled, Compilation)
    payload = compiled.state_machine["States"]["a"]["Arguments"]["Payload"]  # type: ignore[index,call-overload]
    assert payload["values"] == {"$run.run_id": "{% $states.context.Execution.Input.run_id %}"}  # type: ignore[index,call-overload]


@pytest.mark.parametrize("text", ["1 +", "$eval('1')"])
def test_it_takes_no_broken_expression(text: str) -> None:
    with pytest.raises(ValueError, match="came past the checks"):
        parsed(text)


def test_it_takes_no_broken_binding() -> None:
    graph = graph_of({"a": WORK})
    reader = Reader(graph, lambda *_read: False, (), "a", Holdings.of(graph))
    with pytest.raises(ValueError, match="came past the checks"):
        reader.template("{% 1 + %}")


def test_it_draws_a_map_only_with_its_body() -> None:
    graph = graph_of({"m": {"type": "map", "over": [1], "nodes": {"a": WORK}}})
    outline = Outline(Scope("run"))
    with pytest.raises(ValueError, match="visited by ForEach"):
        draw_node(Sheet(graph, lambda *_read: False, outline), "m", Place(outline.root, graph.root), end)


def test_it_emits_no_state_that_it_does_not_know() -> None:
    class Odd(State):
        def exits(self) -> Iterator[Transition]:
            return iter(())

    outline = Outline(Scope("run"))
    names = Names(outline)
    with pytest.raises(TypeError, match="Odd"):
        _Emitter(names, Shares(names))._state(Odd("x", outline.root))


def test_it_tells_variables_apart_that_would_be_called_alike() -> None:
    taken: dict[str, Key] = {}
    assert [_fresh("same", 1, Key("active", each), taken) for each in ("a>b#1", "c>d#1", "e>f#1")] == ["same", "sameX2", "sameX3"]


def test_it_puts_reads_off_at_any_depth() -> None:
    key = Key("output", "a")
    later = after({"x": [code(Read(key), ".y"), 1]})
    assert [each for each in codes_in(later)] == [Code((after(code(Read(key))).parts[0], ".y"))]  # type: ignore[union-attr]  # noqa: C416


@pytest.mark.parametrize(
    ("retry", "error", "retries", "again"),
    [
        (None, "Contention", 0, True),
        (None, "Contention", 6, False),
        (None, "HttpThrottled", 0, False),
        (Retry(max_attempts=3), "HttpThrottled", 1, True),
        (Retry(max_attempts=3), "HttpThrottled", 2, False),
    ],
)
def test_it_knows_what_the_machine_tries_again(retry: Retry | None, error: str, retries: int, again: bool) -> None:
    assert is_tried_again(retry, error, retries=retries) is again


SKIPPED, SUCCEEDED, CONTINUED = KeptStatus.SKIPPED, KeptStatus.SUCCEEDED, KeptStatus.CONTINUED
EDGES: list[Json] = [{"from": "a", "to": "b", "when": "$a.text = 'x'"}, {"from": "a", "to": "c", "when": "error"}]
BRANCHES: JsonObject = {"a": WORK, "b": WORK, "c": WORK, "d": {**WORK, "after": ["b", "c"]}}


@pytest.mark.parametrize(
    ("status", "entered"),
    [(SUCCEEDED, {"b--when", "b", "d", "run--end"}), (CONTINUED, {"c", "d"}), (SKIPPED, set())],
    ids=["succeeded", "continued", "skipped"],
)
def test_it_leaves_out_what_a_kept_node_decides(status: KeptStatus, entered: set[str]) -> None:
    compiled = compile_workflow(spec({**BRANCHES, "e": WORK}, edges=EDGES), kept=Kept({"a": status}))
    assert isinstance(compiled, Compilation)
    assert {each.state for each in compiled.source_map} - {"e"} >= entered - {"run--end"}


@pytest.mark.parametrize(("said", "enters"), [("y", True), ("n", False)])
def test_it_asks_of_others_what_a_kept_node_leaves_open(said: str, enters: bool) -> None:
    edges: list[Json] = [{"from": "a", "to": "c", "when": "$a.text = 'x'"}, {"from": "b", "to": "c", "when": "$b.text = 'y'"}]
    compiled = compile_workflow(spec({"a": WORK, "b": WORK, "c": {**WORK, "activate": "all"}}, edges=edges), kept=Kept({"a": SUCCEEDED}))
    assert isinstance(compiled, Compilation)
    given = machine_input(resume=1, kept={"a": {"text": "x"}})
    ended = execute(compiled.state_machine, given, lambda state, payload: {"text": said})
    assert (ended.error, ended.entered["a"], ended.entered["b"], ended.entered["c"] == 1) == ("", 0, 1, enters)


def test_it_knows_whether_a_kept_node_with_a_large_formula_ran() -> None:
    conditions: JsonObject = {f"c{i}": {"type": "condition", "if": f"$context.b[{i}]"} for i in range(8)}
    votes: JsonObject = {f"v{i}": WORK for i in range(8)}
    quorum: JsonObject = {"quorum": {"type": "join", "require": {"at_least": 4}, "after": [*votes]}, "act": {**WORK, "after": ["quorum"]}}
    edges: list[Json] = [{"from": f"c{i}", "to": f"v{i}", "when": True} for i in range(8)]
    everything = dict.fromkeys((*conditions, *votes), SUCCEEDED)
    for status, left in ((SUCCEEDED, {"act"}), (SKIPPED, set())):
        whole = spec({**conditions, **votes, **quorum, "other": WORK}, edges=edges)
        compiled = compile_workflow(whole, kept=Kept({**everything, "quorum": status}))
        assert isinstance(compiled, Compilation), compiled
        assert {each.node for each in compiled.source_map} - {"other", ""} == left


@pytest.mark.parametrize(("least", "most", "severity"), [(10, 25_000, []), (10, 25_001, ["warning"]), (25_001, 30_000, ["error"])])
def test_it_minds_runs_that_outgrow_a_history(least: int, most: int, severity: list[str]) -> None:
    compiled = compile_workflow(spec({"a": WORK}))
    assert isinstance(compiled, Compilation)
    found = too_many_events(replace(compiled.forecast, history_events=Range(least, most)), Positions())
    assert [each.severity.value for each in found] == severity
