"""The starters that ship: one folder each in `workflows/starters`.

In: nothing. Out: starters by name. A folder holds `starter.json` (tags, parameters, samples by file), `workflow.yaml`, the workflows that it calls,
and the inputs of its samples. Read once per container; never written."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from chalicelib.workflows.bundle import Bundle
from chalicelib.workflows.starter import About, Starter, starter_of

FOLDER: Final = Path(__file__).parent / "starters"
ROOT: Final = "workflow.yaml"
ABOUT: Final = "starter.json"


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, Starter]:
    """All of them, by name."""
    return {folder.name: read_starter(folder) for folder in sorted(FOLDER.iterdir()) if (folder / ABOUT).is_file()}


def read_starter(folder: Path) -> Starter:
    """Raises DocumentInvalid, ValidationError."""
    about = json.loads((folder / ABOUT).read_text("utf-8"))
    samples = [{"title": each["title"], "input": json.loads((folder / each["file"]).read_text("utf-8"))} for each in about["samples"]]
    called = [path for path in sorted(folder.glob("*.yaml")) if path.name != ROOT]
    texts = {(path.stem if path.name != ROOT else folder.name): path.read_text("utf-8") for path in (*called, folder / ROOT)}
    return starter_of(folder.name, About.model_validate({**about, "samples": samples}), Bundle(folder.name, texts))
