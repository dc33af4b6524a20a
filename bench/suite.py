"""`make test`: how long the whole suite takes, and which tests take over a second without being scenarios."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final

from bench.clock import busy
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT

SLOW: Final = True
LIMIT_SECONDS: Final = 480.0
TEST_SECONDS: Final = 1.0
_DURATION: Final = re.compile(r"^(\d+\.\d+)s call\s+(\S.*)$")


def run() -> Table:
    started = monotonic()
    done = _pytest("-n", "auto", "--maxprocesses", "4", "--durations=0", "--durations-min=1.0")
    seconds = monotonic() - started
    scenarios = set(_pytest("-m", "scenario", "--collect-only", "--quiet").stdout.splitlines())
    slow = [(test, taken) for test, taken in _durations(done.stdout) if taken > TEST_SECONDS and test not in scenarios]
    outcome = done.stdout.strip().rpartition("\n")[2].strip("= ")
    figures = (
        at_most("the whole suite", seconds, LIMIT_SECONDS, digits=0, unit=" s"),
        Figure("outcome", outcome, "no failure", done.returncode == 0),
        Figure(f"tests over {TEST_SECONDS:g} s that are no scenarios", f"{len(slow)}", "0", not slow),
    )
    return Table("The test suite", figures, ("test", "seconds"), [(test, f"{taken:.2f}") for test, taken in slow], [f"{busy()}."])


def _pytest(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "pytest", *options], cwd=CHECKOUT, capture_output=True, text=True, check=False)


def _durations(output: str) -> Iterator[tuple[str, float]]:
    lines: Sequence[str] = output.splitlines()
    for found in filter(None, map(_DURATION.match, lines)):
        yield found[2], float(found[1])
