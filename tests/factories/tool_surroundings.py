"""What a tool is handed in tests."""

from collections.abc import Callable
from datetime import UTC, datetime

from chalicelib.spec.model import Json
from chalicelib.tools.destination import Destinations
from chalicelib.tools.tool import Kept, Surroundings


class Memory:
    """Key-value memory for as long as a test lasts."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    def get(self, key: str) -> Kept | None:
        return Kept(self.kept[key]) if key in self.kept else None

    def put(self, key: str, value: Json) -> None:
        self.kept[key] = value


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
