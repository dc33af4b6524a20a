"""Which benchmarks there are, and how they are chosen."""

from pathlib import Path

import pytest

from bench.__main__ import benchmarks, is_slow, main

DOCUMENT = Path(__file__).parents[3] / "docs" / "BENCHMARKS.md"


def test_it_knows_every_module_that_measures() -> None:
    assert {"schedule", "compile_time", "states_entered", "forecast", "api_handlers", "live", "chain", "first_run", "cold_imports"} <= set(
        benchmarks()
    )


def test_it_leaves_out_what_is_slow() -> None:
    assert {name for name, module in benchmarks().items() if is_slow(module)} == {"from_nothing", "ledger", "queue", "resume", "suite"}


def test_it_refuses_a_name_that_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "no benchmark is called nothing" in capsys.readouterr().err


@pytest.mark.parametrize("name", benchmarks())
def test_it_is_documented_how_each_is_measured(name: str) -> None:
    assert f"`{name}`" in DOCUMENT.read_text()
