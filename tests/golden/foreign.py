"""Golden machines as asl-validator can read them: `python -m tests.golden.foreign FOLDER` writes them and names their paths.

In: every `state_machine.asl.json` below this folder. Out: copies that differ where the validator (4.0.0) is stricter than AWS: its pattern for texts
(`^.+$`) knows neither an empty one nor a line break. Never: another change.
"""

import json
import sys
from pathlib import Path

from chalicelib.spec.model import Json

GOLDEN = Path(__file__).parent
NAME = "state_machine.asl.json"


def readable(value: Json) -> Json:
    """The value with its empty texts and line breaks replaced."""
    match value:
        case str():
            return " ".join(value.splitlines()) or "(empty)"
        case list():
            return [readable(item) for item in value]
        case dict():
            return {key: readable(member) for key, member in value.items()}
        case _:
            return value


def write(folder: Path) -> list[Path]:
    """Write the copies into a folder; answers their paths."""
    copies = []
    for source in sorted(GOLDEN.rglob(NAME)):
        copy = folder / f"{'--'.join(source.relative_to(GOLDEN).parts[:-1])}.asl.json"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(readable(json.loads(source.read_text("utf-8")))), "utf-8")
        copies.append(copy)
    return copies


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write(Path(sys.argv[1])))
