"""Task graphs with known durations: real ones from a folder, and the committed ones of the same kind.

In: JSON files, each a list of [positions of the parents, seconds]; a task is its position. Out: `TaskGraph`, and the workflow that it stands for.
The folder of real graphs is ../shared/corpus beside the checkout, or what SLUICE_BENCH_CORPUS names.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec

CHECKOUT: Final = Path(__file__).parent.parent
COMMITTED: Final = CHECKOUT / "bench" / "graphs"


@dataclass(frozen=True)
class TaskGraph:
    name: str
    parents: tuple[tuple[int, ...], ...]
    seconds: tuple[float, ...]

    def spec(self) -> WorkflowSpec:
        return WorkflowSpec.model_validate(self.document())

    def document(self) -> JsonObject:
        """The workflow as it would be authored."""
        nodes: JsonObject = {f"t{task}": self._node(task) for task in range(len(self.parents))}
        return {"sluice": 1, "name": "task-graph", "nodes": nodes}

    def _node(self, task: int) -> JsonObject:
        after: list[Json] = [f"t{parent}" for parent in self.parents[task]]
        return {"type": "tool_call", "tool": "time.now", "expected_seconds": self.seconds[task], "after": after}


def corpus_folder() -> Path:
    return Path(os.environ.get("SLUICE_BENCH_CORPUS", CHECKOUT.parent / "shared" / "corpus"))


def read_folder(folder: Path) -> list[TaskGraph]:
    """All graphs of a folder by name; none if there is no such folder."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> TaskGraph:
    tasks = json.loads(path.read_text())
    return TaskGraph(path.stem, tuple(tuple(dict.fromkeys(parents)) for parents, _ in tasks), tuple(float(seconds) for _, seconds in tasks))
