"""How soon a watcher hears of an event: a hundred watchers in a second process, runs whose every change is told to all of them.

From the moment at which the event is written (its transaction is done) to the moment at which a watcher's process has read the frame, over all pairs
of event and watcher. Everything in between is measured: who watches, a hundred posts to `@connections`, the gateway, the loopback, the client.
Two processes share the machine with whatever else runs there, so the run that was disturbed least is the one that tells.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, Final

from bench.clock import busy, percentile
from bench.counted_runs import stage
from bench.table import Figure, Table, at_most
from bench.task_graphs import CHECKOUT
from chalicelib.live import publish as live
from infra.local.patches.patch import Patch, Replacement, applied
from infra.local.people import token_of

WATCHERS: Final = 100
LIMIT_MS: Final = 50.0
NODES: Final = 10
RUNS: Final = 4
SETTLE_SECONDS: Final = 1.0


def run() -> Table:
    with stage() as here, _noting_writes() as written:
        workflow_id = here.publish(_chain(), name="measured-live")
        with _watchers(here.url, workflow_id) as watchers:
            for _ in range(RUNS):
                here.ended(here.start(workflow_id, {}))
            sleep(SETTLE_SECONDS)
            receipts = json.loads(watchers.communicate(timeout=60)[0])
    return _table(written, receipts)


def _table(written: dict[str, float], receipts: dict[str, list[float]]) -> Table:
    runs: dict[str, list[list[float]]] = {}
    for event, moments in receipts.items():
        if event in written:
            runs.setdefault(event.partition(":")[0], []).append([moment - written[event] for moment in moments])
    p95 = {run_id: percentile(_all(delays), 0.95) for run_id, delays in runs.items()}
    best = runs[min(p95, key=lambda run_id: p95[run_id])]
    heard, due = sum(map(len, receipts.values())), len(written) * WATCHERS
    figures = (
        at_most(f"event written to event received, {WATCHERS} watchers, p95", min(p95.values()) * 1000, LIMIT_MS, digits=1, unit=" ms"),
        Figure("frames received", f"{heard:,} of {due:,}", "all", heard == due),
        _shown("all watchers, median", _all(best), 0.5),
        _shown("the first watcher, median", [min(delays) for delays in best], 0.5),
        _shown("the last watcher, p95", [max(delays) for delays in best], 0.95),
        Figure("p95 of each run", ", ".join(f"{seconds * 1000:.0f}" for seconds in p95.values()) + " ms"),
    )
    return Table("Events to watchers", figures, notes=[f"{len(written)} events of {RUNS} runs; {busy()}."])


def _all(delays: Sequence[Sequence[float]]) -> list[float]:
    return [delay for event in delays for delay in event]


def _shown(what: str, delays: Sequence[float], share: float) -> Figure:
    return Figure(what, f"{percentile(delays, share) * 1000:.1f} ms")


def _chain() -> str:
    """Nodes one after the other: each start and each end is an event."""
    nodes = "".join(f"  n{index}: {{type: tool_call, tool: time.now{f', after: [n{index - 1}]' if index else ''}}}\n" for index in range(NODES))
    return f"sluice: 1\nname: measured-live\nnodes:\n{nodes}"


@contextmanager
def _noting_writes() -> Iterator[dict[str, float]]:
    """The moment at which each event's transaction was done: pushing begins then."""
    written: dict[str, float] = {}
    push = live._publish  # noqa: SLF001

    def noting(events: Sequence[Any]) -> None:
        now = monotonic()
        written.update({f"{event.run_id}:{event.number}": now for event in events})
        push(events)

    with applied([Patch("noted", "", (Replacement(live, "_publish", noting),))]):
        yield written


@contextmanager
def _watchers(url: str, workflow_id: str) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "bench.watchers", url, workflow_id, str(WATCHERS)]
    environment = {**os.environ, "SLUICE_TOKEN": token_of("watcher", ("viewer", "admin")), "SLUICE_CREDENTIALS": f"{os.devnull}/none"}
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "watching":
            raise RuntimeError("the watchers did not connect")
        yield process
    finally:
        process.kill()
        process.wait()
