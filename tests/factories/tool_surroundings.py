"""What a tool is handed in tests."""

from collections.abc import Callable
from datetime import UTC, datetime

from chalicelib.spec.model import Json
from chalicelib.tools.destination import Destinations
from chalicelib.tools.ports import Note, Remembered, Scope
from chalicelib.tools.tool import Kept, Surroundings


class Memory:
    """Key-value memory for as long as a test lasts."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    def get(self, key: str) -> Kept | None:
        return Kept(self.kept[key]) if key in self.kept else None

    def put(self, key: str, value: Json) -> None:
        self.kept[key] = value


class Notes:
    """A memory in words for as long as a test lasts; every entry answers every query."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Scope, str], Remembered] = {}

    def put(self, scope: Scope, note: Note) -> None:
        self.kept[scope, note.key] = Remembered(note.key, note.text, note.data, "2026-05-04T03:02:01Z", note.tags)

    def search(self, scope: Scope, query: str, limit: int) -> list[Remembered]:
        return [entry for (owner, _), entry in self.kept.items() if owner == scope][:limit]

    def delete(self, scope: Scope, key: str) -> bool:
        return self.kept.pop((scope, key), None) is not None


class Outbox:
    """What would have been sent to people."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | None, tuple[str, ...]]] = []

    def send(self, text: str, to: str | None, channels: tuple[str, ...]) -> str:
        self.sent.append((text, to, channels))
        return f"msg_{len(self.sent)}"


def surroundings(
    *allowed_hosts: str,
    memory: Memory | None = None,
    seconds_left: Callable[[], float] = lambda: 60.0,
    destinations: Destinations | None = None,
) -> Surroundings:
    return Surroundings(
        destinations=destinations or Destinations(allowed_hosts=frozenset(allowed_hosts)),
        key_values=memory or Memory(),
        now=lambda: datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
        seconds_left=seconds_left,
        idempotency_key="run_1/book//0",
    )
