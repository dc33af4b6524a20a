"""Candidates that answer by script, a world in which no time passes by itself, and a shared health record in memory that many containers may use.

In: what each candidate shall do. Out: `World`, whose `router()` is a container of its own. `World.calls` are the candidates called, in order.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.providers.breaker import Standing
from chalicelib.providers.candidates import Candidate, Route, Strategy
from chalicelib.providers.counts import Counts, together
from chalicelib.providers.failures import ModelFailure
from chalicelib.providers.health import Health, Shared
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, StopReason, Usage, user
from chalicelib.providers.router import Routed, Router, Surroundings

REQUEST = ModelRequest(messages=(user("Hello"),))


@dataclass(frozen=True)
class Does:
    """What a candidate does when it is called: says `pieces`, then fails or ends, after `seconds`. A hanging one takes all the time it is given."""

    pieces: tuple[str, ...] = ("Hello.",)
    failure: Callable[[], ModelFailure] | None = None
    seconds: float = 1.0
    usage: Usage = field(default_factory=lambda: Usage("fake", "fake", 10, 2, cost=7))


def fails(kind: type[ModelFailure], *pieces: str, seconds: float = 0.0, retry_after: float | None = None, usage: Usage | None = None) -> Does:
    return Does(pieces, lambda: kind("it went wrong", retry_after_seconds=retry_after, usage=usage), seconds)


@dataclass
class SharedRecord:
    """The port in memory, with its rule: a change is taken upon the revision that it was made from. `down` makes every call fail."""

    standings: dict[str, Standing] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    reads: list[tuple[str, ...]] = field(default_factory=list)
    changes: list[tuple[str, Standing]] = field(default_factory=list)
    adds: list[Mapping[str, Counts]] = field(default_factory=list)
    down: bool = False
    fails_at: int = 0  # which call of the port fails, from 1
    reached: int = 0
    loses_answers: bool = False

    def read(self, candidates: Sequence[str]) -> dict[str, Shared]:
        self._reach()
        self.reads.append(tuple(candidates))
        return {name: Shared(self.standings.get(name, Standing()), self.counts.get(name, Counts())) for name in candidates}

    def change(self, candidate: str, before: Standing, after: Standing) -> bool:
        self._reach()
        if self.standings.get(candidate, Standing()).revision != before.revision:
            return False
        self.standings[candidate] = after
        self.changes.append((candidate, after))
        return not self.loses_answers

    def add(self, counts: Mapping[str, Counts], *, now: float) -> None:
        self._reach()
        self.adds.append(counts)
        for name, each in counts.items():
            self.counts[name] = together([self.counts.get(name, Counts()), each])

    def _reach(self) -> None:
        self.reached += 1
        if self.down or self.reached == self.fails_at:
            raise ConnectionError("the table is away")


@dataclass
class World:
    """`scripts`: by model, what its calls do, one after the other; the last one repeats. `at` is the time."""

    scripts: dict[str, list[Does]]
    at: float = 1_000_000.0
    shared: SharedRecord = field(default_factory=SharedRecord)
    calls: list[str] = field(default_factory=list)
    given: list[float] = field(default_factory=list)  # seconds, to each call
    pauses: list[float] = field(default_factory=list)
    limit: float = 100.0

    def router(self, owner: str = "one") -> Router:
        health = Health(self.shared, owner=owner, now=lambda: self.at, chance=lambda: 0.0)
        surroundings = Surroundings(clock=lambda: self.at, chance=random.Random(4).random, pause=self._pause)
        return Router(lambda candidate: _Provider(self, candidate), health, surroundings=surroundings)

    def call(self, router: Router, route: Route, *, on_text: OnText | None = None, buffered: bool = False, seconds: float = 100.0) -> Routed:
        ends = self.at + seconds
        return router.call(route, REQUEST, seconds_left=lambda: ends - self.at, on_text=on_text, buffered=buffered)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds


@dataclass
class _Provider:
    world: World
    candidate: Candidate

    @property
    def name(self) -> str:
        return self.candidate.provider

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        world = self.world
        script = world.scripts[model]
        does = script[min(world.calls.count(model), len(script) - 1)]
        world.calls.append(model)
        world.given.append(seconds)
        for piece in does.pieces if on_text is not None else ():
            world.at += does.seconds / len(does.pieces)
            on_text(piece)  # type: ignore[misc]
        if on_text is None or not does.pieces:
            world.at += min(seconds, does.seconds)
        if does.failure is not None:
            raise does.failure()
        return ModelResponse("".join(does.pieces), StopReason.END, does.usage)


def route(*models: str, strategy: Strategy = Strategy.PRIORITY, windows: Mapping[str, int] | None = None) -> Route:
    candidates = tuple(Candidate("fake", model, priority=place, window=(windows or {}).get(model)) for place, model in enumerate(models, 1))
    return Route("test", candidates, strategy)
