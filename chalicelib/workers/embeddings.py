"""Vectors for a workflow's memory, where the deployment names a model that makes them (SLUICE_EMBEDDINGS).

In: the work and a text. Out: its vector, or None: whatever goes wrong (no key, a vendor in trouble, a budget that is spent) is a warning, and memory
goes by words alone. Each call is held by the budgets and stands in the ledger like any other of the node's, under a key of its own: one that a crash
repeats was paid for twice. Never retries, never waits longer than SECONDS.
"""

import math
from dataclasses import dataclass
from typing import Final

from chalicelib import ids
from chalicelib.access.metering import metered
from chalicelib.access.redaction import Redaction
from chalicelib.agents.memory import MAX_DIMENSIONS
from chalicelib.errors import BudgetExceeded, ModelUnpriced, SecretMissing
from chalicelib.providers.estimate import list_price, upper_input_tokens
from chalicelib.providers.failures import ModelFailure, ModelUnavailable
from chalicelib.providers.model import ModelRequest, user
from chalicelib.providers.prices import Tokens
from chalicelib.providers.select import Keys, embedder_of
from chalicelib.settings import settings
from chalicelib.workers.model_router import models
from chalicelib.workers.secrets import guarded
from chalicelib.workers.spots import spot_of
from chalicelib.workers.warn import warn
from chalicelib.workers.work import Work

SECONDS: Final = 5.0
_CALL: Final = "emb"


@dataclass(frozen=True, slots=True)
class Embeddings:
    """`model` is `provider:model`."""

    work: Work
    model: str

    def vector(self, text: str) -> tuple[float, ...] | None:
        try:
            return self._counted(text)
        except (ModelFailure, BudgetExceeded, ModelUnpriced, SecretMissing) as failure:
            warn(self.work.attempt, [f"memory goes by words alone: {self.model} gave no vector ({type(failure).__name__}: {failure})"])
            return None

    def _counted(self, text: str) -> tuple[float, ...]:
        provider, _, model = self.model.partition(":")
        keys = models().keys
        embedder, hiding = embedder_of(provider, keys=keys), _hiding(provider, keys)
        most = Tokens(fresh=upper_input_tokens(ModelRequest((user(text),))), output=0)
        amount = list_price(provider, model)(most)
        embedded = metered(
            spot_of(self.work, amount),
            call_key=f"{self.work.effect_key}/{ids.new_id(_CALL)}",
            amount=amount,
            run_limit=self.work.facts.limit_of(amount),
            call=lambda: guarded(hiding, lambda: embedder.embed([text], model=model, seconds=min(SECONDS, self.work.seconds_left()))),
        )
        return _usable(embedded.vectors[0])


def _hiding(provider: str, keys: Keys) -> Redaction:
    """Some servers repeat the key in what they refuse."""
    key = keys.find(provider)
    return Redaction({f"key of {provider}": key.secret} if key is not None else {})


def _usable(vector: tuple[float, ...]) -> tuple[float, ...]:
    """Servers of one's own may say anything."""
    if not 0 < len(vector) <= MAX_DIMENSIONS or not all(map(math.isfinite, vector)):
        raise ModelUnavailable(f"a vector has 1 to {MAX_DIMENSIONS:,} finite numbers")
    return vector


def embeddings(work: Work) -> Embeddings | None:
    """None where the deployment names no model for them."""
    model = settings().embeddings
    return Embeddings(work, model) if model else None
