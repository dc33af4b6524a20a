"""`make run` from nothing: a fresh clone, an empty home directory, no package fetched before. Needs the package index.

What it takes is what the network takes, and a second of ours.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from bench.clock import busy
from bench.first_run import watch
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT

SLOW: Final = True
LIMIT_SECONDS: Final = 240.0


def run() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "sluice", Path(folder) / "home"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "XDG_"))}
        environment = {**kept, "HOME": str(home), "PIP_NO_CACHE_DIR": "1"}
        shown = watch(["make", "run", "ARGS=--port 0"], cwd=clone, environment=environment)
    figures = (
        at_most("first finished run, from nothing", shown.milestones["run finished"], LIMIT_SECONDS, digits=1, unit=" s"),
        Figure("the same in processor time", f"{shown.processor:.1f} s"),
    )
    return Table("The first run, from nothing", figures, notes=[f"{busy()}."])
