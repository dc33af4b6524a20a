"""How an entry into an agent's conversation ends, where it does not fail.

In: nothing. Out: `Finished`, `Yielded`, `Suspended`, each with what the conversation has cost so far.
"""

from dataclasses import dataclass

from chalicelib.agents.task import PendingCall
from chalicelib.agents.transcript import CallRecord, Limit
from chalicelib.providers.model import Usage
from chalicelib.spec.model import Json


@dataclass(frozen=True, slots=True)
class Finished:
    """`value` is the node's output. `stopped` names the limit after which the last turn answered."""

    value: Json
    usage: Usage | None
    turns: int
    calls: tuple[CallRecord, ...]
    stopped: Limit | None = None


@dataclass(frozen=True, slots=True)
class Yielded:
    """Time is short; everything is kept. Each entry gets at least one turn or call further."""

    usage: Usage | None
    turns: int


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing is left to do before `call` has its verdict. `others` of the same turn wait, too."""

    call: PendingCall
    usage: Usage | None
    turns: int
    others: tuple[PendingCall, ...] = ()


Outcome = Finished | Yielded | Suspended
