"""The page on failover says what the code does."""

import re
from pathlib import Path

from chalicelib.providers.failures import MEANING

PAGE = Path("docs/flows/FAILOVER.md")
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (yes|no) \| (\w+) \| (?:(\d+) s )?\|$", re.MULTILINE)


def test_its_table_of_decisions_is_the_codes_table() -> None:
    told = [
        (kind, health, retry == "yes", fallback, float(seconds or 0))
        for kind, health, retry, fallback, seconds in _ROW.findall(PAGE.read_text("utf-8"))
    ]
    assert told == [(kind.value, each.health.value, each.retry, each.fallback.value, each.open_seconds) for kind, each in MEANING.items()]
