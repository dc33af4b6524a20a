"""The golden cases of the rules on machines: a folder per code with `machine.json` and what the rules say of it.

`{"repeat": ["text", n]}` in a machine stands for the text n times, so that oversized machines stay small here.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from chalicelib.compiler.asl_rules import check_machine
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject

FOLDER = Path(__file__).parent


def cases() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__")


def machine_of(case: Path) -> JsonObject:
    machine = _inflated(json.loads((case / "machine.json").read_text("utf-8")))
    assert isinstance(machine, dict)
    return machine


def render(case: Path) -> Mapping[str, str]:
    """The files that the case should hold, beside its machine."""
    return {"diagnostics.txt": "".join(line(diagnostic) for diagnostic in check_machine(machine_of(case)))}


def line(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.severity} {diagnostic.code} at {diagnostic.location.path}: {diagnostic.message}. {diagnostic.hint}\n"


def _inflated(value: Json) -> Json:
    match value:
        case {"repeat": [str(text), int(times)]}:
            return text * times
        case dict():
            return {name: _inflated(member) for name, member in value.items()}
        case list():
            return [_inflated(member) for member in value]
        case _:
            return value
