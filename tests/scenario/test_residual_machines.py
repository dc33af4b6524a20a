"""Residual machines run in the local interpreter: what is kept is not entered again, and what it put out is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.residual import Kept, KeptStatus
from chalicelib.spec.load import load
from tests.factories.interpreter import Execution, Raises, execute

CASES: Final = Path(__file__).parents[1] / "golden" / "compiler"
SUCCEEDED, SKIPPED, CONTINUED = KeptStatus.SUCCEEDED, KeptStatus.SKIPPED, KeptStatus.CONTINUED
pytestmark = pytest.mark.scenario


def resumed(case: str, kept: Kept, outputs: Mapping[str, Any], context: Any, script: Mapping[str, Any] | None = None) -> Execution:
    spec = load((CASES / case / "workflow.yaml").read_text()).spec
    assert spec is not None
    compiled = compile_workflow(spec, kept=kept)
    assert isinstance(compiled, Compilation), compiled
    return execute(compiled.state_machine, context, script, kept=outputs, resume=1)


def test_it_enters_only_what_is_left() -> None:
    ended = resumed("diamond", Kept({"a": SUCCEEDED, "b": SUCCEEDED}), {"a": {"text": "A"}, "b": {"text": "B"}}, {})
    assert (ended.status, ended.path) == ("SUCCEEDED", ("c", "d"))
    assert ended.payload("d")["values"] == {"$b.text": "B", "$c.text": "c"}
    assert ended.payload("c")["fence"]["resume"] == 1


@pytest.mark.parametrize(("label", "path"), [("true", ("slow--when", "slow", "finish")), ("false", ("slow--when", "quick", "finish"))])
def test_it_asks_the_kept_condition_for_its_outcome(label: str, path: tuple[str, ...]) -> None:
    ended = resumed("condition", Kept({"big": SUCCEEDED}), {"big": label}, {"amount": 1})
    assert (ended.status, ended.path) == ("SUCCEEDED", path)


def test_it_asks_a_kept_gate_for_its_choice() -> None:
    outputs = {"draft": {"text": "D"}, "ok": {"choice": "approve", "reason": None}}
    ended = resumed("gate", Kept({"draft": SUCCEEDED, "ok": SUCCEEDED}), outputs, {}, {"send": {"status": 200}})
    assert (ended.output["output"], ended.path[-1]) == ({"sent": 200, "choice": "approve"}, "send")


def test_it_skips_what_the_kept_ones_rule_out() -> None:
    ended = resumed("catch-goto", Kept({"risky": CONTINUED}), {"risky": {"error": {"name": "E", "message": "m"}}}, {})
    assert (ended.path, ended.output["output"]) == (("repair", "last"), {"use": None, "repair": "repair"})


def test_it_takes_a_kept_success_for_no_error() -> None:
    ended = resumed("catch-goto", Kept({"risky": SUCCEEDED, "repair": SKIPPED}), {"risky": {"body": "b"}}, {})
    assert (ended.path, ended.output["output"]) == (("use", "last"), {"use": "use", "repair": None})


def test_it_fetches_outputs_that_do_not_fit_its_input() -> None:
    kept = Kept({"a": SUCCEEDED, "b": SUCCEEDED}, loads=(("a",), ("b",)))
    ended = resumed("diamond", kept, {}, {}, {"resume--load": [{"a": {"text": "A"}}, {"b": {"text": "B"}}]})
    assert ended.path == ("resume--load-2", "resume--load", "c", "d")


def test_it_reads_kept_outputs_inside_a_distributed_map() -> None:
    ended = resumed("map-distributed", Kept({"style": SUCCEEDED}), {"style": {"text": "S"}}, {"ids": [1, 2], "tone": "t"})
    assert (ended.status, ended.output["output"]) == ("SUCCEEDED", ["work", None])
    assert ended.payload("work")["values"]["$style.text"] == "S"


def test_it_fails_like_the_whole_machine() -> None:
    ended = resumed("diamond", Kept({"a": SUCCEEDED}), {"a": {"text": "A"}}, {}, {"b": Raises("Broken")})
    assert (ended.status, ended.error) == ("FAILED", "Broken")
