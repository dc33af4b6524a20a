"""The router of this container: the deployment's routes and keys, upon the health record that all containers share.

In: settings. Out: `models()`, with the route of a name and the router to call it by; `flush()`, which a worker calls at the end of its invocation.
One router per container, made when first needed; it gets the keys anew when they were rotated. Whatever a vendor says of a
key, no failure of a call tells it. What it tells the others is never a node's business: where that fails, the node does not.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import ids
from chalicelib.access.redaction import Redaction
from chalicelib.access.secrets import KEY_PREFIX, resolved_key
from chalicelib.errors import SecretMissing
from chalicelib.providers.candidates import Candidate, Route
from chalicelib.providers.failures import ModelAuthFailed
from chalicelib.providers.health import Health
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Provider
from chalicelib.providers.router import Router
from chalicelib.providers.select import OFFLINE, Keys, keys_of, provider_of, route_of, routes_of
from chalicelib.settings import Settings, settings
from chalicelib.store import provider_health
from chalicelib.store.provider_health import ProviderHealth
from chalicelib.workers.secrets import guarded

_log: Final = logging.getLogger(__name__)
_MAKING: Final = Lock()
_CONTAINER: Final = "ctr"
_WITHOUT_SECRET: Final = ("bedrock", OFFLINE)  # the one has a region in a key's place


@dataclass(slots=True)
class Models:
    """What a deployment's settings say of models, with the router that goes by it."""

    deployment: Settings
    keys: Keys
    router: Router
    told: set[str] = field(default_factory=set)  # candidates that the shared record knows of from here

    def route(self, name: str) -> Route:
        """Whom a node's `model` stands for. Raises ModelRequestInvalid."""
        return route_of(name, models=self.deployment.models, keys=self.keys)

    def routes(self) -> tuple[Route, ...]:
        return routes_of(models=self.deployment.models, keys=self.keys)

    def renew(self) -> None:
        """With rotated keys, once the container's five minutes with the earlier ones are over."""
        try:
            keys = _resolved(keys_of(self.deployment))
        except (BotoCoreError, ClientError):
            _log.warning("the keys of models cannot be read anew", exc_info=True)
            return
        if keys != self.keys:
            self.keys, self.router = keys, _router(keys, self.router.health)

    def flush(self) -> None:
        """Tell the others how the invocation's calls went; the first time, whom the aliases lead to here."""
        called = self.router.flush()
        if called - self.told:
            self._announce(self.routes(), called)

    def _announce(self, routes: Sequence[Route], called: frozenset[str]) -> None:
        names = called.union(candidate.id for route in routes for candidate in route.candidates)
        try:
            provider_health.announce(routes, names)
        except Exception:
            _log.exception("the routes of models cannot be told")
        else:
            self.told |= names


_held: list[Models] = []


def models() -> Models:
    """Those of the present settings."""
    deployment = settings()
    with _MAKING:
        if not _held or _held[0].deployment is not deployment:
            _held[:] = [_made(deployment)]
        else:
            _held[0].renew()
        return _held[0]


def flush() -> None:
    """At the end of an invocation; nothing where it called no model."""
    for held in _held:
        held.flush()


def _resolved(keys: Keys) -> Keys:
    """With the keys that lie in Secrets Manager."""
    endpoints = {name: endpoint.model_copy(update={"key": _key(endpoint.key)}) for name, endpoint in keys.compatible.items()}
    return replace(keys, anthropic=_key(keys.anthropic), openai=_key(keys.openai), gemini=_key(keys.gemini), compatible=endpoints)


def _key(text: str) -> str:
    """A key; what names a secret that is not there stays as it is: that vendor fails once it is asked, the others do not."""
    try:
        return resolved_key(text)
    except SecretMissing:
        return text


def _made(deployment: Settings) -> Models:
    keys = _resolved(keys_of(deployment))
    return Models(deployment, keys, _router(keys, Health(ProviderHealth(), owner=ids.new_id(_CONTAINER))))


def _router(keys: Keys, health: Health) -> Router:
    return Router(lambda candidate: _discreet(candidate, keys), health)


def _discreet(candidate: Candidate, keys: Keys) -> "Discreet":
    """Raises ModelAuthFailed where the key's secret is not there: whoever else may answer is asked then."""
    key = keys.find(candidate.provider, candidate.key)
    if key is not None and key.secret.startswith(KEY_PREFIX):
        name = key.secret.removeprefix(KEY_PREFIX).strip()
        raise ModelAuthFailed(f"{candidate.id} has no key: there is no secret {name}; put it with `sluice secrets put {name} --deployment`")
    return Discreet(provider_of(candidate, keys=keys), _hiding(candidate, keys))


def _hiding(candidate: Candidate, keys: Keys) -> Redaction:
    key = keys.find(candidate.provider, candidate.key)
    is_secret = key is not None and candidate.provider not in _WITHOUT_SECRET
    return Redaction({f"key of {candidate.provider}": key.secret} if key is not None and is_secret else {})


@dataclass(frozen=True, slots=True)
class Discreet:
    """A provider whose failures do not hold its key: some servers repeat it in what they refuse."""

    provider: Provider
    redaction: Redaction = field(repr=False)

    @property
    def name(self) -> str:
        return self.provider.name

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        return guarded(self.redaction, lambda: self.provider.call(request, model=model, seconds=seconds, on_text=on_text))
