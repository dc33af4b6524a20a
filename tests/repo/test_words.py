"""The project speaks of the product alone, and of no machine."""

import re
from pathlib import Path

import pytest

from tests.factories.repository import text, tracked

FORBIDDEN = {
    "a registry": r"pypi\.org|pythonhosted|npmjs\.(org|com)|registry\.yarnpkg",
    "a place on one machine": r"(?<![\w.])/(work|root|home|Users)/\w+|/tmp/plan",
    "an issue's number": r"\bissues? #?\d+\b|\bGH-\d+\b",
    "who wrote it": r"\b(Co-authored-by|Generated (by|with)|as an AI|language model assistant)\b",
}
KINDS = {".py", ".md", ".yaml", ".yml", ".toml", ".json", ".txt", ".sh", ".html", ".js", ".css", ""}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_names_nothing_that_is_not_of_the_product(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)
    itself = Path(__file__).name
    found = {str(path): hit.group() for path in tracked() if path.suffix in KINDS and path.name != itself and (hit := pattern.search(text(path)))}
    assert found == {}
