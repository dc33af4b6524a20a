"""Everything has its room, and every room reads alike."""

import ast
import re
from pathlib import Path

import pytest

from tests.factories.repository import modules, text, tracked

TOP = {
    ".chalice", ".ci", ".gitattributes", ".gitignore", "LICENSE", "Makefile", "README.md", "app.py", "bench", "chalicelib", "cli", "console", "docs",
    "examples", "infra", "pyproject.toml", "requirements.txt", "tests",
}  # fmt: skip
ROOMS = {
    "spec", "compiler", "workflows", "triggers", "runs", "machines", "gates", "conversations", "workers", "agents", "tools", "providers", "channels",
    "access", "live", "store", "api", "events",
}  # fmt: skip
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}
SHIPPED = modules("chalicelib", "cli", "infra")
MODULE_LINES = 450  # most are far below 250; see what stands above 300 twice


def test_it_keeps_the_top_level() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP


def test_it_keeps_no_two_sides_of_a_merge() -> None:
    sides = re.compile(r"^(?:<{7,8}|>{7,8}) \S", re.MULTILINE)
    assert [str(path) for path in tracked() if path.suffix in {".py", ".md", ".yaml", ".json", ".toml"} and sides.search(text(path))] == []


def test_it_keeps_the_rooms() -> None:
    assert {path.parts[1] for path in tracked() if path.parts[0] == "chalicelib" and len(path.parts) > 2} <= ROOMS


def test_it_names_files_for_what_they_hold() -> None:
    assert [str(path) for path in modules("chalicelib", "cli", "infra", "bench", "tests") if set(path.with_suffix("").parts) & NAMELESS] == []


@pytest.mark.parametrize("path", [path for path in SHIPPED if text(path).strip()], ids=str)
def test_it_opens_a_module_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(text(path)))


def test_it_keeps_modules_readable() -> None:
    """The table's keys stand in one file and the errors in one tree, however many they are: that is what these files are for. The typed client is
    made, not written."""
    lengths = {str(path): text(path).count("\n") for path in [*SHIPPED, *modules("bench")]}
    written = {path for path, lines in lengths.items() if lines > MODULE_LINES}
    assert written <= {"chalicelib/store/keys.py", "chalicelib/errors.py", "cli/api_client.py"}


def test_it_keeps_the_app_a_table_of_contents() -> None:
    assert text(Path("app.py")).count("\n") < 80


def test_the_command_line_knows_the_api_by_its_document() -> None:
    """Paths stand in the typed client, which is made of the document, and in what goes to the API before any operation. No other module sends."""
    written = {str(path): text(path) for path in modules("cli")}
    assert {path for path, source in written.items() if "/api/v1" in source} == {"cli/api_client.py", "cli/client.py"}
    assert {path for path, source in written.items() if re.search(r"client\.(?:send|text)\(", source)} == {"cli/api_client.py"}


def test_it_leaves_nothing_out_of_the_suite() -> None:
    left_out = ("pytest." + "skip", "mark." + "skip", "mark." + "xfail", "unittest." + "skip", "mock." + "patch")
    assert {str(path): word for path in modules("tests", "bench") for word in left_out if word in text(path)} == {}
