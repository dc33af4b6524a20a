"""Resume after a failure at every point of the examples: the same end as an unbroken run, nothing that had settled done again, no effect doubled.

In: the examples with their inputs. Out: a row each: at how many of its points a run broke, and how its resumes ended. A point is one invocation of
a worker, which dies before its work or after it, each time it is tried. Where something takes care of the death (a retry that finds the work done,
an error edge), the run does not break. Effects count by their idempotency keys: twice under one key is once for whoever keeps to it."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from bench.table import Figure, Table
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories.broken_runs import Point, Theatre, Told, example_texts, theatre
from tests.factories.examples import ANSWERS, EXAMPLES

SLOW: Final = True


@dataclass
class Tally:
    """`other`: resumes that ended otherwise than the unbroken run; `again`: those that did settled work again; `doubled`: effects under a second
    key."""

    points: int = 0
    broke: int = 0
    other: int = 0
    again: int = 0
    doubled: int = 0

    def hear(self, whole: Told, told: Told | None) -> None:
        self.points += 1
        if told is None:
            return
        self.broke += 1
        self.other += (told.run.status, told.output) != ("succeeded", whole.output)
        self.again += any(told.served[each] > whole.served[each] for each in told.settled_before)
        self.doubled += len(told.effects.keys() - whole.effects.keys())

    def row(self, name: str) -> tuple[str, ...]:
        return (name, *(str(getattr(self, each)) for each in ("points", "broke", "other", "again", "doubled")))


def try_example(name: str) -> Tally:
    """Every point of the example's first input."""
    folder, tally = EXAMPLES / name, Tally()
    with theatre(example_texts(folder), json.loads((folder / "input.json").read_text()), ANSWERS[name]) as stage:
        for whole, told in broken_at(stage, stage.points()):
            tally.hear(whole, told)
    return tally


def broken_at(stage: Theatre, points: list[Point]) -> Iterator[tuple[Told, Told | None]]:
    whole = stage.unbroken()
    for point in points:
        yield whole, stage.broken(point)


def run() -> Table:
    logging.disable(logging.CRITICAL)  # every death is told of, as it should
    started = monotonic()
    with environment(EMULATED, dropped=DROPPED):
        tallies = {name: try_example(name) for name in sorted(ANSWERS)}
    return summary(tallies, seconds=monotonic() - started)


def summary(tallies: Mapping[str, Tally], *, seconds: float) -> Table:
    def total(field: str) -> int:
        return sum(getattr(tally, field) for tally in tallies.values())

    figures = (
        Figure("failure points", str(total("points"))),
        Figure("runs that broke and were resumed", str(total("broke"))),
        Figure("ended otherwise than unbroken", str(total("other")), "0", total("other") == 0),
        Figure("did settled work again", str(total("again")), "0", total("again") == 0),
        Figure("effects doubled", str(total("doubled")), "0", total("doubled") == 0),
        Figure("wall", f"{seconds:.0f} s"),
    )
    columns = ("example", "points", "broke", "ended otherwise", "settled again", "effects doubled")
    return Table("Resume after a failure at every point of the examples", figures, columns, [tally.row(name) for name, tally in tallies.items()])
