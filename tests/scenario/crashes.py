"""`make crashes`: every fault at every call to AWS, and every two crashes, in every story; what became of the runs.

In: the stories of `crash_stories`. Out: a table on stdout, what is known of each story as it ends on stderr; an exit code of 1 where anything was
lost, doubled or left. The second crash of a pair may come at any call that is made because of the first. A long story is told under what leaves open
how far somebody came (deaths, lost answers), one at a time. A quarter of an hour of one core.
"""

import gc
import logging
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, process_time
from typing import Final

from bench.table import Figure, Table, at_most
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories.crash_claims import Harm
from tests.factories.crash_stories import AGENT, CANCELLED, FAILED, FAMILY, ORDER, RESUMED, SILENCE, TEAM, Stage, Story, Told, stage
from tests.factories.crash_world import LOST_WORKER, Manner
from tests.factories.faults import Plan, deaths, doubts, troubles

STORIES: Final[Mapping[str, tuple[Story, Sequence[Manner]]]] = {
    "timed out": (SILENCE, (SILENCE.manner,)),
    "decided": (ORDER, (ORDER.manner, Manner(is_watched=True), Manner(dies_as=LOST_WORKER, is_patient=False, is_watched=True))),
    "failed": (FAILED, (FAILED.manner,)),
    "cancelled": (CANCELLED, (CANCELLED.manner,)),
    "sub-workflow": (FAMILY, (FAMILY.manner,)),
    "resumed": (RESUMED, (RESUMED.manner,)),
    "agent": (AGENT, (AGENT.manner,)),
    "team": (TEAM, (TEAM.manner,)),
}
LIMIT_SECONDS: Final = 1_200.0
LIMIT_MEGABYTES: Final = 1_536.0
SHOWN: Final = 20
_AT_REST: Final = 100  # tellings from one collection of garbage to the next: collecting at leisure saves a tenth


@dataclass
class Tally:
    """What was tried and what it did. `harms` counts the runs that did each; `examples` are the first of them, in words."""

    singles: int = 0
    pairs: int = 0
    harms: Counter[Harm] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def hear(self, told: Told) -> None:
        self.harms.update({wrong.harm for wrong in told.wrong})
        if told.wrong and len(self.examples) < SHOWN:
            self.examples.append(str(told))

    def __add__(self, other: "Tally") -> "Tally":
        harms, examples = self.harms + other.harms, [*self.examples, *other.examples]
        return Tally(self.singles + other.singles, self.pairs + other.pairs, harms, examples)

    def row(self, name: str) -> tuple[str, ...]:
        return (name, f"{self.singles:,}", f"{self.pairs:,}", *(f"{self.harms[harm]}" for harm in Harm))


def try_story(story: Story, manners: Sequence[Manner]) -> Tally:
    """Every single fault in each manner, every two crashes in the story's own."""
    tally, faults = Tally(), doubts if story.is_long else troubles
    with stage(story) as on_stage:
        gc.collect()
        gc.freeze()
        for manner in manners:
            for plan in faults(on_stage.tell({}, manner).calls):
                tally.hear(_told(on_stage, plan, tally.singles, manner))
                tally.singles += 1
        for pair in () if story.is_long else _pairs(on_stage):
            tally.hear(_told(on_stage, pair, tally.pairs))
            tally.pairs += 1
    return tally


def _pairs(on_stage: Stage) -> Iterator[Plan]:
    for first, kind in deaths(on_stage.tell({}).calls):
        calls = on_stage.tell({first: kind}).calls
        yield from ({first: kind, second: other} for second, other in deaths(calls, first))


def _told(on_stage: Stage, plan: Plan, number: int, manner: Manner | None = None) -> Told:
    if number % _AT_REST == 0:
        gc.collect()
    return on_stage.tell(plan, manner)


def run(stories: Mapping[str, tuple[Story, Sequence[Manner]]] = STORIES) -> Table:
    started, tallies = (monotonic(), process_time()), {}
    gc.disable()
    try:
        for name, (story, manners) in stories.items():
            tallies[name] = try_story(story, manners)
            sys.stderr.write(f"{tallies[name]}\n{name} after {monotonic() - started[0]:.0f} s\n")
    finally:
        gc.enable()
        gc.unfreeze()
    return summary(tallies, processor=process_time() - started[1], wall=monotonic() - started[0])


def summary(tallies: Mapping[str, Tally], *, processor: float, wall: float) -> Table:
    whole = sum(tallies.values(), Tally())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = (
        Figure("runs with one fault", f"{whole.singles:,}"),
        Figure("runs with two crashes", f"{whole.pairs:,}"),
        *(Figure(f"runs: {harm.value}", f"{whole.harms[harm]}", "0", whole.harms[harm] == 0) for harm in Harm),
        at_most("processor", processor, LIMIT_SECONDS, digits=0, unit=" s"),
        Figure("wall", f"{wall:.0f} s"),
        at_most("memory", memory, LIMIT_MEGABYTES, digits=0, unit=" MB"),
    )
    columns = ("story", "one fault", "two crashes", *(harm.value for harm in Harm))
    return Table("Faults at every call to AWS", figures, columns, [tally.row(name) for name, tally in tallies.items()], whole.examples)


def main() -> int:
    logging.disable(logging.CRITICAL)  # every fault is told of, as it should
    with environment(EMULATED, dropped=DROPPED):
        found = run()
    sys.stdout.write(f"{found}\n")
    return int(not found.is_met)


if __name__ == "__main__":
    sys.exit(main())
