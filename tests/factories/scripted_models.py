"""A vendor of models that says what its script says, behind the deployment's own router, and counts what it is paid for.

In: turns (as in `agent_scripts`), and what stands around each answer, such as a planned fault. Out: `ScriptedVendor`, and `answered_by`, a context
in which every model of the deployment is that one. Each entering makes a router of its own, as a new container would.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from chalicelib.providers.failures import ModelUnavailable
from chalicelib.providers.health import Health
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Provider, Role
from chalicelib.providers.router import Router, Surroundings
from chalicelib.providers.select import keys_of
from chalicelib.settings import settings
from chalicelib.store.provider_health import ProviderHealth
from chalicelib.workers import model_router
from tests.factories.agent_scripts import Turn, spoken

CALL: Final = "models.example:Ask"
COST: Final = 5  # micro-dollars of an answer; see `agent_scripts.usage` for its tokens
Around = Callable[[str, Callable[[], Any]], Any]


def plainly(_operation: str, effect: Callable[[], Any]) -> Any:
    return effect()


@dataclass
class ScriptedVendor:
    """Says the turn that the conversation has come to. `answered`: answers that were made, and so have to be paid for, heard or not. `parts`: what is
    said in conversations that begin with another prompt, as those of agents that are handed a task."""

    turns: Sequence[Turn]
    around: Around = plainly
    parts: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    answered: int = 0
    name: str = "anthropic"
    requests: list[ModelRequest] = field(default_factory=list)

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        made: list[ModelResponse] = []
        try:
            self.around(CALL, lambda: made.append(self._made(request, model)))
        except ConnectionError as lost:
            raise ModelUnavailable("no answer") from lost
        return made[-1]

    def _made(self, request: ModelRequest, model: str) -> ModelResponse:
        self.answered += 1
        self.requests.append(request)
        place = sum(message.role is Role.ASSISTANT for message in request.messages)
        turns = self.parts.get(request.messages[0].text, self.turns)
        response = spoken(turns[min(place, len(turns) - 1)], place, cost=COST)
        return replace(response, usage=replace(response.usage, provider=self.name, model=model))


@contextmanager
def answered_by(vendor: Provider) -> Iterator[None]:
    """Every candidate is answered by the vendor, which takes no time and is asked again without a pause."""
    deployment, before = settings(), list(model_router._held)
    router = Router(lambda _: vendor, Health(ProviderHealth(), owner="one"), surroundings=Surroundings(pause=lambda _: None))
    model_router._held[:] = [model_router.Models(deployment, keys_of(deployment), router)]
    try:
        yield
    finally:
        model_router._held[:] = before
