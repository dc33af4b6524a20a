"""Golden cases of the compiler: the workflow as authored, its plan, its state machine, its diagnostics."""

from pathlib import Path
from typing import Final

import pytest

from chalicelib.compiler import asl
from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from tests.golden.files import compare, write

CASES: Final = Path(__file__).parent / "compiler"
INPUTS: Final = frozenset({"workflow.yaml", "child.yaml", "runs.yaml"})


def folders() -> list[Path]:
    return sorted(path for path in CASES.iterdir() if path.is_dir())


def texts(folder: Path) -> dict[str, str]:
    loaded = load((folder / "workflow.yaml").read_text())
    assert loaded.spec is not None, [str(each) for each in loaded.diagnostics]
    child = load((folder / "child.yaml").read_text()).spec if (folder / "child.yaml").exists() else None
    compiled = compile_workflow(loaded.spec, loaded.positions, children={child.name: child} if child else {})
    found = (*loaded.diagnostics, *compiled.diagnostics)
    lines = "".join(f"{each.location.line}:{each.location.column} {each.severity.value} {each.code} {each.message}\n" for each in found)
    if not isinstance(compiled, Compilation):
        return {"diagnostics.txt": lines}
    return {"diagnostics.txt": lines, "plan.txt": compiled.plan_text, "state_machine.asl.json": asl.pretty(compiled.state_machine)}


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_it_compiles_to_the_golden_machine(folder: Path) -> None:
    compare(folder, texts(folder), inputs=INPUTS)


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_it_finds_no_error_in_a_golden_workflow(folder: Path) -> None:
    assert (folder / "plan.txt").exists()


def update() -> None:
    for folder in folders():
        write(folder, texts(folder), inputs=INPUTS)
