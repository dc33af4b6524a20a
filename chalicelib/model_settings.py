"""The settings of models: aliases with their candidates, vendors' keys, endpoints that speak OpenAI's language.

In: what `settings` has read. Out: pydantic types that refuse what cannot work, with words that say what to write instead. Never makes a client, never
shows a key.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

VENDORS: Final = ("anthropic", "openai", "google", "bedrock", "offline")
_WORDS_ALONE: Final = frozenset(("anthropic", "bedrock", "offline"))  # vendors whose adapters make no vectors
_NAME: Final = re.compile(r"^[a-z][a-z0-9_-]{0,30}$")
_REGION: Final = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_SHOWN_TARGETS: Final = 'write "provider:model", such as "anthropic:claude-sonnet-5-5"'


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _target(text: str) -> str:
    provider, colon, model = text.partition(":")
    if not colon or not provider or not model:
        raise ValueError(f"{text!r} names no model; {_SHOWN_TARGETS}")
    return text


class CandidateSetting(_Closed):
    """`key` is the name of one of the vendor's keys, `window` the context window in tokens. The smallest `priority` comes first."""

    model: Annotated[str, AfterValidator(_target)]
    priority: Annotated[int, Field(ge=1, le=1000)] = 1
    window: Annotated[int, Field(ge=1)] | None = None
    key: str = "default"


def _candidate(given: object) -> object:
    return {"model": given} if isinstance(given, str) else given


class RouteSetting(_Closed):
    """An alias with several candidates."""

    strategy: Literal["priority", "cheapest", "fastest"] = "priority"
    candidates: Annotated[tuple[Annotated[CandidateSetting, BeforeValidator(_candidate)], ...], Field(min_length=1, max_length=16)]


def _form(given: object) -> str | None:
    match given:
        case str():
            return "name"
        case dict() | RouteSetting():
            return "route"
        case _:
            return None


AliasTarget = Annotated[
    Annotated[str, Tag("name")] | Annotated[RouteSetting, Tag("route")],
    Discriminator(_form, custom_error_type="alias", custom_error_message=_SHOWN_TARGETS + ', or {"candidates": ["provider:model", …]}'),
]


class CompatibleEndpoint(_Closed):
    """Where a server that speaks OpenAI's language listens (`…/v1`)."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    key: str = Field(default="", repr=False)


def _endpoints(given: Mapping[str, CompatibleEndpoint]) -> Mapping[str, CompatibleEndpoint]:
    for name in given:
        if name in VENDORS or not _NAME.match(name):
            raise ValueError(f"an endpoint cannot be called {name!r}: take small letters, digits, - and _, and not {', '.join(VENDORS)}")
    return given


CompatibleEndpoints = Annotated[Mapping[str, CompatibleEndpoint], AfterValidator(_endpoints)]


def _region(text: str) -> str:
    if text and not _REGION.match(text):
        raise ValueError(f"{text!r} is no region; write one such as eu-central-1, or nothing")
    return text


Region = Annotated[str, AfterValidator(_region)]


def _embedding_model(text: str) -> str:
    if text and _target(text).partition(":")[0] in _WORDS_ALONE:
        raise ValueError(f'{text!r} makes no vectors; write one such as "openai:text-embedding-3-small", or nothing')
    return text


EmbeddingModel = Annotated[str, AfterValidator(_embedding_model)]


def _key_text(text: str) -> str:
    named_keys(text)
    return text


def named_keys(text: str) -> Mapping[str, str]:
    """The keys of one vendor by name: a plain text is the one called `default`. Raises ValueError, without the text."""
    if not text.lstrip().startswith("{"):
        return {"default": text} if text else {}
    try:
        keys = json.loads(text)
    except json.JSONDecodeError as fault:
        raise ValueError(f"not JSON, {fault.msg} at character {fault.pos}") from None
    if not all(isinstance(key, str) and key for key in keys.values()):
        raise ValueError('several keys are given as {"name": "key"}')
    return dict(keys)


KeyText = Annotated[str, AfterValidator(_key_text)]
