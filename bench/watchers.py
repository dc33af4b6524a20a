"""`python -m bench.watchers URL WORKFLOW COUNT`: clients that watch a workflow, in a process of their own, and when each event reached each of them.

In: the local stack's address. Out, on stdout: `watching` once all are subscribed; when stdin ends, one JSON document: by `<run>:<number>` the moments
(system-wide monotonic clock, seconds) at which the event came in.
"""

import asyncio
import json
import sys
from collections import defaultdict
from time import monotonic
from typing import Final

from websockets.asyncio.client import connect

from cli.api_client import Api
from cli.client import Client

AT_ONCE: Final = 10  # handshakes

Receipts = dict[str, list[float]]


async def watch(url: str, workflow_id: str, count: int) -> Receipts:
    receipts: Receipts = defaultdict(list)
    ready: list[asyncio.Event] = [asyncio.Event() for _ in range(count)]
    gate = asyncio.Semaphore(AT_ONCE)
    watchers = [asyncio.create_task(_watch(url, workflow_id, receipts, each, gate)) for each in ready]
    await asyncio.gather(*(each.wait() for each in ready))
    print("watching", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for watcher in watchers:
        watcher.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    return receipts


async def _watch(url: str, workflow_id: str, receipts: Receipts, ready: asyncio.Event, gate: asyncio.Semaphore) -> None:
    async with gate:
        ticket = await asyncio.to_thread(_ticket, url)
        connection = await connect(ticket, compression=None)
        await connection.send(json.dumps({"action": "subscribe", "workflow_id": workflow_id}))
        await connection.recv()  # `connected`
    ready.set()
    async for text in connection:
        now = monotonic()
        frame = json.loads(text)
        if "number" in frame:
            receipts[f"{frame['run_id']}:{frame['number']}"].append(now)


def _ticket(url: str) -> str:
    with Client(url) as client:  # SLUICE_TOKEN says as whom
        return Api(client).live_issue_ticket()["url"]


if __name__ == "__main__":
    found = asyncio.run(watch(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    print(json.dumps(found))
