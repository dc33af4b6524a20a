"""The router of this container: the deployment's routes and keys, upon the health record that all containers share.

In: settings. Out: `models()`, with the route of a name and the router to call it by; `flush()`, which a worker calls at the end of its invocation.
One router per container, made when first needed. What it tells the others is never a node's business: where that fails, the node does not.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from chalicelib import ids
from chalicelib.access.secrets import resolved_key
from chalicelib.providers.candidates import Route
from chalicelib.providers.health import Health
from chalicelib.providers.router import Router
from chalicelib.providers.select import Keys, keys_of, provider_of, route_of, routes_of
from chalicelib.settings import Settings, settings
from chalicelib.store import provider_health
from chalicelib.store.provider_health import ProviderHealth

_log: Final = logging.getLogger(__name__)
_MAKING: Final = Lock()
_CONTAINER: Final = "ctr"


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
        return _held[0]


def flush() -> None:
    """At the end of an invocation; nothing where it called no model."""
    for held in _held:
        held.flush()


def _resolved(keys: Keys) -> Keys:
    """With the keys that lie in Secrets Manager. Raises SecretMissing."""
    endpoints = {name: endpoint.model_copy(update={"key": resolved_key(endpoint.key)}) for name, endpoint in keys.compatible.items()}
    return replace(
        keys,
        anthropic=resolved_key(keys.anthropic),
        openai=resolved_key(keys.openai),
        gemini=resolved_key(keys.gemini),
        compatible=endpoints,
    )


def _made(deployment: Settings) -> Models:
    keys = _resolved(keys_of(deployment))
    health = Health(ProviderHealth(), owner=ids.new_id(_CONTAINER))
    return Models(deployment, keys, Router(lambda candidate: provider_of(candidate, keys=keys), health))
