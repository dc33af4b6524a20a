"""What model calls cost, in integer micro-dollars.

In: a provider, a model and token counts. Out: the cost, or None: a model without a price is unpriced, never free.
Prices are the list prices of `PRICED_AT`
as the data of genai-prices 0.2.3 (MIT) has them, in micro-dollars per million tokens.
"""

import re
from dataclasses import dataclass
from typing import Final

PRICED_AT: Final = "2026-11-21"
_MILLION: Final = 1_000_000
_DATED: Final = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Counts that are billed apart from each other: `fresh` input was neither read from a cache nor written to one."""

    fresh: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0

    @property
    def input(self) -> int:
        return self.fresh + self.cache_read + self.cache_write + self.cache_write_hour


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-dollars per million tokens. Above `above` input tokens the whole call is billed as `then`."""

    fresh: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_hour: int
    above: int | None = None
    then: "Price | None" = None

    def of(self, tokens: Tokens) -> int:
        if self.above is not None and self.then is not None and tokens.input > self.above:
            return self.then.of(tokens)
        total = (
            tokens.fresh * self.fresh
            + tokens.output * self.output
            + tokens.cache_read * self.cache_read
            + tokens.cache_write * self.cache_write
            + tokens.cache_write_hour * self.cache_write_hour
        )
        return (total + _MILLION // 2) // _MILLION


_OPUS_4 = Price(5_000_000, 25_000_000, 500_000, 6_250_000, 10_000_000)
_SONNET_3 = Price(3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000)
_FABLE_52 = Price(8_000_000, 40_000_000, 200_000, 10_000_000, 16_000_000)
_LARGE_HAIKU_55 = Price(500_000, 2_500_000, 50_000, 625_000, 1_000_000)
_LARGE_LUNA_6 = Price(200_000, 750_000, 20_000, 250_000, 250_000)
_LARGE_SONNET_45 = Price(6_000_000, 22_500_000, 600_000, 7_500_000, 12_000_000)

PRICES: Final[dict[tuple[str, str], Price]] = {
    ("anthropic", "claude-fable-5"): Price(10_000_000, 50_000_000, 1_000_000, 12_500_000, 20_000_000),
    ("anthropic", "claude-fable-5-1"): Price(10_000_000, 50_000_000, 250_000, 12_500_000, 20_000_000),
    ("anthropic", "claude-fable-5-2"): _FABLE_52,
    ("anthropic", "claude-haiku-4-5"): Price(1_000_000, 5_000_000, 100_000, 1_250_000, 2_000_000),
    ("anthropic", "claude-haiku-5-5"): Price(100_000, 500_000, 10_000, 125_000, 200_000, above=100_000, then=_LARGE_HAIKU_55),
    ("anthropic", "claude-mythos-5-2"): _FABLE_52,
    ("anthropic", "claude-opus-4-5"): _OPUS_4,
    ("anthropic", "claude-opus-4-6"): _OPUS_4,
    ("anthropic", "claude-opus-4-7"): _OPUS_4,
    ("anthropic", "claude-opus-4-8"): _OPUS_4,
    ("anthropic", "claude-opus-5"): _OPUS_4,
    ("anthropic", "claude-opus-5-5"): Price(4_000_000, 20_000_000, 200_000, 5_000_000, 8_000_000),
    ("anthropic", "claude-sonnet-4-5"): Price(3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000, above=200_000, then=_LARGE_SONNET_45),
    ("anthropic", "claude-sonnet-4-6"): _SONNET_3,
    ("anthropic", "claude-sonnet-5"): Price(2_000_000, 10_000_000, 200_000, 2_500_000, 4_000_000),
    ("anthropic", "claude-sonnet-5-5"): Price(2_000_000, 10_000_000, 100_000, 2_500_000, 4_000_000),
    ("openai", "gpt-6-luna"): Price(100_000, 500_000, 10_000, 125_000, 125_000, above=272_000, then=_LARGE_LUNA_6),
}


def cost(provider: str, model: str, tokens: Tokens) -> int | None:
    """Micro-dollars of one call; None where the model has no price. A dated model name is priced as its undated one."""
    price = PRICES.get((provider, model)) or PRICES.get((provider, _DATED.sub("", model)))
    return None if price is None else price.of(tokens)
