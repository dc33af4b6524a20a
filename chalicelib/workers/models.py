"""The model calls of one agent node: who answers, at whose cost, and what people may see of it.

In: the work and its node. Out: `Models`: `ask`, as the agent's loop wants it, and `details` for the node run.
"""

from dataclasses import dataclass, field
from typing import Final

from chalicelib.providers.model import ModelRequest, ModelResponse
from chalicelib.providers.select import Keys, choose
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.workers.work import Work

DEFAULT_MODEL: Final = "default"


@dataclass
class Models:
    """`agent` and `part` are those of an agent that the node's own delegates to."""

    work: Work
    node: AgentCall
    agent: str | None = None
    part: str = ""
    details: JsonObject = field(default_factory=dict)

    @property
    def instructions(self) -> str | None:
        return self.node.system

    def ask(self, request: ModelRequest, key: str) -> ModelResponse:  # noqa: ARG002
        """Raises a ModelFailure."""
        deployment = settings()
        chosen = choose(self.node.model or DEFAULT_MODEL, models=deployment.models, keys=Keys(anthropic=deployment.anthropic_api_key))
        if chosen.why:
            self.details["why"] = chosen.why
        return chosen.provider.call(request, model=chosen.model, seconds=self.work.seconds_left())
