"""Which channels a message takes when not all that it names exist.

In: the channels that a node names and those that are there. Out: `Routed`: those that exist, the console where none does, and a warning for each
that is absent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.channels.console import NAME

CONFIGURED: Final = frozenset((NAME,))  # the channels of this deployment


@dataclass(frozen=True, slots=True)
class Routed:
    channels: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def route(named: Sequence[str], *, configured: Collection[str] = CONFIGURED) -> Routed:
    """The channels to use, in the order in which they were named."""
    wanted = tuple(dict.fromkeys(named))
    present = tuple(name for name in wanted if name in configured)
    absent = tuple(name for name in wanted if name not in configured)
    warnings = tuple(f"the channel {name} is not set up; the {NAME} takes its place" for name in absent)
    needs_console = not wanted or bool(absent)
    return Routed(tuple(dict.fromkeys((*present, NAME))) if needs_console else present, warnings)
