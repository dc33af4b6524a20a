"""Resume after a failure at every point of the starters, on the version that the run broke on and on a newer one: the same end as an unbroken run,
nothing that had settled done again, no effect doubled.

In: the starters with their first inputs. Out: a row for each and for each version that its runs go on with: at how many of its points a run broke,
and how its resumes ended. A point is one invocation of a worker, which dies before its work or after it, each time it is tried. Where something takes
care of the death (a retry that finds the work done, an error edge), the run does not break. Effects count by their keys: twice under one key is once
for whoever keeps to it; messages count by node. A newer version is published once the run has broken: in `retold` no node does anything else, though
each is called otherwise and one is added; in `changed` one node is another, so that it and what depends on it run again, and nothing else."""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from bench.table import Figure, Table
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories.broken_runs import Point, Theatre, Told, example_texts, theatre
from tests.factories.examples import ANSWERS, EXAMPLES
from tests.factories.newer_versions import changed, dependents, node_to_change, retold

SLOW: Final = True
FIELDS: Final = ("points", "broke", "other", "again", "reran", "kept", "doubled")


@dataclass(frozen=True)
class Newer:
    """What a run goes on with: `text` of a version that is published then, empty for its own; `runs`: the nodes that run again for it, `node` the
    one that is another."""

    text: str = ""
    runs: frozenset[str] = frozenset()
    node: str = ""


@dataclass
class Tally:
    """`other`: resumes that ended otherwise than the unbroken run; `again`: those that did settled work again, beside what has to run. `reran`: those
    in which the changed node was served again, `kept`: in which it, in no map, had settled and was not. `doubled`: effects under a second key,
    beside those of what has to run."""

    points: int = 0
    broke: int = 0
    other: int = 0
    again: int = 0
    reran: int = 0
    kept: int = 0
    doubled: int = 0

    def hear(self, whole: Told, told: Told | None, newer: Newer) -> None:
        self.points += 1
        if told is None:
            return
        again = told.again(whole)
        self.broke += 1
        self.other += (told.run.status, told.output) != ("succeeded", whole.output)
        self.again += bool(again - newer.runs)
        self.reran += any(each.node == newer.node and count > whole.served[each] for each, count in told.served.items())
        self.kept += any(point.node == newer.node for point in told.settled_before) and newer.node not in again
        self.doubled += len(told.doubled(whole) - newer.runs)

    def row(self, name: str) -> tuple[str, ...]:
        return (name, *(str(getattr(self, each)) for each in FIELDS))


def try_starter(name: str) -> dict[str, Tally]:
    """Every point of the starter's first input, by what the runs go on with."""
    folder = EXAMPLES / name
    texts = example_texts(folder)
    with theatre(texts, json.loads((folder / "input.json").read_text()), ANSWERS[name]) as stage:
        points, whole = stage.points(), stage.unbroken()
        return {kind: _tried(stage, points, whole, newer) for kind, newer in kinds_of(*texts).items()}


def kinds_of(*texts: str) -> dict[str, Newer]:
    *others, text = texts
    node = node_to_change(text)
    return {"same": Newer(), "retold": Newer(retold(text)), "changed": Newer(changed(text, node), dependents(text, node, *others), node)}


def _tried(stage: Theatre, points: Sequence[Point], whole: Told, newer: Newer) -> Tally:
    tally = Tally()
    for point in points:
        tally.hear(whole, stage.broken(point, newer=newer.text), newer)
    return tally


def run() -> Table:
    logging.disable(logging.CRITICAL)  # every death is told of, as it should
    started = monotonic()
    with environment(EMULATED, dropped=DROPPED):
        tallies = {(name, kind): tally for name in sorted(ANSWERS) for kind, tally in _told(name).items()}
    return summary(tallies, seconds=monotonic() - started)


def _told(name: str) -> dict[str, Tally]:
    found = try_starter(name)
    for kind, tally in found.items():
        print(" ".join(tally.row(f"{name}, {kind}")), file=sys.stderr, flush=True)
    return found


def summary(tallies: Mapping[tuple[str, str], Tally], *, seconds: float) -> Table:
    def total(field: str) -> int:
        return sum(getattr(tally, field) for tally in tallies.values())

    figures = (
        Figure("starters", str(len({name for name, _ in tallies}))),
        Figure("failure points, each for three versions", str(total("points"))),
        Figure("runs that broke and were resumed", str(total("broke"))),
        Figure("ended otherwise than unbroken", str(total("other")), "0", total("other") == 0),
        Figure("did settled work again", str(total("again")), "0", total("again") == 0),
        Figure("ran a changed node again that had settled", str(total("reran")), "some", total("reran") > 0),
        Figure("kept what a changed node had put out", str(total("kept")), "0", total("kept") == 0),
        Figure("effects doubled", str(total("doubled")), "0", total("doubled") == 0),
        Figure("wall", f"{seconds:.0f} s"),
    )
    columns = ("starter", "version", "points", "broke", "ended otherwise", "settled again", "changed ran", "changed kept", "effects doubled")
    rows = [(name, *tally.row(kind)) for (name, kind), tally in tallies.items()]
    return Table("Resume after a failure at every point of the starters", figures, columns, rows)
