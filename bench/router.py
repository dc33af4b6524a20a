"""What the router adds: to a call of Claude's own SDK, beside what LiteLLM's `Router` adds; and to calls while all candidates but one are dead.

All variants talk to the same fake in a second process over kept connections, in batches whose order is shuffled, so that the machine's moods meet
them alike. LiteLLM has an environment of its own, made when first needed; where it cannot be made, its row says NOT RUN.
The dead: a port where nobody listens and a server that answers 500 only. The breakers' clock runs faster than the wall's, so that many open periods
pass.
"""

import json
import random
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Final, NamedTuple

from bench.clock import busy, percentile
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT
from chalicelib.providers.anthropic import ClaudeProvider
from chalicelib.providers.breaker import Standing
from chalicelib.providers.candidates import Candidate, Route
from chalicelib.providers.counts import Counts
from chalicelib.providers.health import Health, Shared, SharedHealth
from chalicelib.providers.model import ModelRequest, ModelResponse, OnText, Provider, user
from chalicelib.providers.router import Router
from chalicelib.store.provider_health import ProviderHealth
from infra.local.environment import DROPPED, EMULATED, environment
from tests.factories.cloud import cloud
from tests.fixtures.fake_claude import KEY

BATCHES: Final = 160
BATCH: Final = 5
WARM_UP: Final = 60
LIMIT_MS: Final = 0.2
DEAD_CALLS: Final = 2_000
DEAD_LIMIT_MS: Final = 100.0
CONTAINERS: Final = 4
FASTER: Final = 200.0  # seconds of the breakers' clock in one of the wall's
LITELLM: Final = "1.109.1"
_VENV: Final = CHECKOUT / ".cache" / f"litellm-{LITELLM}"
_MODEL: Final = "claude-sonnet-4-5"
_ROUTE: Final = Route("smart", (Candidate("anthropic", _MODEL),))
REQUEST: Final = ModelRequest(messages=(user("Hello"),), max_output_tokens=64)


class Took(NamedTuple):
    """Seconds of one call: on the wall, and of the calling thread's processor."""

    wall: float
    processor: float


Batch = Callable[[], Sequence[Took]]


def run() -> Table:
    with environment(EMULATED, dropped=DROPPED), cloud(), _fake() as url, _litellm(url) as (other, why):
        variants: dict[str, Batch] = {"sdk": _sdk(url), "adapter": _adapter(url), "router": _router(url), **({"litellm": other} if other else {})}
        times = _interleaved(variants)
        one, four = (_dead(url, containers) for containers in (1, CONTAINERS))
    added = {name: (_median(times[name]) - _median(times["sdk"])) * 1000 for name in times}
    figures = (
        at_most(f"router over its own SDK, median of {len(times['router'])} calls, processor time", added["router"], LIMIT_MS, digits=3, unit=" ms"),
        Figure("LiteLLM's Router over the same SDK", f"{added['litellm']:.3f} ms" if "litellm" in added else f"NOT RUN: {why}"),
        Figure("a dead candidate's calls per open period, most", f"{one.most}", "<= 1", one.most <= 1),
        at_most(f"two of three candidates dead, p95 added over {DEAD_CALLS:,} calls", one.added_p95 * 1000, DEAD_LIMIT_MS, digits=1, unit=" ms"),
        Figure(f"the same with {CONTAINERS} containers", f"{four.added_p95 * 1000:.1f} ms"),
    )
    columns = ("variant", "processor ms", "over the SDK", "wall ms", "wall p95")
    rows = [_row(name, each, added[name]) for name, each in times.items()]
    return Table("The router", figures, columns, rows, [one.told(1), four.told(CONTAINERS), f"{busy()}."])


def _median(times: Sequence["Took"]) -> float:
    return median(took.processor for took in times)


def _row(name: str, times: Sequence["Took"], added: float) -> tuple[str, ...]:
    walls = [took.wall for took in times]
    return name, f"{_median(times) * 1000:.3f}", f"{added:+.3f} ms", f"{median(walls) * 1000:.3f}", f"{percentile(walls, 0.95) * 1000:.3f}"


def _interleaved(variants: Mapping[str, Batch]) -> dict[str, list[Took]]:
    times: dict[str, list[Took]] = {name: [] for name in variants}
    order = random.Random(1)
    for batch in variants.values():
        for _ in range(WARM_UP // BATCH):
            batch()
    for _ in range(BATCHES):
        for name in order.sample(list(variants), len(variants)):
            times[name] += variants[name]()
    return times


def _batch(call: Callable[[], object]) -> Batch:
    return lambda: [_timed(call) for _ in range(BATCH)]


def _timed(call: Callable[[], object]) -> Took:
    wall, processor = perf_counter(), thread_time()
    call()
    return Took(perf_counter() - wall, thread_time() - processor)


def _sdk(url: str) -> Batch:
    import anthropic

    client = anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0)
    return _batch(lambda: client.messages.create(model=_MODEL, max_tokens=64, messages=[{"role": "user", "content": "Hello"}], timeout=30))


