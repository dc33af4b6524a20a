"""The model calls of one agent node: who answers, within which budget, out of the cache or not, and to whose eyes as it comes.

In: the work and its node. Out: `Models`: `ask`, as agents want it, and `details` of how it went for the node run. Around each call, from the outside
in: the cache (where the node says so), the budgets and the ledger, the router, the watchers' stream. Offline answers cost nothing and stand in no
ledger. Every call that is really made has a key of its own, so that one that a crash repeats is counted twice: it was paid for twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from chalicelib.access.metering import metered
from chalicelib.agents.directory import choose
from chalicelib.agents.presets import PRESETS, Preset
from chalicelib.live.texts import TextStream
from chalicelib.providers.cached import CacheOutcome, KeyRequest, cached_call
from chalicelib.providers.candidates import Candidate, Route, Strategy
from chalicelib.providers.estimate import list_price, upper_cost
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText
from chalicelib.providers.router import Routed
from chalicelib.providers.select import OFFLINE
from chalicelib.providers.trail import Step
from chalicelib.spec.agent_parts import Skill
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import AgentCall
from chalicelib.store.response_cache import ResponseCache
from chalicelib.workers.model_router import models
from chalicelib.workers.spots import spot_of
from chalicelib.workers.work import Work

DEFAULT_MODEL: Final = "default"


@dataclass
class Models:
    """`agent` is one that the node's own delegates to, `part` the key of that call; both empty for the node itself."""

    work: Work
    node: AgentCall
    agent: str = ""
    part: str = ""
    chosen_why: str = field(init=False, default="")
    preset: Preset | None = field(init=False, default=None)
    cached: list[CacheOutcome] = field(init=False, default_factory=list)
    why: str = field(init=False, default="")
    answered_by: str = field(init=False, default="")  # the candidate that gave the last answer

    def __post_init__(self) -> None:
        self.preset, self.chosen_why = _preset(self.agent or self.node.agent)

    @property
    def model(self) -> str:
        """The alias or `provider:model` that is asked."""
        own = None if self.agent else self.node.model
        return own or (self.preset.model if self.preset is not None else DEFAULT_MODEL)

    @property
    def usual_tools(self) -> tuple[str, ...]:
        """The names of tools that suit the agent."""
        return self.preset.tools if self.preset is not None else ()

    @property
    def max_turns(self) -> int:
        """Of a task that the agent is handed: its own, and never more than the node's."""
        return min(self.preset.max_turns if self.preset is not None else self.node.max_turns, self.node.max_turns)

    def system(self, own: str | None) -> str | None:
        """The preset's instructions, then the node's own."""
        texts = [self.preset.system if self.preset is not None else "", own or ""]
        return "\n\n".join(text for text in texts if text) or None

    def ask(self, request: ModelRequest, key: str) -> ModelResponse:
        """Raises a ModelFailure, BudgetExceeded or ModelUnpriced."""
        route = models().route(self.model)
        self.why = route.why
        if self.node.cache is None or self.agent:
            return self._counted(route, request, key)
        first = self._first(route, request)
        response, outcome = cached_call(
            KeyRequest(request, first.provider, first.model),
            store=ResponseCache(self.work.payload.organisation_id),
            ttl_seconds=self.node.cache.ttl_seconds,
            call=lambda: self._counted(route, request, key),
            seconds_left=self.work.seconds_left,
            pause=time.sleep,
            is_by_asked=lambda: self.answered_by == first.id,
        )
        self.cached.append(outcome)
        return response

    @property
    def details(self) -> JsonObject:
        """What people may see of how it went."""
        shown = self._agent_shown
        if self.why:
            shown["why"] = self.why
        shown |= self.work.trail.shown
        if self.cached:
            shown["cache"] = {"came": self.cached[-1].came.value, "saved_micro_dollars": sum(outcome.saved or 0 for outcome in self.cached)}
        return shown

    @property
    def _agent_shown(self) -> JsonObject:
        """As it was chosen at publishing; by a version that is older than that, now."""
        if self.preset is None:
            return {}
        return self.work.chosen_agent or {"agent": self.preset.name, "agent_kind": "preset", "agent_why": self.chosen_why}

    def _first(self, route: Route, request: ModelRequest) -> Candidate:
        """Who would be asked first now; only where speed or price decide, that takes a look at what is known of them."""
        return route.candidates[0] if route.strategy is Strategy.PRIORITY else models().router.order(route, request)[0].candidate

    def _counted(self, route: Route, request: ModelRequest, key: str) -> ModelResponse:
        """Within the budgets and in the ledger."""
        if all(candidate.provider == OFFLINE for candidate in route.candidates):
            return self._streamed(key, request, lambda on_text: self._offline(route, request, on_text))
        amount = most_cost(route, request)
        return metered(
            spot_of(self.work, amount),
            call_key=f"{self.work.effect_key}/{self.part}/{key}/{'.'.join(map(str, self.work.attempt.fence.order))}",
            amount=amount,
            run_limit=self.work.facts.limit_of(amount),
            call=lambda: self._streamed(key, request, lambda on_text: self._routed(route, request, on_text)),
        )

    def _routed(self, route: Route, request: ModelRequest, on_text: OnText | None) -> ModelResponse:
        """By the router; what calls that failed before the answer took belongs to it."""
        try:
            routed = models().router.call(route, request, seconds_left=self.work.seconds_left, on_text=on_text, buffered=self.node.buffer)
        except ModelFailure as failure:
            self._note(failure.trail)
            raise
        self._note(routed.trail)
        self.answered_by = routed.trail[-1].candidate
        return whole(routed)

    def _note(self, steps: Sequence[Step]) -> None:
        """What another agent's calls went through belongs to its call, not to the node."""
        if not self.agent:
            self.work.trail.add(steps)

    def _offline(self, route: Route, request: ModelRequest, on_text: OnText | None) -> ModelResponse:
        candidate = route.candidates[0]
        provider = models().router.provider_of(candidate)
        self.answered_by = candidate.id
        return provider.call(request, model=candidate.model, seconds=self.work.seconds_left(), on_text=on_text)

    def _streamed(self, key: str, request: ModelRequest, call: Callable[[OnText | None], ModelResponse]) -> ModelResponse:
        """To whoever watches; where nobody does, or the answer is data, it is not streamed and the router may fall back at any time."""
        if request.output is not None or self.agent:
            return call(None)
        with TextStream(self.work.attempt, self.work.facts.workflow_id, call=f"{self.work.attempt.fence.visit_name}/{key}") as text:
            return call(text.add if text.is_watched else None)


def _preset(asked: str | Skill | None) -> tuple[Preset | None, str]:
    """The preset that a node names or asks for by skill, and why it is that one. Raises AgentUnknown."""
    if asked is None:
        return None, ""
    cards = [preset.card for preset in PRESETS.values()]
    chosen = choose({"skill": asked.skill} if isinstance(asked, Skill) else {"name": asked}, cards)
    return PRESETS[chosen.card.name], chosen.why


def most_cost(route: Route, request: ModelRequest) -> int | None:
    """The most that the call is likely to cost, whoever answers; None where one of them has no price."""
    costs = [upper_cost(request, list_price(candidate.provider, candidate.model)) for candidate in route.candidates]
    priced = [cost for cost in costs if cost is not None]
    return max(priced) if len(priced) == len(costs) else None


def whole(routed: Routed) -> ModelResponse:
    """The answer with what all calls on the way to it took."""
    return routed.response if routed.usage == routed.response.usage else replace(routed.response, usage=routed.usage)
