"""The repository's own files, as its tests look at them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Every file that git has or would take, relative to the root; all files where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else [str(path.relative_to(ROOT)) for path in _own_files(ROOT)]
    return [Path(name) for name in sorted(names) if name and (ROOT / name).is_file()]


def modules(*folders: str) -> list[Path]:
    """The Python files under version control in these folders."""
    return [path for path in tracked() if path.suffix == ".py" and path.parts[0] in folders]


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def _own_files(folder: Path) -> Iterator[Path]:
    made = {".git", ".venv", ".cache", ".sluice", "build", "node_modules", "__pycache__"}
    return (path for path in folder.rglob("*") if path.is_file() and not made & set(path.relative_to(folder).parts))
