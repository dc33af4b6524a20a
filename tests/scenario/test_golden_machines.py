"""Golden machines run in the local interpreter: each way through ends as recorded and enters each state exactly as recorded."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.spec.load import load
from tests.factories.interpreter import Raises, execute

CASES: Final = Path(__file__).parents[1] / "golden" / "compiler"


def runs() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*/runs.yaml")):
        for number, run in enumerate(yaml.safe_load(path.read_text())):
            found.append(pytest.param(path.parent, run, id=f"{path.parent.name}-{number}"))
    return found


def scripted(answer: Any) -> Any:
    match answer:
        case {"raises": str(name)}:
            return Raises(name)
        case [*answers]:
            return [scripted(each) for each in answers]
        case _:
            return answer


@pytest.mark.scenario
@pytest.mark.parametrize(("folder", "run"), runs())
def test_it_goes_the_recorded_way(folder: Path, run: dict[str, Any]) -> None:
    loaded = load((folder / "workflow.yaml").read_text())
    assert loaded.spec is not None
    compiled = compile_workflow(loaded.spec, loaded.positions)
    assert isinstance(compiled, Compilation)
    machine = compiled.state_machine
    for state, seconds in run.get("time_limits", {}).items():
        machine["States"][state]["TimeoutSeconds"] = seconds  # type: ignore[index,call-overload]
    script = {name: scripted(answer) for name, answer in run["script"].items()}
    execution = execute(machine, run["input"], script)
    assert (execution.status, sorted(execution.path)) == (run["status"], run["entered"])
    if "output" in run:
        assert execution.output["output"] == run["output"]
