"""Who a name stands for: from an alias or `provider:model` to a route, and from a candidate to its vendor's adapter.

In: the name in a node, the deployment's aliases and keys. Out: a `Route` of those candidates that have a key here; where none has, the offline
provider answers, and the route says why. An alias may lead to another alias once. Adding a vendor is a line in `VENDORS` and a key in `Keys`.
Never makes a network call; an adapter is imported when its vendor is first asked, and made once per key and container.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from chalicelib.model_settings import AliasTarget, CompatibleEndpoint, RouteSetting, named_keys
from chalicelib.providers.candidates import DEFAULT_KEY, Candidate, Route, Strategy
from chalicelib.providers.failures import ModelRequestInvalid
from chalicelib.providers.model import Embedder, Provider
from chalicelib.settings import Settings

OFFLINE: Final = "offline"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one vendor, or what it takes instead: Bedrock's is a region."""

    provider: str
    name: str
    secret: str = field(default="", repr=False)
    url: str | None = None  # another address of the vendor's API


@dataclass(frozen=True, slots=True)
class Vendor:
    """The module and the class of an adapter, and how it is made with a key."""

    module: str
    adapter: str
    make: Callable[[Any, Key], Provider]


VENDORS: Final[Mapping[str, Vendor]] = {
    "anthropic": Vendor("anthropic", "ClaudeProvider", lambda adapter, key: adapter(key.secret, base_url=key.url)),
    "openai": Vendor("openai", "OpenAIProvider", lambda adapter, key: adapter(key.secret, base_url=key.url)),
    "google": Vendor("gemini", "GeminiProvider", lambda adapter, key: adapter(key.secret, base_url=key.url)),
    "bedrock": Vendor("bedrock", "BedrockProvider", lambda adapter, key: adapter(region=key.secret, endpoint_url=key.url)),
    OFFLINE: Vendor("offline", "OfflineProvider", lambda adapter, _: adapter()),
}
COMPATIBLE: Final = Vendor("openai_compatible", "OpenAICompatibleProvider", lambda adapter, key: adapter(key.provider, key.url, api_key=key.secret))

_WINDOW: Final = 1_000_000
DEFAULT_MODELS: Final[Mapping[str, tuple[Candidate, ...]]] = {
    "default": (
        Candidate("anthropic", "claude-sonnet-5-5", priority=1, window=_WINDOW),
        Candidate("bedrock", "global.anthropic.claude-sonnet-5-5", priority=2, window=_WINDOW),
        Candidate("openai", "gpt-6.1-sol", priority=3, window=1_050_000),
        Candidate("google", "gemini-4-argon", priority=4, window=1_048_576),
    ),
    "smart": (
        Candidate("anthropic", "claude-opus-5-5", priority=1, window=_WINDOW),
        Candidate("bedrock", "global.anthropic.claude-opus-5-5", priority=2, window=_WINDOW),
        Candidate("openai", "gpt-6-astra", priority=3, window=1_050_000),
        Candidate("google", "gemini-4-argon", priority=4, window=1_048_576),
    ),
    "fast": (
        Candidate("anthropic", "claude-haiku-5-5", priority=1, window=_WINDOW),
        Candidate("bedrock", "global.anthropic.claude-haiku-5-5", priority=2, window=_WINDOW),
        Candidate("openai", "gpt-6-luna", priority=3, window=1_050_000),
        Candidate("google", "gemini-3.5-flash-lite", priority=4, window=_WINDOW),
    ),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The vendors' keys of this deployment; empty means: none. A text is one key, or JSON `{name: key}`."""

    anthropic: str = field(default="", repr=False)
    openai: str = field(default="", repr=False)
    gemini: str = field(default="", repr=False)
    bedrock: str = ""  # a region
    compatible: Mapping[str, CompatibleEndpoint] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)  # other addresses, by vendor

    def find(self, provider: str, name: str = DEFAULT_KEY) -> Key | None:
        """The key of a provider by its name; None where there is none. Raises ModelRequestInvalid for a provider that does not exist."""
        if provider == OFFLINE:
            return Key(OFFLINE, DEFAULT_KEY)
        if provider in self.compatible:
            endpoint = self.compatible[provider]
            return Key(provider, DEFAULT_KEY, endpoint.key, endpoint.url)
        secret = named_keys(self._text(provider)).get(name)
        return None if secret is None else Key(provider, name, secret, self.urls.get(provider))

    def _text(self, provider: str) -> str:
        match provider:
            case "anthropic":
                return self.anthropic
            case "openai":
                return self.openai
            case "google":
                return self.gemini
            case "bedrock":
                return self.bedrock
            case _:
                raise ModelRequestInvalid(f"there is no provider {provider}; there are {', '.join([*VENDORS, *self.compatible])}")


