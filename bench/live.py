"""How soon a watcher hears of an event: a hundred watchers in a second process, runs whose every change is told to all of them.

From the moment at which the event is written (its transaction is done) to the moment at which a watcher's process has read the frame, over all pairs
of event and watcher. Everything in between is measured: who watches, a hundred posts to `@connections`, the gateway, the loopback, the client.
"""

import json
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

WATCHERS: Final = 100
LIMIT_MS: Final = 50.0
NODES: Final = 10
RUNS: Final = 2
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
    delays = [moment - written[event] for event, moments in receipts.items() if event in written for moment in moments]
    first = [min(moments) - written[event] for event, moments in receipts.items() if event in written]
    last = [max(moments) - written[event] for event, moments in receipts.items() if event in written]
    heard = sum(map(len, receipts.values()))
    due = len(written) * WATCHERS
    figures = (
        at_most(f"event written to event received, {WATCHERS} watchers, p95", percentile(delays, 0.95) * 1000, LIMIT_MS, digits=1, unit=" ms"),
        Figure("frames received", f"{heard:,} of {due:,}", "all", heard == due),
        _shown("all watchers, median", delays, 0.5),
        _shown("the first watcher, median", first, 0.5),
        _shown("the last watcher, p95", last, 0.95),
    )
    return Table("Events to watchers", figures, notes=[f"{len(written)} events of {RUNS} runs; {busy()}."])


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
    process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "watching":
            raise RuntimeError("the watchers did not connect")
        yield process
    finally:
        process.kill()
        process.wait()
