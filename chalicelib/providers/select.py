"""Which model answers: from an alias or `provider:model` to a provider and its model.

In: the name in a node, the deployment's aliases and keys. Out: `Chosen`. Claude answers where its key is set; without it the offline provider
does, and the choice says so. An alias may lead to another alias once. Never makes a network call; clients are made once per key and container.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chalicelib.providers import anthropic, offline
from chalicelib.providers.anthropic import ClaudeProvider
from chalicelib.providers.failures import ModelRequestInvalid
from chalicelib.providers.model import Provider
from chalicelib.providers.offline import OfflineProvider

DEFAULT_MODELS: Final[Mapping[str, str]] = {
    "default": "anthropic:claude-sonnet-5-5",
    "smart": "anthropic:claude-opus-5-5",
    "fast": "anthropic:claude-haiku-5-5",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The vendors' keys of this deployment; empty means: none."""

    anthropic: str = ""
    anthropic_url: str | None = None  # another address of the vendor's API


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who answers. `asked` is what the node names, `why` is told where another one answers."""

    provider: Provider
    model: str
    asked: str
    why: str = ""


def choose(name: str, *, models: Mapping[str, str], keys: Keys) -> Chosen:
    """The provider and model for a node's `model`. Raises ModelRequestInvalid for a name that stands for nothing."""
    provider, _, model = _resolve(name, {**DEFAULT_MODELS, **models}).partition(":")
    if provider == offline.NAME:
        return Chosen(_offline(), model or "echo", name)
    if provider != anthropic.NAME:
        raise ModelRequestInvalid(f"there is no provider {provider}; there are {anthropic.NAME} and {offline.NAME}")
    if not keys.anthropic:
        return Chosen(_offline(), model, name, why=f"{provider}:{model} has no key here")
    return Chosen(_claude(keys.anthropic, keys.anthropic_url), model, name)


def _resolve(name: str, aliases: Mapping[str, str]) -> str:
    target = aliases.get(name, name)
    target = aliases.get(target, target)
    if not target.partition(":")[2]:
        raise ModelRequestInvalid(f"{name} is no alias of a model and no provider:model; the aliases are {', '.join(sorted(aliases))}")
    return target


@lru_cache(maxsize=1)
def _offline() -> OfflineProvider:
    return OfflineProvider()


@lru_cache(maxsize=8)
def _claude(key: str, url: str | None) -> ClaudeProvider:
    return ClaudeProvider(key, base_url=url)
