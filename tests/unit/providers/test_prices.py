"""What calls cost."""

import pytest

from chalicelib.providers.model import Usage
from chalicelib.providers.prices import PRICES, Tokens, cost


@pytest.mark.parametrize(
    ("model", "tokens", "expected"),
    [
        ("claude-sonnet-5-5", Tokens(fresh=1_000_000, output=0), 2_000_000),
        ("claude-sonnet-5-5", Tokens(fresh=0, output=1), 10),
        ("claude-haiku-4-5-20251001", Tokens(fresh=1, output=0), 1),
        ("claude-haiku-5-5", Tokens(fresh=4, output=0), 0),
        ("claude-haiku-5-5", Tokens(fresh=5, output=0), 1),
        ("claude-haiku-5-5", Tokens(fresh=100_000, output=1000), 10_500),
        ("claude-haiku-5-5", Tokens(fresh=100_001, output=1000), 52_501),
        ("claude-sonnet-4-5", Tokens(fresh=100_000, output=0, cache_read=100_001), 660_001),
        ("claude-opus-5-5", Tokens(fresh=0, output=0, cache_write=1000, cache_write_hour=1000), 13_000),
        ("claude-unheard-of", Tokens(fresh=1, output=1), None),
    ],
)
def test_it_prices_in_whole_micro_dollars(model: str, tokens: Tokens, expected: int | None) -> None:
    assert cost("anthropic", model, tokens) == expected


def test_it_never_calls_an_unknown_model_free() -> None:
    assert cost("nobody", "claude-opus-5-5", Tokens(fresh=1, output=1)) is None


def test_it_charges_more_for_output_than_for_input() -> None:
    assert all(price.output > price.fresh > price.cache_read > 0 for price in PRICES.values())


def test_it_adds_usage_and_stays_unpriced_once_unpriced() -> None:
    first = Usage("a", "m", input_tokens=1, output_tokens=2, cached_tokens=3, cache_write_tokens=4, cost=5)
    assert first.plus(first) == Usage("a", "m", 2, 4, 6, 8, 10)
    assert first.plus(Usage("a", "m")).cost is None
    assert Usage("a", "m").plus(first).cost is None
