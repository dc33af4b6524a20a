"""The way of a workflow, first stage: text in, `WorkflowSpec` or diagnostics out.

In: YAML or JSON (JSON is YAML here), as text or bytes. Out: `Loaded`. Every fault is collected, none raised, whatever bytes come in; with an
error among the diagnostics there is no spec. What needs the graph (references, cycles, outcomes) is for `compiler.checks`.
"""

from dataclasses import dataclass

from chalicelib.spec.binding import faults
from chalicelib.spec.bindings import node_bindings
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.positions import Positions
from chalicelib.spec.shape import Shape, read_shape
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.spec.yaml_text import compose


@dataclass(frozen=True)
class Loaded:
    """`spec` is None when a diagnostic is an error. `positions` gives the place of every authored path."""

    spec: WorkflowSpec | None
    diagnostics: tuple[Diagnostic, ...]
    positions: Positions
    name: str = "workflow.yaml"


def load(text: str | bytes, *, name: str = "workflow.yaml") -> Loaded:
    composed = compose(text)
    shape = Shape()
    found = list(composed.diagnostics)
    if isinstance(composed.value, dict):
        shape = read_shape(composed.value, composed.positions)
        found += shape.diagnostics
        found += _binding_faults(shape, composed.positions)
    elif not found:
        found.append(
            Diagnostic("not-a-workflow", Severity.ERROR, "a workflow is an object with `sluice`, `name` and `nodes`", composed.positions.at(""))
        )
    diagnostics = tuple(sorted(found, key=lambda diagnostic: diagnostic.location))
    spec = None if any(diagnostic.is_error for diagnostic in diagnostics) else shape.spec
    return Loaded(spec, diagnostics, composed.positions, name)


def _binding_faults(shape: Shape, positions: Positions) -> list[Diagnostic]:
    return [
        Diagnostic("bad-expression", Severity.ERROR, fault.message, positions.inside(f"{part.path}.{path}", fault.position), fault.hint)
        for part in shape.nodes
        if part.node is not None
        for bound in node_bindings(part.node)
        for path, fault in faults(bound.binding, bound.path)
    ]
