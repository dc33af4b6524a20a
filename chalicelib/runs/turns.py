"""Whose turn it is: which of the lines of an organisation is served next.

In: the organisation's slots, the time. Out: its lines, the next one first. Pure.

* A line is the runs of one workflow with one priority, first come first served.
* The higher priority goes first. A line that nobody has served for a while moves up a level for each such while, so that a low one is never left
  standing for ever; once served it is where it was.
* Among lines of one level, workflows take turns, whoever was let in the longest ago first: a flood of one costs the others one place each round.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.store.run_records import Priority
from chalicelib.store.slots import Slots


@dataclass(frozen=True, slots=True)
class Line:
    """`since` (epoch milliseconds): when it was last served, or when the first one got in. `turn`: the workflow's last."""

    workflow_id: str
    priority: Priority
    waiting: int
    since: int
    turn: int

    def level(self, now: int, ageing_seconds: int) -> int:
        """0 is the highest that a line begins with; ageing leads beyond it."""
        return self.priority.level - max(now - self.since, 0) // (ageing_seconds * 1000)


def lines_of(slots: Slots) -> tuple[Line, ...]:
    """Lines with somebody in them, of workflows that may let somebody in."""
    return tuple(
        Line(each.workflow_id, priority, each.waiting_of(priority), each.since_of(priority), each.turn)
        for each in slots.workflows.values()
        for priority in Priority
        if each.is_open and each.waiting_of(priority) > 0
    )


def in_turn(lines: Sequence[Line], *, now: int, ageing_seconds: int) -> list[Line]:
    """The lines, the next one first."""
    return sorted(lines, key=lambda line: (line.level(now, ageing_seconds), line.turn, line.since, line.priority.level, line.workflow_id))
