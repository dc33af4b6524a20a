"""Loading: text in, a spec or every fault with its place out."""

from pathlib import Path

import pytest

from chalicelib.spec.effects import Effect
from chalicelib.spec.load import Loaded, load
from chalicelib.spec.nodes import Condition, HumanGate, Map, ToolCall
from chalicelib.spec.rules import RULES

WORKFLOW = (Path(__file__).parents[2] / "fixtures" / "every_node_type.yaml").read_text("utf-8")


def of(nodes: str, rest: str = "") -> Loaded:
    return load(f"sluice: 1\nname: demo\n{rest}nodes:\n{nodes}")


def codes(loaded: Loaded) -> list[str]:
    return [diagnostic.code for diagnostic in loaded.diagnostics]


def test_it_reads_every_node_type() -> None:
    loaded = load(WORKFLOW, name="demo.yaml")
    assert loaded.diagnostics == ()
    assert loaded.name == "demo.yaml"
    assert loaded.spec is not None
    assert {node.type for node in loaded.spec.nodes.values()} >= {"agent_call", "tool_call", "human_gate", "condition", "parallel", "join", "map"}
    questions = loaded.spec.nodes["ask_all"]
    assert isinstance(questions, Map)
    assert list(questions.nodes) == ["answer", "note"]
    book = loaded.spec.nodes["book"]
    assert isinstance(book, ToolCall)
    assert book.effect is Effect.MONEY


def test_it_reads_bytes_and_text_alike() -> None:
    assert load(WORKFLOW.encode()).spec == load(WORKFLOW).spec


def test_it_keeps_the_spec_where_there_are_warnings_only() -> None:
    loaded = of("  a: {type: transform, value: {postcode: 01067}}\n")
    assert codes(loaded) == ["yaml-number"]
    assert loaded.spec is not None


def test_it_tells_all_faults_in_the_order_of_the_text() -> None:
    loaded = of("  a: {type: agent_call}\n  b: {type: condition, if: price}\n  count: {type: parallel}\n", "titel: x\n")
    assert codes(loaded) == ["unknown-key", "missing-key", "bad-expression", "reserved-id"]
    assert loaded.spec is None
    lines = [diagnostic.location.line for diagnostic in loaded.diagnostics]
    assert lines == sorted(lines)


def test_it_finds_faults_inside_maps() -> None:
    loaded = of("  a:\n    type: map\n    over: $context.list\n    nodes:\n      b: {type: agent_call, promt: x}\n    edges: [{from: b}]\n")
    assert [(diagnostic.code, diagnostic.location.path) for diagnostic in loaded.diagnostics] == [
        ("unknown-key", "nodes.a.nodes.b.promt"),
        ("missing-key", "nodes.a.edges.0.to"),
    ]


def test_it_says_each_thing_once() -> None:
    loaded = load(WORKFLOW.replace("type: wait", "type: wiat"))
    assert len(set(loaded.diagnostics)) == len(loaded.diagnostics)


def test_it_takes_edges_of_conditions_and_gates_for_labels() -> None:
    nodes = "  a: {type: condition, if: $context.x}\n  b: {type: parallel}\n  c: {type: human_gate, ask: Go?, choices: [all right, no way]}\n"
    edges = "edges: [{from: a, to: b, when: true}, {from: c, to: b, when: all right}, {from: b, to: a, when: error}, {from: x, to: a, when: what}]\n"
    assert codes(load(f"sluice: 1\nname: demo\nnodes:\n{nodes}{edges}")) == []


@pytest.mark.parametrize("text", ["", "null", "[]", "a", "00", b"", "5"])
def test_it_says_that_something_is_no_workflow(text: str | bytes) -> None:
    assert "no-workflow" in codes(load(text))


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("{type: human_gate, ask: x, who: {any_of: [person:ann, role:boss], at_least: 3}}", []),
        ("{type: human_gate, ask: x, choices: [approve, {choice: later, approves: no}], on_timeout: later}", []),
        ("{type: human_gate, ask: x, on_timeout: fail}", []),
        ("{type: wait, until: '2026-02-28T12:00:00.5+02:00'}", []),
        ("{type: condition, cases: {yes_please: $context.a, 'true': $context.b}, else: nein}", []),
        ("{type: tool_call, tool: kv.put, with: {key: a, value: $context}}", []),
        ("{type: tool_call, tool: math, with: {expression: 'a + {{ $context.x }}', values: {a: 1}}}", []),
        ("{type: agent_call, prompt: x, output: {type: object, properties: {a: {type: [string, 'null']}}, $comment: hi}}", []),
        ("{type: agent_call, prompt: x, output: {type: object, if: {required: [a]}, then: {required: [b]}}}", []),
        ("{type: agent_call, prompt: x, output: {type: strng}}", ["bad-schema"]),
        ("{type: agent_call, prompt: x, output: {type: object, properties: {a: {type: [object, number]}}, additionalProperties: 5}}", ["bad-schema"]),
        ("{type: human_gate, ask: x, form: {$ref: 5}}", ["remote-schema"]),
        ("{type: human_gate, ask: x, form: {pattern: 5}}", ["bad-schema"]),
        ("{type: human_gate, ask: x, form: {required: [a]}}", []),
        ("{type: human_gate, ask: x, form: {properties: {a: 1}}}", ["bad-schema"]),
        ("{type: human_gate, ask: x, form: {properties: [a]}}", ["bad-schema"]),
        ("{type: human_gate, ask: x, form: {oneOf: {a: 1}}}", ["bad-schema"]),
        ("{type: message, text: x, wait_for_reply: yes}", []),
        ("{type: parallel, on_error: {goto: a}, activate: all}", []),
    ],
)
def test_it_accepts_what_is_sound_and_refuses_what_is_not(node: str, expected: list[str]) -> None:
    assert codes(of(f"  x: {node}\n")) == expected


def test_it_reads_labels_of_a_gate_with_titles() -> None:
    spec = of("  x: {type: human_gate, ask: x, choices: [{choice: go, title: Go!}]}\n  y: {type: condition, if: $context.a}\n").spec
    assert spec is not None
    assert isinstance(spec.nodes["x"], HumanGate)
    assert isinstance(spec.nodes["y"], Condition)


def test_it_asks_every_rule_once() -> None:
    assert len(set(RULES)) == len(RULES)
