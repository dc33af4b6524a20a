"""Golden files: what a stage put out, kept beside its input and compared byte for byte.

In: a folder and the texts that belong there. Out: `compare`, which fails with the file's name, and `write`, which `make golden` calls.
A golden file that no stage writes any more is an orphan and fails too.
"""

from collections.abc import Mapping
from pathlib import Path


def compare(folder: Path, texts: Mapping[str, str], *, inputs: frozenset[str]) -> None:
    """The folder holds exactly these texts and the inputs."""
    for name, text in texts.items():
        path = folder / name
        assert path.exists(), f"{path} is missing: run `make golden` and read the diff"
        assert path.read_text() == text, f"{path} differs: run `make golden` and read the diff"
    orphans = {path.name for path in folder.iterdir()} - texts.keys() - inputs
    assert not orphans, f"{folder} holds {sorted(orphans)}, which nothing writes"


def write(folder: Path, texts: Mapping[str, str], *, inputs: frozenset[str]) -> None:
    for path in folder.iterdir():
        if path.name not in inputs and path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
