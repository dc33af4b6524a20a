"""What a cold start imports: processor time of importing the API and the worker in a fresh interpreter, how many modules, and none of the heavy ones.

The SDKs of the model providers and AWS's are imported where they are used, not at the start; the emulator and the local stack never.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.clock import busy
from bench.table import Figure, Table
from bench.task_graphs import CHECKOUT

ENTRIES: Final = {"API": "app", "worker": "chalicelib.events.worker", "publisher": "chalicelib.events.publisher"}
HEAVY: Final = (
    *("anthropic", "openai", "google.genai", "boto3", "botocore.client", "httpx", "httpx2"),
    *("moto", "rich", "typer", "websockets", "infra", "tests"),
)
ROUNDS: Final = 5
_SCRIPT: Final = """
import json, sys, time
before, started = set(sys.modules), time.process_time()
__import__(sys.argv[1])
seconds = time.process_time() - started
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


@dataclass(frozen=True, slots=True)
class Import:
    seconds: float
    modules: Sequence[str]

    @property
    def heavy(self) -> list[str]:
        return [name for name in HEAVY if name in self.modules]


def run() -> Table:
    found = {name: min((_imported(module) for _ in range(ROUNDS)), key=lambda each: each.seconds) for name, module in ENTRIES.items()}
    figures = [Figure(f"{name}: heavy modules imported", ", ".join(each.heavy) or "none", "none", not each.heavy) for name, each in found.items()]
    columns = ("entry", "ms", "modules", "most of them in")
    rows = [(name, f"{each.seconds * 1000:.0f}", f"{len(each.modules)}", _packages(each.modules)) for name, each in found.items()]
    return Table("Cold imports", figures, columns, rows, [f"Processor time, the best of {ROUNDS}; {busy()}."])


def _imported(module: str) -> Import:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, module], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return Import(*json.loads(done.stdout))


def _packages(modules: Sequence[str]) -> str:
    """The packages with the most modules."""
    roots = [name.partition(".")[0] for name in modules]
    counts = sorted({root: roots.count(root) for root in roots}.items(), key=lambda each: -each[1])
    return ", ".join(f"{root} {count}" for root, count in counts[:5])
