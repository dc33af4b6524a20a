"""Each code of `spec.codes` has a case, and each case says what it said before."""

from pathlib import Path

import pytest

from chalicelib.spec.codes import CODES
from tests.golden.spec.render import cases, render


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_says_what_the_golden_file_says(case: Path) -> None:
    for name, text in render(case).items():
        assert text == (case / name).read_text("utf-8"), "run `make golden` and read the difference"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_finds_the_fault_that_the_case_is_named_for(case: Path) -> None:
    codes = [line.split()[2] for line in (case / "diagnostics.txt").read_text("utf-8").splitlines()]
    assert case.name in codes
    assert set(codes) <= set(CODES)


def test_it_has_a_case_for_every_code_and_a_code_for_every_case() -> None:
    assert {case.name for case in cases()} == set(CODES)
    assert {file.name for case in cases() for file in case.iterdir()} == {"workflow.yaml", "diagnostics.txt"}