def _adapter(url: str) -> Batch:
    claude = ClaudeProvider(KEY, base_url=url)
    return _batch(lambda: claude.call(REQUEST, model=_MODEL, seconds=30))


def _router(url: str) -> Batch:
    claude = ClaudeProvider(KEY, base_url=url)
    router = Router(lambda _: claude, Health(ProviderHealth(), owner="bench"))
    return _batch(lambda: router.call(_ROUTE, REQUEST, seconds_left=lambda: 30.0))


@dataclass
class Periods:
    """How often the dead candidates were called since each was last opened, all containers together."""

    openings: int = 0
    most: int = 0
    total: int = 0
    added_p95: float = 0.0
    _calls: dict[str, int] = field(default_factory=dict)

    def opened(self, model: str) -> None:
        self.openings += 1
        self._calls[model] = 0

    def called(self, model: str) -> None:
        if model in self._calls:
            self.total += 1
            self._calls[model] += 1
            self.most = max(self.most, self._calls[model])

    def told(self, containers: int) -> str:
        who = "one container" if containers == 1 else f"{containers} containers"
        return f"{who}: {self.openings} open periods, {self.total} calls of the dead after their breakers first opened, {self.most} a period at most."


@dataclass(frozen=True)
class _Noted:
    """The shared record, with its openings noted."""

    record: SharedHealth
    periods: Periods

    def read(self, candidates: Sequence[str]) -> Mapping[str, Shared]:
        return self.record.read(candidates)

    def change(self, candidate: str, before: Standing, after: Standing) -> bool:
        is_written = self.record.change(candidate, before, after)
        if is_written and after.open_until is not None and not after.probe_owner:
            self.periods.opened(candidate.partition(":")[2])
        return is_written

    def add(self, counts: Mapping[str, Counts], *, now: float) -> None:
        self.record.add(counts, now=now)


@dataclass(frozen=True)
class _Called:
    """A provider, with its calls noted."""

    provider: Provider
    periods: Periods

    @property
    def name(self) -> str:
        return self.provider.name

    def call(self, request: ModelRequest, *, model: str, seconds: float, on_text: OnText | None = None) -> ModelResponse:
        self.periods.called(model)
        return self.provider.call(request, model=model, seconds=seconds, on_text=on_text)


def _dead(url: str, containers: int) -> Periods:
    """Calls over two dead candidates and a living one, by several containers in turn."""
    periods = Periods()
    living = ClaudeProvider(KEY, base_url=url)
    providers: dict[str, Provider] = {
        "claude-refused": _Called(ClaudeProvider(KEY, base_url="http://127.0.0.1:9"), periods),
        "claude-broken": _Called(ClaudeProvider(KEY, base_url=f"{url}/broken"), periods),
        _MODEL: living,
    }
    route = Route("smart", tuple(Candidate(f"anthropic-{containers}", model) for model in providers))
    began = time.time()

    def now() -> float:
        return began + (time.time() - began) * FASTER

    routers = [
        Router(lambda candidate: providers[candidate.model], Health(_Noted(ProviderHealth(now), periods), owner=f"c{number}", now=now))
        for number in range(containers)
    ]
    direct: list[float] = []
    routed: list[float] = []
    for number in range(DEAD_CALLS):
        direct.append(_timed(lambda: living.call(REQUEST, model=_MODEL, seconds=30)).wall)
        router = routers[number % containers]
        routed.append(_timed(lambda router=router: router.call(route, REQUEST, seconds_left=lambda: 30.0)).wall)  # type: ignore[misc]
    periods.added_p95 = percentile(routed, 0.95) - percentile(direct, 0.95)
    return periods


@contextmanager
def _fake() -> Iterator[str]:
    with _process([sys.executable, "-m", "bench.claude_server"]) as (_, url):
        yield url


@contextmanager
def _litellm(url: str) -> Iterator[tuple[Batch | None, str]]:
    """LiteLLM's router in its own environment; or None, and why."""
    try:
        python = _environment()
    except (OSError, subprocess.CalledProcessError) as error:
        yield None, f"its environment cannot be made ({type(error).__name__})"
        return
    with _process([str(python), str(CHECKOUT / "bench" / "litellm_calls.py"), url, KEY]) as (process, said):
        if said != "ready":
            yield None, "it does not start"
            return
        yield lambda: _asked(process), ""


def _asked(process: "subprocess.Popen[str]") -> list[Took]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{BATCH}\n")
    process.stdin.flush()
    return [Took(*seconds) for seconds in json.loads(process.stdout.readline())]


def _environment() -> Path:
    """LiteLLM's Python; made with pip when it is not there yet."""
    python = _VENV / "bin" / "python"
    done = _VENV / "done"
    if not done.exists():
        venv.create(_VENV, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"litellm=={LITELLM}"], check=True, capture_output=True)
        done.touch()
    return python


@contextmanager
def _process(command: Sequence[str]) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A process and its first line; it ends with its stdin."""
    process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
