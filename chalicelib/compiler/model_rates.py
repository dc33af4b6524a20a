"""What the forecast is told of models: whom each agent node asks, and what they take for a token. Data; the compiler reads no price by itself.

In: nothing. Out: `ModelFacts`. Rates are whole micro-dollars per million tokens, each as the cheapest and the dearest that a vendor may bill (cached
or fresh, short or long input). A model without a price has no rates: it is unpriced, never free.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """(cheapest, dearest) per million tokens read and written."""

    input: tuple[int, int]
    output: tuple[int, int]

    def least(self, read: int, written: int) -> int:
        """Rounded down."""
        return (read * self.input[0] + written * self.output[0]) // _MILLION

    def most(self, read: int, written: int) -> int:
        """Rounded up."""
        return -(-(read * self.input[1] + written * self.output[1]) // _MILLION)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a node asks. `model` is the alias or `provider:model`; `candidates` are those who may answer by `provider:model`, None: unpriced.
    `system` are instructions that come before the node's own; `why` is worth telling."""

    model: str
    candidates: Mapping[str, Rates | None] = field(default_factory=dict)
    system: str = ""
    why: str = ""

    @property
    def rates(self) -> tuple[Rates, ...]:
        return tuple(rates for rates in self.candidates.values() if rates is not None)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Who may answer without a price; the name itself where nothing is known behind it."""
        return tuple(name for name, rates in self.candidates.items() if rates is None) if self.candidates else (self.model,)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`agents` by node. `embeddings`: the model that makes vectors for memory, None where there is none. `priced_at` dates the prices."""

    agents: Mapping[str, Asked] = field(default_factory=dict)
    embeddings: Asked | None = None
    priced_at: str = ""
