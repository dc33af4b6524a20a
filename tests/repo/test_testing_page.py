"""docs/TESTING.md names what there is."""

import re
from pathlib import Path

from tests.factories.repository import modules, text


def test_it_lists_every_factory_and_no_other() -> None:
    section = text(Path("docs/TESTING.md")).partition("## Factories")[2].partition("## Adding one")[0]
    listed = {name for row in re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    there = {path.stem for path in modules("tests") if path.parts[1] == "factories"} - {"__init__"}
    assert there == listed
