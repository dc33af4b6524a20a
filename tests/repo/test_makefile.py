"""The commands, as far as they can be judged without running them."""

import re
from pathlib import Path

from tests.factories.repository import ROOT, text

MAKEFILE = text(Path("Makefile"))


def prerequisites(target: str) -> str:
    found = re.search(rf"^{target}:(.*)$", MAKEFILE, re.MULTILINE)
    assert found
    return found.group(1)


def test_it_has_the_commands() -> None:
    for target in ("run", "test", "check", "golden", "bench"):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_it_makes_the_environment_that_a_command_needs() -> None:
    assert "environment-run" in prerequisites("run")
    assert all("environment-dev" in prerequisites(target) for target in ("test", "golden", "bench", "live", "lint", "types"))


def test_it_runs_the_tests_in_check_as_test_does() -> None:
    assert re.search(r"^check:.*\n(\t.*\n)*\t\$\(MAKE\) .*\btest\b", MAKEFILE, re.MULTILINE)


def test_it_needs_node_for_check_alone() -> None:
    recipes = dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE))
    assert [target for target, recipe in recipes.items() if "npm" in recipe or "node" in recipe] == ["machines"]


def test_it_is_written_for_an_old_make_and_any_shell() -> None:
    assert not re.search(r"\.ONESHELL|\.RECIPEPREFIX|\$\(file |^!=|\[\[|pipefail|<<<|\bsource\b", MAKEFILE, re.MULTILINE)


def test_it_lets_the_pipeline_call_check() -> None:
    assert "make check" in text(Path(".ci/run"))
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
