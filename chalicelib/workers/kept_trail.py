"""The trail of candidates of a node's visit, over all entries into it.

In: the router's steps as calls are made, and what was kept of earlier entries. Out: JSON for the conversation's checkpoint and for the node run's
details: the latest steps in order, and how many earlier ones were left out. Never: more than a node run should hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib.providers.trail import Step, plain
from chalicelib.spec.model import Json, JsonObject

SHOWN_STEPS: Final = 60
_STEPS: Final = "trail"
_LEFT_OUT: Final = "trail_left_out_count"


@dataclass(slots=True)
class KeptTrail:
    earlier: list[Json] = field(default_factory=list)  # of the entries before this one
    earlier_left_out: int = 0
    own: list[Step] = field(default_factory=list)

    def add(self, steps: Sequence[Step]) -> None:
        self.own.extend(steps)

    def take_up(self, kept: JsonObject) -> None:
        """What earlier entries kept in a checkpoint. Taking it up twice changes nothing."""
        steps, left_out = kept.get(_STEPS), kept.get(_LEFT_OUT)
        self.earlier = steps if isinstance(steps, list) else []
        self.earlier_left_out = left_out if isinstance(left_out, int) else 0

    @property
    def shown(self) -> JsonObject:
        """Nothing where no candidate was asked."""
        steps: list[Json] = [*self.earlier, *plain(self.own)]
        left_out = self.earlier_left_out + max(0, len(steps) - SHOWN_STEPS)
        shown: JsonObject = {_STEPS: steps[-SHOWN_STEPS:]} if steps else {}
        return shown | {_LEFT_OUT: left_out} if left_out else shown
