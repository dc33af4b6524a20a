"""The golden cases of loading: a folder per code with `workflow.yaml` and what `load` says of it.

A line `#repeat 3: text {n}` stands for the text three times, so that oversized workflows stay small here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.load import load

FOLDER = Path(__file__).parent
_REPEAT = b"#repeat "


def cases() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__")


def workflow_of(case: Path) -> bytes:
    return b"".join(_inflated((case / "workflow.yaml").read_bytes()))


def render(case: Path) -> Mapping[str, str]:
    """The files that the case should hold, beside its workflow."""
    return {"diagnostics.txt": "".join(line(diagnostic) for diagnostic in load(workflow_of(case)).diagnostics)}


def line(diagnostic: Diagnostic) -> str:
    at = diagnostic.location
    hint = f" ({diagnostic.hint})" if diagnostic.hint else ""
    return f"{at.line}:{at.column} {diagnostic.severity} {diagnostic.code} {at.path or '-'}: {diagnostic.message}{hint}\n"


def _inflated(text: bytes) -> Iterator[bytes]:
    for authored in text.splitlines(keepends=True):
        if not authored.startswith(_REPEAT):
            yield authored
            continue
        times, _, repeated = authored.removeprefix(_REPEAT).partition(b": ")
        for number in range(int(times)):
            yield repeated.replace(b"{n}", str(number).encode())
