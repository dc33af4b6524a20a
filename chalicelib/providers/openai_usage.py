"""What a call took, as OpenAI's two wire formats tell it: they differ in names alone.

In: the answer's counts. Out: `Usage`, whose totals hold the cached tokens and those of reasoning, as the wire's do. Counts may be missing, whole or
in part: without the totals a call is unpriced, never free.
"""

from typing import Final

from chalicelib.providers.model import Usage
from chalicelib.providers.prices import Tokens, cost

RESPONSES: Final = ("input_tokens", "output_tokens")
CHAT: Final = ("prompt_tokens", "completion_tokens")


def read_usage(told: object, names: tuple[str, str], *, provider: str, model: str, priced_as: str | None) -> Usage:
    """`priced_as` is the vendor whose price list holds; None: no list does."""
    taken, given = (_count(told, name) for name in names)
    if taken is None or given is None:
        return Usage(provider, model)
    of_taken, of_given = (getattr(told, f"{name}_details", None) for name in names)
    read, written = _count(of_taken, "cached_tokens") or 0, _count(of_taken, "cache_write_tokens") or 0
    tokens = Tokens(fresh=max(0, taken - read - written), output=given, cache_read=read, cache_write=written)
    return Usage(
        provider=provider,
        model=model,
        input_tokens=taken,
        output_tokens=given,
        cached_tokens=read,
        cache_write_tokens=written,
        cost=None if priced_as is None else cost(priced_as, model, tokens),
        reasoning_tokens=_count(of_given, "reasoning_tokens") or 0,
    )


def _count(told: object, name: str) -> int | None:
    count = getattr(told, name, None)
    return count if isinstance(count, int) else None
