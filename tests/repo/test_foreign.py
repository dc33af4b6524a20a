"""What is changed before a validator that is not ours sees a machine."""

from pathlib import Path

from chalicelib.spec.model import Json
from tests.golden.foreign import GOLDEN, readable, write


def test_it_changes_empty_texts_and_line_breaks_alone() -> None:
    machine: Json = {"a": "", "b": ["{% $x\n + 1 %}", 1, None, True], "c": {"d": "text"}}
    assert readable(machine) == {"a": "(empty)", "b": ["{% $x  + 1 %}", 1, None, True], "c": {"d": "text"}}


def test_it_shows_every_golden_machine(tmp_path: Path) -> None:
    assert len(write(tmp_path / "machines")) == len(list(GOLDEN.rglob("state_machine.asl.json"))) == len(list((tmp_path / "machines").iterdir()))
