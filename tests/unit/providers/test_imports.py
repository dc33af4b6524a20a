"""Heavy libraries are imported where they are used: importing a room costs nothing."""

import ast
from pathlib import Path

import pytest

HEAVY = frozenset(("anthropic", "boto3", "google", "httpcore2", "httpx2", "jsonschema", "openai"))
ROOMS = ("providers", "agents", "tools", "channels", "workers")
FILES = sorted(path for room in ROOMS for path in Path("chalicelib", room).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_imports_no_heavy_library_by_itself(path: Path) -> None:
    statements = ast.parse(path.read_text("utf-8")).body
    named = {alias.name for statement in statements if isinstance(statement, ast.Import) for alias in statement.names}
    named |= {statement.module or "" for statement in statements if isinstance(statement, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in named} & HEAVY
