"""What model calls cost, in integer micro-dollars.

In: a provider, a model, token counts, and the day. Out: the cost, or None: a model without a price is unpriced, never free.
The list prices stand in `prices.json`, which `make prices` writes; the deployment's own (SLUICE_PRICES) come before them. Read once, at the first
call.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from chalicelib.settings import settings

TABLE: Final = Path(__file__).with_name("prices.json")
_MILLION: Final = 1_000_000
_DATED: Final = re.compile(r"(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-preview-\d{2}-\d{2,4}|-\d{3})$")
_REGIONAL: Final = re.compile(r"^[a-z]{2,4}(?:-[a-z]+)?\.(?=[a-z0-9-]+\.)")  # `eu.`, `us-gov.`, `apac.` before the maker of the model
_VERSIONED: Final = re.compile(r"(?:-\d{8})?(?:-v\d+(?::\w+)*)?$")


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

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Price":
        """From JSON. What is not told costs what it costs without a cache."""
        fresh = told["fresh"]
        write = told.get("cache_write", fresh)
        return cls(
            fresh=fresh,
            output=told.get("output", 0),
            cache_read=told.get("cache_read", fresh),
            cache_write=write,
            cache_write_hour=told.get("cache_write_hour", write),
            above=told.get("above"),
            then=cls.read(told["then"]) if "then" in told else None,
        )

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


@dataclass(frozen=True, slots=True)
class Table:
    """List prices. Each model has one or more, each from a day on, the earliest first."""

    source: str
    priced_at: str
    prices: Mapping[tuple[str, str], tuple[tuple[date, Price], ...]]


@lru_cache(maxsize=1)
def table() -> Table:
    """The list prices, read from beside this module."""
    told = json.loads(TABLE.read_text("utf-8"))
    prices = {
        (provider, model): tuple((date.fromisoformat(step.get("from", "0001-01-01")), Price.read(step)) for step in steps)
        for provider, models in told["prices"].items()
        for model, steps in models.items()
    }
    return Table(told["source"], told["priced_at"], prices)


def cost(provider: str, model: str, tokens: Tokens, *, on: date | None = None) -> int | None:
    """Micro-dollars of one call on a day (today, UTC); None where the model has no price."""
    price = price_of(provider, model, on=on)
    return None if price is None else price.of(tokens)


def price_of(provider: str, model: str, *, on: date | None = None) -> Price | None:
    """The deployment's own price, else the list price, else None. A dated or versioned model name is priced as the plain one, if not by itself."""
    names = _names(provider, model)
    own = settings().prices
    for name in names:
        if f"{provider}:{name}" in own:
            return Price.read(own[f"{provider}:{name}"].model_dump(exclude_none=True))
    listed = table().prices
    steps = next((listed[provider, name] for name in names if (provider, name) in listed), ())
    day = on or datetime.now(UTC).date()
    return next((price for start, price in reversed(steps) if start <= day), None)


def _names(provider: str, model: str) -> tuple[str, ...]:
    """What a model may be listed as, the most exact first."""
    plain = model.rpartition("/")[2]  # `models/…`, or the ARN of an inference profile
    if provider != "bedrock":
        return model, plain, _DATED.sub("", plain)
    everywhere = plain if plain.startswith("global.") else _REGIONAL.sub("", plain)
    return model, everywhere, _VERSIONED.sub("", everywhere)
