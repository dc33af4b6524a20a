"""Each code of `compiler.codes` has a case, and each case says what it said before."""

from pathlib import Path

import pytest

from chalicelib.compiler.codes import CODES
from tests.golden.checks.render import cases, found_in, render


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_says_what_the_golden_file_says(case: Path) -> None:
    for name, text in render(case).items():
        assert text == (case / name).read_text("utf-8"), "run `make golden` and read the difference"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_finds_nothing_but_the_fault_that_the_case_is_named_for(case: Path) -> None:
    assert {diagnostic.code for diagnostic in found_in(case)} == {case.name}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_it_says_where_the_fault_is_and_what_to_do(case: Path) -> None:
    assert all(diagnostic.location.line and diagnostic.hint for diagnostic in found_in(case))


def test_it_has_a_case_for_every_code_and_a_code_for_every_case() -> None:
    assert {case.name for case in cases()} == set(CODES)
    assert {file.name for case in cases() for file in case.iterdir()} == {"workflow.yaml", "child.yaml", "outside.json", "diagnostics.txt"}
