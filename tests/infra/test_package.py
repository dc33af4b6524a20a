"""The package with its wheels: whole, and no more than is needed."""

import re
from pathlib import Path

import pytest

from tests.factories.package import FAILED, Package
from tests.factories.repository import text

pytestmark = pytest.mark.package

MIB = 1024 * 1024
WORKSHOP = {"moto", "pytest", "tests", "infra", "cli", "bench", "examples", "typer", "rich", "werkzeug", "cfnlint", "ministack", "pip"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_misses_no_wheel(package: Package) -> None:
    required = {normal(line.split("==")[0]) for line in text(Path("requirements.txt")).splitlines() if "==" in line}
    installed = {normal(found.group(1)) for name in package.contents() if (found := re.search(r"([^/]+?)-[^-/]+\.dist-info/METADATA$", name))}
    assert FAILED not in package.said
    assert required - installed == set()


def test_it_holds_nothing_of_the_workshop(package: Package) -> None:
    parts = {part for name in package.contents() for part in Path(name).parts[:5]}
    assert parts & WORKSHOP == set()


def test_it_holds_libraries_for_lambda_alone(package: Package) -> None:
    libraries = [name for name in package.contents() if name.endswith(".so")]
    assert libraries
    assert [name for name in libraries if "x86_64-linux-gnu" not in name and "abi3" not in name and "cpython" in name] == []


def test_it_fits_lambda(package: Package) -> None:
    assert sum(path.stat().st_size for path in package.folder.glob("*.zip")) < 50 * MIB
    assert sum(package.contents().values()) < 250 * MIB
