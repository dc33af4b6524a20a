"""Edges and the outcomes that they wait for.

In: a `Subject`. Out: diagnostics about labels that no node has, errors that cannot happen, and outcomes that nothing follows.
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.approvals import approving_choices
from chalicelib.compiler.checks.subject import Subject, node_path, shown_edge
from chalicelib.compiler.edges import TIMED_OUT, choices_of, labels_of
from chalicelib.compiler.graph import Block, Edge, WhenKind
from chalicelib.compiler.nearest import did_you_mean
from chalicelib.spec.bindings import Broken, when_binding
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import Condition, HumanGate, Join, Node, Parallel

_PLAIN_WORDS: Final = re.compile(r"[A-Za-z][\w -]*")


def unknown_outcomes(subject: Subject) -> Iterator[Diagnostic]:
    """A `when` that reads like a label of its condition or gate and is none."""
    for block, edge in _asked(subject):
        labels = labels_of(block.nodes[edge.source])
        if labels and not _is_expression(edge):
            yield subject.error("unknown-outcome", *_unknown_outcome(block, edge, labels))


def broken_whens(subject: Subject) -> Iterator[Diagnostic]:
    """A `when` that is meant as an expression and cannot be read. Only of conditions and gates: loading has judged the others."""
    for block, edge in _asked(subject):
        binding = when_binding(edge.value)
        if isinstance(binding, Broken) and _is_expression(edge):
            message = f"this is neither an outcome of `{edge.source}` nor an expression: {binding.faults[0].message}"
            hint = binding.faults[0].hint or f"its outcomes are {', '.join(labels_of(block.nodes[edge.source]))} and error"
            yield subject.error("broken-when", message, f"{edge.path}.when", hint)


def _asked(subject: Subject) -> Iterator[tuple[Block, Edge]]:
    """The edges whose `when` is no known label."""
    for block in subject.graph.blocks.values():
        for edge in block.edges:
            if edge.kind is WhenKind.EXPRESSION:
                yield block, edge


def _is_expression(edge: Edge) -> bool:
    """Whether a `when` is meant as an expression: it is no plain words."""
    return _PLAIN_WORDS.fullmatch(edge.value) is None


def _unknown_outcome(block: Block, edge: Edge, labels: tuple[str, ...]) -> tuple[str, str, str]:
    gate = block.nodes[edge.source]
    message = f"`{edge.source}` never comes out as `{edge.value}`"
    hint = did_you_mean(edge.value, labels, otherwise=f"its outcomes are {', '.join(labels)} and error")
    if edge.value == TIMED_OUT and isinstance(gate, HumanGate):
        hint = f"its `on_timeout: {gate.on_timeout}` takes the time-out: remove it, or this edge"
    return message, f"{edge.path}.when", hint


def impossible_errors(subject: Subject) -> Iterator[Diagnostic]:
    """An error edge from a node that cannot fail"""
    for block in subject.graph.blocks.values():
        for edge in block.edges:
            node = block.nodes[edge.source]
            if edge.kind is WhenKind.ERROR and isinstance(node, Parallel | Join):
                message = f"{shown_edge(edge)} is never active: a {node.type} node cannot fail"
                yield subject.error("impossible-error", message, edge.path, "remove it, or take the error of the node that can fail")


def continued_errors(subject: Subject) -> Iterator[Diagnostic]:
    """An error edge from a node whose failure counts as success."""
    for block in subject.graph.blocks.values():
        for edge in block.edges:
            if edge.kind is WhenKind.ERROR and block.nodes[edge.source].on_error == "continue":
                message = f"{shown_edge(edge)} is never active: with `on_error: continue` a failed `{edge.source}` counts as succeeded"
                yield subject.error("continued-error", message, edge.path, "remove `on_error: continue`, or this edge")


def unused_outcomes(subject: Subject) -> Iterator[Diagnostic]:
    """A condition, a case or an approving choice that no edge follows, while nothing reads the outcome. A lone `true` or `approve` is usual."""
    for block, name, node in subject.nodes():
        edges = block.outgoing[name]
        if name in subject.read_nodes or any(edge.kind in (WhenKind.SUCCEEDED, WhenKind.EXPRESSION) for edge in edges):
            continue
        used = {edge.value for edge in edges if edge.kind is WhenKind.LABEL}
        expected = _expected_outcomes(node)
        if isinstance(node, Condition) and not used:
            yield subject.warning(
                "unused-outcome", f"nothing depends on the condition `{name}`", node_path(block, name), "add edges from it, or remove it"
            )
        elif used:
            for label, field in expected:
                if label not in used:
                    message = f"no edge follows the outcome `{label}` of `{name}`"
                    yield subject.warning("unused-outcome", message, node_path(block, name, field), "add an edge for it, or remove it")


def _expected_outcomes(node: Node) -> list[tuple[str, str]]:
    """Outcomes that were named to be followed, with where they stand in the node."""
    match node:
        case Condition():
            return [(label, f"cases.{label}") for label in node.cases or ()]
        case HumanGate():
            approving = approving_choices(node)
            return [(choice.choice, f"choices.{index}") for index, choice in enumerate(choices_of(node)) if choice.choice in approving]
        case _:
            return []