def keys_of(deployment: Settings) -> Keys:
    return Keys(
        anthropic=deployment.anthropic_api_key,
        openai=deployment.openai_api_key,
        gemini=deployment.gemini_api_key,
        bedrock=deployment.bedrock_region,
        compatible=deployment.compatible,
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who answers first. `asked` is what the node names, `why` is told where another one answers."""

    provider: Provider
    model: str
    asked: str
    why: str = ""


def choose(name: str, *, models: Mapping[str, AliasTarget], keys: Keys) -> Chosen:
    """The first candidate of a node's `model`. Raises ModelRequestInvalid for a name that stands for nothing."""
    route = route_of(name, models=models, keys=keys)
    first = route.candidates[0]
    return Chosen(provider_of(first, keys=keys), first.model, name, route.why)


def route_of(name: str, *, models: Mapping[str, AliasTarget], keys: Keys) -> Route:
    """The route of a node's `model`. Raises ModelRequestInvalid for a name that stands for nothing."""
    strategy, candidates = _resolve(name, models)
    keyed = tuple(candidate for candidate in candidates if keys.find(candidate.provider, candidate.key) is not None)
    if keyed:
        return Route(name, keyed, strategy, keyless=tuple(candidate.id for candidate in candidates if candidate not in keyed))
    first = candidates[0]
    return Route(name, (Candidate(OFFLINE, first.model),), why=f"{first.id} has no key here")


def candidates_of(name: str, *, models: Mapping[str, AliasTarget]) -> tuple[Candidate, ...]:
    """All whom a node's `model` leads to, whoever has a key. Raises ModelRequestInvalid for a name that stands for nothing."""
    _, candidates = _resolve(name, models)
    return candidates


def routes_of(*, models: Mapping[str, AliasTarget], keys: Keys) -> tuple[Route, ...]:
    """The routes of all aliases, by name. An alias that leads nowhere has none."""
    found = []
    for name in sorted({*DEFAULT_MODELS, *models}):
        try:
            found.append(route_of(name, models=models, keys=keys))
        except ModelRequestInvalid:
            continue
    return tuple(found)


def provider_of(candidate: Candidate, *, keys: Keys) -> Provider:
    """The adapter of a candidate. Raises ModelRequestInvalid where there is no key."""
    key = keys.find(candidate.provider, candidate.key)
    if key is None:
        raise ModelRequestInvalid(f"{candidate.id} has no key here")
    return _adapter(key)


def embedder_of(provider: str, *, keys: Keys) -> Embedder:
    """Who makes vectors with a provider's models. Raises ModelRequestInvalid where there is no key, or where the provider makes none."""
    key = keys.find(provider)
    if key is None:
        raise ModelRequestInvalid(f"{provider} has no key here")
    adapter = _adapter(key)
    if not isinstance(adapter, Embedder):
        raise ModelRequestInvalid(f"{provider} makes no vectors: name OpenAI, Gemini or a compatible server")
    return adapter


@lru_cache(maxsize=64)
def _adapter(key: Key) -> Provider:
    return _made(VENDORS.get(key.provider, COMPATIBLE), key)


def _made(vendor: Vendor, key: Key) -> Provider:
    return vendor.make(getattr(import_module(f"chalicelib.providers.{vendor.module}"), vendor.adapter), key)


def forget_adapters() -> None:
    """Make new adapters from now on: a client keeps the address that it was made with."""
    _adapter.cache_clear()


def _resolve(name: str, models: Mapping[str, AliasTarget]) -> tuple[Strategy, tuple[Candidate, ...]]:
    """A name, an alias of it, or an alias of an alias."""
    known: Mapping[str, AliasTarget | tuple[Candidate, ...]] = {**DEFAULT_MODELS, **models}
    target = known.get(name, name)
    target = known.get(target, target) if isinstance(target, str) else target
    match target:
        case str():
            return Strategy.PRIORITY, (_candidate(target, name, known),)
        case RouteSetting():
            candidates = [_candidate(each.model, name, known, key=each.key, priority=each.priority, window=each.window) for each in target.candidates]
            return Strategy(target.strategy), tuple(sorted(candidates, key=lambda candidate: candidate.priority))
        case _:
            return Strategy.PRIORITY, target


def _candidate(text: str, name: str, aliases: Mapping[str, object], **more: Any) -> Candidate:
    provider, _, model = text.partition(":")
    if not model:
        raise ModelRequestInvalid(f"{name} is no alias of a model and no provider:model; the aliases are {', '.join(sorted(aliases))}")
    return Candidate(provider, model, **more)
