"""`make golden`: every golden file written again from what the stages put out now. Read the diff before you commit it.

In: the cases below this folder. Out: their files, and a line for each kind.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.golden import test_compiler
from tests.golden.asl_rules import render as asl_rules
from tests.golden.checks import render as checks
from tests.golden.diff import render as diff
from tests.golden.spec import render as spec

Render = Callable[[Path], Mapping[str, str]]
KINDS: Final[Mapping[str, tuple[Callable[[], list[Path]], Render]]] = {
    "spec": (spec.cases, spec.render),
    "checks": (checks.cases, checks.render),
    "compiler": (test_compiler.folders, test_compiler.texts),
    "asl_rules": (asl_rules.cases, asl_rules.render),
    "diff": (diff.cases, diff.render),
}


def main() -> None:
    for name, (cases, render) in KINDS.items():
        changed = sum(_write(case, render(case)) for case in cases())
        print(f"{name}: {len(cases())} cases, {changed} changed")


def _write(case: Path, texts: Mapping[str, str]) -> bool:
    before = {path.name: path.read_text("utf-8") for path in case.iterdir() if path.name in texts}
    for name, text in texts.items():
        (case / name).write_text(text, "utf-8")
    return before != dict(texts)


if __name__ == "__main__":
    main()
