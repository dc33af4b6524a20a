"""The way of a workflow, first stage: text in, `WorkflowSpec` or diagnostics out.

In: YAML or JSON (JSON is YAML here), as text or bytes. Out: `Loaded`. Every fault is collected, none raised, whatever bytes come in; with an
error among the diagnostics there is no spec. What needs the graph (references, cycles, outcomes) is for `compiler.checks`.
"""

from dataclasses import dataclass

from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.model import JsonObject
from chalicelib.spec.positions import Positions
from chalicelib.spec.rules import Authored, check
from chalicelib.spec.shape import read_shape
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.spec.yaml_text import Composed, compose


@dataclass(frozen=True)
class Loaded:
    """`spec` is None when a diagnostic is an error. `positions` gives the place of every authored path."""

    spec: WorkflowSpec | None
    diagnostics: tuple[Diagnostic, ...]
    positions: Positions
    name: str = "workflow.yaml"


def load(text: str | bytes, *, name: str = "workflow.yaml") -> Loaded:
    composed = compose(text)
    if isinstance(composed.value, dict):
        spec, found = _read(composed.value, composed)
    else:
        spec, found = None, composed.diagnostics or (_no_workflow(composed),)
    diagnostics = tuple(sorted(dict.fromkeys(found), key=lambda diagnostic: (diagnostic.location, diagnostic.code)))
    return Loaded(None if any(diagnostic.is_error for diagnostic in diagnostics) else spec, diagnostics, composed.positions, name)


def _read(value: JsonObject, composed: Composed) -> tuple[WorkflowSpec | None, tuple[Diagnostic, ...]]:
    shape = read_shape(value, composed.positions)
    told = frozenset(diagnostic.location.path for diagnostic in shape.diagnostics)
    authored = Authored(value, tuple(shape.nodes), tuple(shape.edges), composed.positions, told)
    return shape.spec, (*composed.diagnostics, *shape.diagnostics, *check(authored))


def _no_workflow(composed: Composed) -> Diagnostic:
    message = "a workflow is an object with `sluice`, `name` and `nodes`"
    return Diagnostic("no-workflow", Severity.ERROR, message, composed.positions.at(""))
