"""The golden cases of the graph and its checks: a folder per code with `workflow.yaml`, and what `build` and `check` say of it.

A `child.yaml` beside it is the spec of the workflow that a node names, `outside.json` what is known of the outside. Lines `#repeat` are those of the
cases of loading.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from chalicelib.compiler.checks import check
from chalicelib.compiler.compile import compile_workflow
from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.compiler.model_rates import Asked, ModelFacts, Rates
from chalicelib.compiler.outside import Outside
from chalicelib.spec.agent_landing import landed
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load
from tests.golden.spec.render import line, workflow_of

FOLDER = Path(__file__).parent


def cases() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__")


def found_in(case: Path) -> tuple[Diagnostic, ...]:
    loaded = load(workflow_of(case))
    assert loaded.spec is not None, [line(diagnostic) for diagnostic in loaded.diagnostics]
    graph = build(landed(loaded.spec, {}), positions=loaded.positions)
    if not isinstance(graph, WorkflowGraph):
        return graph
    child = load((case / "child.yaml").read_text("utf-8")).spec if (case / "child.yaml").exists() else None
    known = json.loads((case / "outside.json").read_text("utf-8")) if (case / "outside.json").exists() else {}
    outside = Outside(**{name: frozenset(names) for name, names in known.items()})
    return (
        check(graph, loaded.positions, children={child.name: child} if child else {}, outside=outside)
        or compile_workflow(loaded.spec, loaded.positions, facts=_facts(graph)).diagnostics
    )


def _facts(graph: WorkflowGraph) -> ModelFacts:
    """Everybody asks a model of one price."""
    priced = Asked("default", {"vendor:model": Rates((10_000_000, 10_000_000), (10_000_000, 10_000_000))})
    return ModelFacts({name: priced for block in graph.blocks.values() for name in block.nodes})


def render(case: Path) -> Mapping[str, str]:
    """The files that the case should hold, beside its workflow."""
    return {"diagnostics.txt": "".join(line(diagnostic) for diagnostic in found_in(case))}


def update() -> None:
    """Writes what the checks say now; the difference is for a person to read."""
    for case in cases():
        for name, text in render(case).items():
            (case / name).write_text(text, "utf-8")
