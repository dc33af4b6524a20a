"""A hundred watchers of one run: each gets every event once, in order, also who reconnects; a connection torn down harms nobody."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from chalicelib.store import connections
from cli.watch import watch
from tests.factories.local_runs import LocalRuns, eventually
from tests.factories.watchers import Watcher, watch_all

pytestmark = pytest.mark.scenario

STEPS: Final = [f"step_{number}" for number in range(6)]
STEP: Final[dict[str, Any]] = {"type": "tool_call", "tool": "text.template", "with": {"template": "hello"}}
CHAIN: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "chain",
    "nodes": {
        "go": {"type": "human_gate", "ask": "Go?", "timeout_seconds": 600},
        **{step: {**STEP, "after": [before]} for before, step in zip(["go", *STEPS], STEPS, strict=False)},
        "left": {**STEP, "after": [STEPS[-1]]},
        "right": {**STEP, "after": [STEPS[-1]]},
        "last": {**STEP, "after": ["left", "right"]},
    },
}


@pytest.fixture(scope="module")
def chain(runs: LocalRuns) -> LocalRuns:
    runs.publish(CHAIN)
    return runs


def waiting_run(runs: LocalRuns) -> tuple[str, Any]:
    run_id = runs.start("chain")
    gate = runs.gate(run_id)
    return run_id, lambda: runs.decide(gate, "approve", by="ann")


def watcher(runs: LocalRuns, run_id: str, **fields: Any) -> Watcher:
    return Watcher(lambda: runs.api.live_issue_ticket()["url"], run_id, **fields)


def test_a_hundred_watchers_get_every_event_in_order(chain: LocalRuns) -> None:
    run_id, go = waiting_run(chain)
    steady = [watcher(chain, run_id) for _ in range(70)]
    breaking = [watcher(chain, run_id, breaks_at=6 + number) for number in range(20)]
    gone = [watcher(chain, run_id, breaks_at=8, comes_back=False) for _ in range(10)]
    asyncio.run(watch_all([*steady, *breaking, *gone], go))
    log = chain.check_log(run_id)
    assert all(each.events == log for each in [*steady, *breaking])
    assert {each.connection_count for each in steady} == {1}
    assert {each.connection_count for each in breaking} == {2}
    assert all(each.events == log[:8] for each in gone)


def test_it_forgets_connections_that_are_gone(chain: LocalRuns) -> None:
    run_id, go = waiting_run(chain)
    gone = [watcher(chain, run_id, breaks_at=3, comes_back=False) for _ in range(5)]
    asyncio.run(watch_all(gone, go))
    chain.ended(run_id)
    eventually(lambda: not connections.list_watchers("org_local", (run_id,))[run_id], what="forgetting the watchers")


def test_the_command_lines_watchers_get_every_event(chain: LocalRuns) -> None:
    run_id, go = waiting_run(chain)
    with ThreadPoolExecutor(5) as pool:
        heard = [pool.submit(lambda: list(watch(chain.client, run_id))) for _ in range(5)]
        go()
        log = [each.result(60) for each in heard]
    assert all(each == chain.check_log(run_id) for each in log)


def test_a_workflows_watcher_sees_every_run(chain: LocalRuns) -> None:
    async def watch_two() -> list[dict[str, Any]]:
        import json

        from websockets.asyncio.client import connect

        url = chain.api.live_issue_ticket()["url"]
        async with connect(url) as connection:
            await connection.send(json.dumps({"action": "subscribe", "workflow_id": chain.workflow_ids["chain"]}))
            await connection.recv()
            for _ in range(2):
                _, go = await asyncio.to_thread(waiting_run, chain)
                await asyncio.to_thread(go)
            frames: list[dict[str, Any]] = []
            while sum(frame["type"] == "run_succeeded" for frame in frames) < 2:
                frames.append(json.loads(await asyncio.wait_for(connection.recv(), 30)))
            return frames

    frames = asyncio.run(watch_two())
    for run_id in {frame["run_id"] for frame in frames}:
        heard = sorted(frame["number"] for frame in frames if frame["run_id"] == run_id)
        assert heard == list(range(1, len(chain.check_log(run_id)) + 1))
