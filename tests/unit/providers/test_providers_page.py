"""docs/PROVIDERS.md says what the adapters do with what vendors tell."""

import re
from pathlib import Path

import pytest

from chalicelib.providers import gemini_answer, gemini_failures, openai_client
from chalicelib.providers.select import VENDORS
from tests.factories.repository import text

PAGE = text(Path("docs/PROVIDERS.md"))


def rows(section: str) -> dict[str, str]:
    """What is told, by each code and status of a section's table, and the failure that it is."""
    table = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (.+) \| `(Model\w+|Context\w+|Content\w+)`[^|]* \|$", table, re.MULTILINE)
    return {code: failure for told, failure in found for code in [*re.findall(r"`(\w+)`", told), *re.findall(r"(?<![\w])\d{3}(?![\w])", told)]}


def test_it_tells_openais_codes_and_statuses() -> None:
    known = {**openai_client._BY_CODE, **{str(status): kind for status, kind in openai_client._BY_STATUS.items()}}
    listed = rows("OpenAI")
    assert {code: kind.__name__ for code, kind in known.items()} == {code: listed.get(code) for code in known}


def test_it_tells_googles_reasons_and_statuses() -> None:
    reasons = {reason: kind for reason, (kind, _) in gemini_answer._FAILURES.items()}
    known = {**reasons, **gemini_failures._BY_REASON, **{str(status): kind for status, kind in gemini_failures._BY_STATUS.items()}}
    listed = rows("Gemini")
    by_words = {"403", "429"}  # stand in the row of words, too
    assert {code: kind.__name__ for code, kind in known.items() if code not in by_words} == {
        code: listed.get(code) for code in known if code not in by_words
    }


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_it_has_a_section_for_every_vendor(vendor: str) -> None:
    assert re.search(rf"^`{vendor}:<", PAGE, re.MULTILINE)
