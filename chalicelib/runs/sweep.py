"""The net behind status changes and streams: what a crash left half done is found and completed, once a minute.

Starts queued runs that the engine never got, finishes runs whose execution has ended, cancels runs past their deadline, delivers answers that have
not
reached the engine.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did, as counts."""

    started_count: int = 0
    finished_count: int = 0
    cancelled_count: int = 0
    delivered_count: int = 0


def sweep(organisation_id: str, *, grace_seconds: float = 30.0, budget_seconds: float = 50.0) -> Swept:
    """Sweep one organisation. Runs and answers younger than the grace are left to their ordinary way; past the budget the next sweep goes on."""
    raise NotImplementedError
