"""The way of a workflow, first stage: text in, `WorkflowSpec` or diagnostics out.

In: YAML or JSON (JSON is YAML here), as text or bytes. Out: `Loaded`. Every fault is collected, none raised, whatever bytes come in; with an
error among the diagnostics there is no spec. What needs the graph (references, cycles, outcomes) is for `compiler.checks`.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.model import JsonObject
from chalicelib.spec.positions import Positions
from chalicelib.spec.rules import Authored, check
from chalicelib.spec.shape import read_shape
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.spec.yaml_text import Composed, compose

MAX_DIAGNOSTICS: Final = 200


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
        spec, found = None, composed.diagnostics
        if not any(diagnostic.is_error for diagnostic in found):
            found = (*found, _no_workflow(composed))
    is_broken = any(diagnostic.is_error for diagnostic in found)
    return Loaded(None if is_broken else spec, _ordered(found), composed.positions, name)


def _read(value: JsonObject, composed: Composed) -> tuple[WorkflowSpec | None, tuple[Diagnostic, ...]]:
    shape = read_shape(value, composed.positions)
    told = frozenset(diagnostic.location.path for diagnostic in shape.diagnostics)
    authored = Authored(value, tuple(shape.nodes), tuple(shape.edges), composed.positions, told)
    return shape.spec, (*composed.diagnostics, *shape.diagnostics, *check(authored))


def _ordered(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """By place, each once; of very many the errors first, and a word on the rest."""
    distinct = sorted(dict.fromkeys(found), key=lambda diagnostic: (diagnostic.location, diagnostic.code))
    if len(distinct) <= MAX_DIAGNOSTICS:
        return tuple(distinct)
    kept = set(sorted(distinct, key=lambda diagnostic: not diagnostic.is_error)[:MAX_DIAGNOSTICS])
    rest = [diagnostic for diagnostic in distinct if diagnostic not in kept]
    severity = Severity.ERROR if any(diagnostic.is_error for diagnostic in rest) else Severity.WARNING
    last = Diagnostic("more-diagnostics", severity, f"{len(rest):,} more findings are not shown", rest[0].location, "mend these first")
    return (*(diagnostic for diagnostic in distinct if diagnostic in kept), last)


def _no_workflow(composed: Composed) -> Diagnostic:
    message = "a workflow is an object with `sluice`, `name` and `nodes`"
    return Diagnostic("no-workflow", Severity.ERROR, message, composed.positions.at(""))
