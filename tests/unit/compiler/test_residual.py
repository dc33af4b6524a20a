"""What is left of a graph when nodes are kept: order past them, what runs again, what nothing is left of."""

from typing import Any

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.printer import print_plan
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.spec.load import load

S = KeptStatus.SUCCEEDED
SPEC = """
sluice: 1
name: kept
nodes:
  rows: {type: map, over: "{% [1, 2] %}", as: row, nodes: {one: {type: agent_call, prompt: "{{ $row }}"}}, output: $one.text}
  then: {type: agent_call, prompt: hello, after: [rows]}
  last: {type: agent_call, prompt: "{{ $rows }} {{ $then.text }}", after: [then]}
  ask: {type: human_gate, ask: "Well?", after: [last]}
  end: {type: agent_call, prompt: "{{ $last.text }}"}
edges: [{from: ask, to: end, when: approve}]
output: {last: $last.text, end: $end.text}
"""


def compiled(kept: Kept) -> Compilation:
    spec = load(SPEC).spec
    assert spec is not None
    found = compile_workflow(spec, kept=kept)
    assert isinstance(found, Compilation), found.diagnostics
    return found


def states(found: Compilation) -> dict[str, Any]:
    held = found.state_machine["States"]
    assert isinstance(held, dict)
    return held


def test_what_is_left_keeps_its_order_past_what_is_kept() -> None:
    found = states(compiled(Kept({"then": S})))
    assert (found["rows"]["Next"], found["last"]["Next"]) == ("last", "ask")


def test_what_runs_again_says_so_in_its_fence_also_in_a_map() -> None:
    found = states(compiled(Kept({"then": S}, again={"one": 2, "last": 1})))
    inner = found["rows"]["ItemProcessor"]["States"]["one"]["Arguments"]["Payload"]["fence"]
    assert (inner["again"], found["last"]["Arguments"]["Payload"]["fence"]["again"]) == (2, 1)
    assert "again" not in found["end"]["Arguments"]["Payload"]["fence"]


def test_it_reads_of_kept_outputs_what_is_left_reads() -> None:
    kept = compiled(Kept({"rows": S, "then": S, "last": S, "ask": S}))
    assert kept.kept_fields == {"ask": (), "last": ("text",)}
    assert compiled(Kept({"rows": S, "then": S}, loads=(("rows",),))).kept_fields == {"rows": (), "then": ()}


def test_a_node_that_is_entered_runs_whatever_its_edges_say() -> None:
    rest = dict.fromkeys(("rows", "then", "last", "ask"), KeptStatus.SKIPPED)
    assert [*states(compiled(Kept(rest, entered=frozenset({"end"}))))] == ["end"]


def test_where_nothing_is_left_it_puts_out_what_is_kept() -> None:
    found = compiled(Kept({"rows": S, "then": S, "last": S, "ask": S, "end": S}))
    assert [state["Type"] for state in states(found).values()] == ["Pass"]
    assert found.plan_text == print_plan(found.plan, found.graph)
