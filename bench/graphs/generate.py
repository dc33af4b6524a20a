"""`python -m bench.graphs.generate`: write the committed task graphs anew. The same files come out each time.

Their shapes are those of published scientific workflows, small: split and join, parallel chains, merged chains of uneven length, overlapping
neighbours (which have no nested form), fans into shared and private sinks.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

Task = tuple[list[int], float]


class Drawing:
    """A growing list of tasks."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tasks: list[Task] = []

    def add(self, *parents: int, about: float = 10) -> int:
        """A task that takes `about` so many seconds; its position."""
        self.tasks.append((sorted(set(parents)), round(about * self.random.lognormvariate(0, 0.3), 3)))
        return len(self.tasks) - 1


def split_and_join(drawing: Drawing, width: int) -> None:
    source = drawing.add(about=5)
    parts = [drawing.add(source, about=60) for _ in range(width)]
    drawing.add(*parts, about=3)
    drawing.add(*parts, about=4)


def parallel_chains(drawing: Drawing, width: int) -> None:
    source = drawing.add()
    ends = []
    for _ in range(width):
        last = source
        for about in (8, 20, 40, 5):
            last = drawing.add(last, about=about)
        ends.append(last)
    merged = drawing.add(*ends, about=30)
    drawing.add(drawing.add(merged, about=10), about=2)


def shards_with_analyses(drawing: Drawing, width: int) -> None:
    """Chunks merge into one; a second source joins; pairs of analyses hang on the merge and on a private input each."""
    merged = drawing.add(*(drawing.add(about=50) for _ in range(width)), about=30)
    sifted = drawing.add(about=15)
    for _ in range(width // 2):
        private = drawing.add(about=1)
        drawing.add(merged, sifted, private, about=25)
        drawing.add(merged, sifted, private, about=35)


def overlapping_neighbours(drawing: Drawing, width: int) -> None:
    """Every neighbouring pair is compared, then every image corrected with the comparisons' summary and with itself: no nested form."""
    images = [drawing.add(about=12) for _ in range(width)]
    pairs = [drawing.add(left, right, about=6) for left, right in pairwise(images)]
    summary = drawing.add(drawing.add(*pairs, about=10), about=20)
    corrected = [drawing.add(summary, image, about=8) for image in images]
    added = drawing.add(drawing.add(*corrected, about=4), about=40)
    drawing.add(added, about=2)


def crossing_seasons(drawing: Drawing, width: int) -> None:
    """Baselines feed their own chain and every scenario of the same plot; two summaries read different parts."""
    outputs, plots = [], []
    for _ in range(width):
        baseline = drawing.add(about=10)
        scenarios = [drawing.add(baseline, about=18) for _ in range(3)]
        fertile = [drawing.add(baseline, scenario, about=6) for scenario in scenarios]
        outputs.append(drawing.add(*scenarios, about=3))
        plots.append(drawing.add(*fertile, about=4))
    drawing.add(*outputs, about=5)
    drawing.add(*plots, about=7)


def shared_and_private_sinks(drawing: Drawing, width: int) -> None:
    """Downloads of uneven length, each with a first look of its own; a merge waits for all, a report for the even ones."""
    reference = drawing.add(about=20)
    searches = []
    for position in range(width):
        download = drawing.add(about=10 + 7 * (position % 5))
        drawing.add(download, about=3)
        searches.append(drawing.add(reference, download, about=30))
    drawing.add(*searches, about=6)
    drawing.add(*searches[::2], about=9)


FAMILIES: Final[dict[str, Callable[[Drawing, int], None]]] = {
    "split-and-join": split_and_join,
    "parallel-chains": parallel_chains,
    "shards-with-analyses": shards_with_analyses,
    "overlapping-neighbours": overlapping_neighbours,
    "crossing-seasons": crossing_seasons,
    "shared-and-private-sinks": shared_and_private_sinks,
}
WIDTHS: Final = (5, 16)


def main() -> None:
    for number, (name, family) in enumerate(FAMILIES.items()):
        for width in WIDTHS:
            drawing = Drawing(seed=1_000 * number + width)
            family(drawing, width)
            path = Path(__file__).parent / f"{name}-{width}.json"
            path.write_text(json.dumps(drawing.tasks, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
