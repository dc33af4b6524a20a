"""Bindings and expressions that cannot be read, with the column of the fault. In: `Authored`. Out: diagnostics."""

from collections.abc import Iterator
from typing import Final

from chalicelib.spec.binding import Broken, expressions, faults, parse_binding
from chalicelib.spec.bindings import node_bindings, when_binding
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.nodes import Condition, HumanGate
from chalicelib.spec.rules.authored import Authored

_ERROR = "error"


MAX_EXPRESSIONS: Final = 50_000


def broken_bindings(authored: Authored) -> Iterator[Diagnostic]:
    count = 0
    for part in authored.nodes:
        for bound in node_bindings(part.node) if part.node is not None else ():
            count += sum(1 for _ in expressions(bound.binding))
            if count > MAX_EXPRESSIONS:
                message = f"the workflow has more than {MAX_EXPRESSIONS:,} expressions"
                yield authored.error("too-many-expressions", message, f"{part.path}.{bound.path}", "split it into sub-workflows")
                return
            for path, fault in faults(bound.binding, bound.path):
                yield authored.fault("bad-expression", fault, f"{part.path}.{path}")


def broken_output(authored: Authored) -> Iterator[Diagnostic]:
    for path, fault in faults(parse_binding(authored.value("output")), "output"):
        yield authored.fault("bad-expression", fault, path)


def broken_whens(authored: Authored) -> Iterator[Diagnostic]:
    """A `when` is an expression where its source is neither a condition nor a gate; what their labels are is the compiler's question."""
    kinds = {part.path: type(part.node) for part in authored.nodes}
    for part in authored.edges:
        when = part.edge.when
        source = f"{part.path.rpartition('edges.')[0]}nodes.{part.edge.source}"
        if not isinstance(when, str) or when == _ERROR or source not in kinds or kinds[source] in {Condition, HumanGate, type(None)}:
            continue
        binding = when_binding(when)
        if isinstance(binding, Broken):
            hint = f"`{part.edge.source}` is no condition and no gate: its `when` is `error` or an expression" if when.isidentifier() else ""
            yield authored.fault("bad-expression", binding.faults[0], f"{part.path}.when", hint=hint)
