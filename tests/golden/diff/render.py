"""The golden cases of differences: a folder with `before.yaml` and `after.yaml`, and what is said of both, as text and as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from chalicelib.spec.model import JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.diff import Difference, diff
from chalicelib.workflows.diff_text import diff_text

FOLDER = Path(__file__).parent
INPUTS = frozenset({"before.yaml", "after.yaml"})


def cases() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__")


def read(path: Path) -> tuple[WorkflowSpec, JsonObject]:
    """The spec with its forecast."""
    loaded = load(path.read_text("utf-8"))
    assert loaded.spec is not None, [str(each) for each in loaded.diagnostics]
    compiled = compile_workflow(loaded.spec, loaded.positions)
    assert isinstance(compiled, Compilation), [str(each) for each in compiled.diagnostics]
    return loaded.spec, json.loads(json.dumps(compiled.forecast.as_json()))


def difference_of(case: Path) -> Difference:
    (before, old), (after, new) = read(case / "before.yaml"), read(case / "after.yaml")
    return diff(before, after, forecasts=(old, new))


def render(case: Path) -> Mapping[str, str]:
    """The files that the case should hold, beside its two workflows."""
    found = difference_of(case)
    return {"diff.txt": diff_text(found), "diff.json": json.dumps(found.as_json(), ensure_ascii=False, indent=1) + "\n"}
