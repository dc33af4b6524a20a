"""`make prices`: writes what models cost, as `chalicelib/providers/prices.json`, from the data that genai-prices brings along (no network).

In: the installed genai-prices (MIT). Out: the table as text: for each vendor and model one or more prices, each from a day on, in micro-dollars per
million tokens. Only models that people build agents on are in it. Prices that were over by `PRICED_AT` are left out, announced ones are kept.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

PRICED_AT: Final = date(2026, 11, 21)  # move it on with each new release of genai-prices
TARGET: Final = Path(__file__).parent.parent / "chalicelib" / "providers" / "prices.json"

_TONGUES: Final = (
    r"(?!.*(?:image|audio|tts|live|realtime|transcribe|search|cyber|rosalind|codex|deep-research|chat|robotics|omni|banana|sonic|oss|ft-|:ft))"
)
MODELS: Final = {
    "anthropic": ("anthropic", re.compile(r"claude-(?:fable|haiku|mythos|opus|sonnet)-(?:4-[5-9]|[5-9])(?:-\d)?$")),
    "openai": ("openai", re.compile(rf"^{_TONGUES}(?:gpt-(?:4\.1|4o|[5-9])[\w.-]*|o3|o3-pro|o4-mini|text-embedding-3-\w+)$")),
    "google": ("google", re.compile(rf"^{_TONGUES}gemini-(?:2\.5|[3-9]|embedding)[\w.-]*$")),
    "bedrock": (
        "aws",
        re.compile(rf"^{_TONGUES}(?:global\.|regional\.)?(?:anthropic\.claude-[a-z]+-(?:4-[5-9]|[5-9])|amazon\.nova|openai\.gpt-[5-9])[\w.:-]*$"),
    ),
}
ALIASES: Final = {"google": ("gemini-flash-latest", "gemini-flash-lite-latest", "gemini-pro-latest")}
_FIELDS: Final = {  # our name: theirs; what has no price of its own is left out
    "fresh": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_hour": "cache_write_1h_mtok",
}


def noon(day: date) -> datetime:
    """A moment of that day, for the data's own calculator."""
    return datetime.combine(day, time(12), UTC)


def main() -> None:
    TARGET.write_text(text(), "utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


def text() -> str:
    """The file: one model a line, so that a new release can be read as a diff."""
    head = {"source": f"genai-prices {version('genai-prices')} (MIT)", "priced_at": PRICED_AT.isoformat(), "unit": "micro-dollars per million tokens"}
    told = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    return _object([*told, f'"prices": {_object([_vendor(provider) for provider in MODELS])}']) + "\n"


def _vendor(provider: str) -> str:
    rows = [f"{json.dumps(name)}: {json.dumps(prices, separators=(',', ':'))}" for name, prices in sorted(_models(provider))]
    return f"{json.dumps(provider)}: {_object(rows)}"


def _object(lines: list[str]) -> str:
    inner = ",\n".join(lines)
    return f"{{\n{inner}\n}}"


def _models(provider: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    from genai_prices import data

    theirs, wanted = MODELS[provider]
    vendor = next(found for found in data.providers if found.id == theirs)
    for model in vendor.models:
        if wanted.search(model.id) and not model.deprecated:
            yield _name(provider, model.id), _steps(model.prices)
    for alias in ALIASES.get(provider, ()):
        found = vendor.find_model(alias)
        if found is not None:
            yield alias, _steps(found.prices)


def _name(provider: str, theirs: str) -> str:
    """Bedrock's models without version, date and `regional.`: see `chalicelib.providers.prices`."""
    if provider != "bedrock":
        return theirs
    return re.sub(r"(?:-\d{8})?(?:-v\d+(?::\d+)?)?$", "", theirs.removeprefix("regional."))


def _steps(prices: Any) -> list[dict[str, Any]]:
    """The price at `PRICED_AT`, and those that follow, each with its first day."""
    if not isinstance(prices, list):
        return [_price(prices)]
    dated = sorted(((_start(step.constraint), step.prices) for step in prices), key=lambda step: step[0])
    current = [step for step in dated if step[0] <= PRICED_AT][-1:] or dated[:1]
    later = [step for step in dated if step[0] > PRICED_AT and step is not current[0]]
    return [_price(current[0][1]), *({"from": day.isoformat(), **_price(step)} for day, step in later)]


def _start(constraint: Any) -> date:
    if constraint is None:
        return date.min
    day: date = constraint.start_date  # no other kind of constraint is known here; a new one shall fail
    return day


def _price(prices: Any) -> dict[str, Any]:
    tiers = {tier.start for theirs in _FIELDS.values() for tier in getattr(getattr(prices, theirs), "tiers", ())}
    return _above(prices, None, sorted(tiers))


def _above(prices: Any, start: int | None, later: list[int]) -> dict[str, Any]:
    """The amounts for prompts above `start` tokens, with those for longer ones inside."""
    amounts = _amounts(prices, start)
    return {**amounts, "above": later[0], "then": _above(prices, later[0], later[1:])} if later else {**amounts}


def _amounts(prices: Any, start: int | None) -> dict[str, int]:
    told = {ours: _tier(getattr(prices, theirs), start) for ours, theirs in _FIELDS.items()}
    return {ours: _micro_dollars(dollars) for ours, dollars in told.items() if dollars is not None}


def _tier(price: Any, start: int | None) -> Decimal | None:
    """The price per million tokens in dollars of a prompt above `start` tokens."""
    if price is None or isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if start is not None and tier.start <= start]
    told: Decimal = reached[-1] if reached else price.base
    return told


def _micro_dollars(dollars: Decimal) -> int:
    exact = dollars * 1_000_000
    assert exact == int(exact), f"{dollars} dollars are no whole micro-dollars"
    return int(exact)


if __name__ == "__main__":
    main()
