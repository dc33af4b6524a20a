"""What the router did on the way to an answer: which candidates it chose, skipped or saw fail, and why.

In: nothing. Out: `Step`, one for each, in order. Never carries a prompt, an answer or a key; a key's name at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.providers.failures import FailureKind
from chalicelib.providers.model import Usage
from chalicelib.spec.model import JsonObject


class Outcome(StrEnum):
    ANSWERED = "answered"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """`why` says why the candidate was chosen or skipped, `fault` what went wrong, `usage` what the call took, if that is known."""

    candidate: str
    outcome: Outcome
    why: str
    seconds: float = 0.0
    first_token_seconds: float | None = None
    kind: FailureKind | None = None
    fault: str = ""
    usage: Usage | None = None


def plain(trail: Sequence[Step]) -> list[JsonObject]:
    """A trail as a node run's details hold it."""
    return [_plain(step) for step in trail]


def _plain(step: Step) -> JsonObject:
    shown: JsonObject = {"candidate": step.candidate, "outcome": step.outcome.value, "why": step.why}
    if step.outcome is not Outcome.SKIPPED:
        shown["milliseconds"] = round(step.seconds * 1000)
    if step.first_token_seconds is not None:
        shown["first_token_milliseconds"] = round(step.first_token_seconds * 1000)
    if step.kind is not None:
        shown |= {"kind": step.kind.value, "fault": step.fault}
    if step.usage is not None:
        shown["cost_micro_dollars"] = step.usage.cost
    return shown
