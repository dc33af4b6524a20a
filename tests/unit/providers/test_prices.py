"""What calls cost."""

from collections.abc import Iterator
from datetime import date

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price

from chalicelib.errors import SettingInvalid
from chalicelib.providers.model import Usage
from chalicelib.providers.prices import TABLE, Price, Tokens, cost, price_of, table
from chalicelib.settings import read_settings, settings
from infra import price_table

ONE = Tokens(fresh=1_000_000, output=0)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


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


@pytest.mark.parametrize(
    ("provider", "model", "plain"),
    [
        ("openai", "gpt-6-luna-2026-08-01", "gpt-6-luna"),
        ("google", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google", "gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("google", "gemini-2.5-pro-001", "gemini-2.5-pro"),
        ("anthropic", "claude-opus-5-5@20261001", "claude-opus-5-5"),
        ("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5"),
        ("bedrock", "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5"),
        ("bedrock", "anthropic.claude-opus-5-5-v1:0:200k", "anthropic.claude-opus-5-5"),
        ("bedrock", "global.anthropic.claude-opus-5-5-v1:0", "global.anthropic.claude-opus-5-5"),
        ("bedrock", "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0", "amazon.nova-pro"),
    ],
)
def test_it_prices_a_dated_or_regional_name_as_the_plain_one(provider: str, model: str, plain: str) -> None:
    assert price_of(provider, model) == price_of(provider, plain) is not None


def test_it_knows_prices_that_are_announced() -> None:
    assert cost("google", "gemini-4-argon", ONE, on=date(2026, 11, 30)) == 2_000_000
    assert cost("google", "gemini-4-argon", ONE, on=date(2026, 12, 1)) == 4_000_000


@pytest.mark.parametrize(
    ("provider", "model", "theirs"),
    [
        ("anthropic", "claude-haiku-5-5", "anthropic"),
        ("anthropic", "claude-sonnet-4-6", "anthropic"),
        ("openai", "gpt-6.1-sol", "openai"),
        ("google", "gemini-2.5-pro", "google"),
        ("google", "gemini-flash-latest", "google"),
        ("google", "gemini-embedding-2", "google"),
        ("bedrock", "eu.anthropic.claude-haiku-5-5-v1:0", "aws"),
        ("bedrock", "global.anthropic.claude-sonnet-5-5", "aws"),
    ],
)
@pytest.mark.parametrize("size", [50_000, 300_000])
def test_it_agrees_with_genai_prices(provider: str, model: str, theirs: str, size: int) -> None:
    day = price_table.PRICED_AT
    output = 0 if "embedding" in model else 1000
    usage = TheirUsage(input_tokens=size, cache_read_tokens=size // 5, output_tokens=output)
    told = calc_price(usage, model, provider_id=theirs, genai_request_timestamp=price_table.noon(day)).total_price
    ours = cost(provider, model, Tokens(fresh=size - size // 5, output=output, cache_read=size // 5), on=day)
    assert ours == round(told * 1_000_000)


def test_it_is_the_table_that_the_installed_data_makes() -> None:
    """When it fails after a new release: `make prices`, and read the diff."""
    assert TABLE.read_text("utf-8") == price_table.text()


def test_it_says_where_its_prices_are_from() -> None:
    assert (table().priced_at, table().source) == (price_table.PRICED_AT.isoformat(), "genai-prices 0.2.3 (MIT)")
    assert TABLE.stat().st_size < 20_000


def test_it_charges_more_for_output_than_for_input() -> None:
    prices = {name: price for name, steps in table().prices.items() for _, price in steps if "embedding" not in name[1]}
    assert {name[0] for name in prices} == {"anthropic", "openai", "google", "bedrock"}
    assert all(price.output > price.fresh >= price.cache_read > 0 for price in prices.values())
    assert all(price.then is None or price.then.fresh > price.fresh for price in prices.values())


def test_it_puts_the_deployments_own_price_first(own: pytest.MonkeyPatch) -> None:
    own.setenv("SLUICE_PRICES", '{"google:gemini-9": {"fresh": 7, "output": 9, "cache_read": 1}, "openai:gpt-6-luna": {"fresh": 3, "output": 0}}')
    assert price_of("google", "gemini-9-001") == Price(7, 9, 1, 7, 7)
    assert cost("openai", "gpt-6-luna-2026-08-01", ONE) == 3
    assert cost("vllm", "gemini-9", ONE) is None


@pytest.mark.parametrize(
    "text", ["[]", '{"a:b": {"fresh": 1}}', '{"a:b": {"fresh": 1.5, "output": 1}}', '{"a:b": {"fresh": 1, "output": 1, "x": 1}}']
)
def test_it_refuses_prices_that_are_none(text: str) -> None:
    with pytest.raises(SettingInvalid, match="SLUICE_PRICES"):
        read_settings({"SLUICE_PRICES": text})


def test_it_adds_usage_and_stays_unpriced_once_unpriced() -> None:
    first = Usage("a", "m", input_tokens=1, output_tokens=2, cached_tokens=3, cache_write_tokens=4, cost=5)
    assert first.plus(first) == Usage("a", "m", 2, 4, 6, 8, 10)
    assert first.plus(Usage("a", "m")).cost is None
    assert Usage("a", "m").plus(first).cost is None
