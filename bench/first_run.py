"""`make run` with the packages cached: from the command to the first finished run, its result printed.

The command that `make run` executes, in a process of its own, without a terminal, with an empty data directory.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from bench.clock import busy
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT

LIMIT_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 300.0
MILESTONES: Final = {"examples published": r"^Published \d+ workflows", "run finished": r"^Through the state machine", "all told": r"Ctrl-C stops"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Seconds from the command to each milestone, and the processor time that its processes took."""

    milestones: Mapping[str, float]
    processor: float


def run() -> Table:
    with tempfile.TemporaryDirectory() as data:
        shown = watch([sys.executable, "-m", "cli.main", "up", "--demo", "--port", "0", "--data", data], cwd=CHECKOUT)
    figures = (
        at_most("first finished run, packages cached", shown.milestones["run finished"], LIMIT_SECONDS, digits=1, unit=" s"),
        Figure("the same in processor time", f"{shown.processor:.1f} s"),
        *(Figure(name, f"{seconds:.1f} s") for name, seconds in shown.milestones.items() if name != "run finished"),
    )
    return Table("The first run", figures, notes=[f"{busy()}."])


def watch(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Shown:
    """Run the command until it has told all, then interrupt it. Raises RuntimeError where it ends before."""
    started, before = monotonic(), _processor()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        milestones = _milestones(process, started)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
    return Shown(milestones, _processor() - before)


def _milestones(process: "subprocess.Popen[str]", started: float) -> dict[str, float]:
    assert process.stdout is not None
    passed: dict[str, float] = {}
    told: list[str] = []
    for line in process.stdout:
        told.append(line)
        passed |= {name: monotonic() - started for name, pattern in MILESTONES.items() if name not in passed and re.search(pattern, line)}
        if len(passed) == len(MILESTONES):
            return passed
        if monotonic() - started > PATIENCE_SECONDS:
            break
    raise RuntimeError(f"the first run was not shown; the last lines were:\n{''.join(told[-20:])}")


def _processor() -> float:
    """Processor time of this process's children that have ended."""
    times = os.times()
    return times.children_user + times.children_system
