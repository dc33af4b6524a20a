"""Watchers of a run over WebSockets, as many as one likes in one thread.

In: tickets' URLs, a run. Out: `Watcher`: the events it has accepted, in order. It keeps to the protocol: the next number is taken, an older one
dropped, and after a gap or a lost connection it subscribes again from the last number it has.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]
Ticket = Callable[[], str]


@dataclass
class Watcher:
    """`breaks_at`: after which event its connection is torn down, without a word. `comes_back`: whether it connects again. `texts`: frames of
    models' words, as they came, each with the number of events heard before it in `texts_after`."""

    ticket: Ticket
    run_id: str
    breaks_at: int | None = None
    comes_back: bool = True
    events: list[Event] = field(default_factory=list)
    texts: list[Event] = field(default_factory=list)
    texts_after: list[int] = field(default_factory=list)
    gap_count: int = 0
    connection_count: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seen(self) -> int:
        return len(self.events)

    @property
    def is_done(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] in {"run_succeeded", "run_failed", "run_cancelled"}

    async def watch(self) -> None:
        """Until the run's last event."""
        while not self.is_done:
            if self.connection_count and not self.comes_back:
                return
            with contextlib.suppress(ConnectionClosed):
                await self._once()

    async def _once(self) -> None:
        url = await asyncio.to_thread(self.ticket)
        async with connect(url, open_timeout=20, close_timeout=1) as connection:
            self.connection_count += 1
            await self._subscribe(connection)
            async for text in connection:
                await self._hear(connection, json.loads(text))
                if self.is_done:
                    return
                if self.seen == self.breaks_at and self.connection_count == 1:
                    connection.transport.abort()
                    return

    async def _subscribe(self, connection: ClientConnection) -> None:
        await connection.send(json.dumps({"action": "subscribe", "run_id": self.run_id, "since": self.seen}))

    async def _hear(self, connection: ClientConnection, frame: Event) -> None:
        if frame["type"] == "connected":
            self.ready.set()
        if frame["type"] == "text":
            self.texts.append(frame)
            self.texts_after.append(self.seen)
            return
        number = frame.get("number", 0)
        if number == self.seen + 1:
            self.events.append(frame)
        elif number > self.seen + 1:
            self.gap_count += 1
            await self._subscribe(connection)


async def watch_all(watchers: list[Watcher], then: Callable[[], Any]) -> None:
    """Everybody watches; once all are connected, `then` happens."""
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    await asyncio.wait_for(asyncio.gather(*(watcher.ready.wait() for watcher in watchers)), 60)
    await asyncio.to_thread(then)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
