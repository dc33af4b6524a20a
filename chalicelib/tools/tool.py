"""What a tool is: a function from arguments to JSON, and the little of the world that it is handed.

In: nothing. Out: `Tool`, `Surroundings` and the port `KeyValue`. A tool never reads the environment, the store or the run: what it needs is here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.destination import Destinations


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that is kept; null is a value, too."""

    value: Json


class KeyValue(Protocol):
    """Key-value memory of a workflow, kept by whoever runs the tool."""

    def get(self, key: str) -> Kept | None: ...

    def put(self, key: str, value: Json) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tool may use: where it may connect, how long it may take, the clock, key-value memory, and the key that makes its effect happen once."""

    destinations: Destinations
    key_values: KeyValue
    now: Callable[[], datetime]
    seconds_left: Callable[[], float]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Tool:
    """`run` gets arguments that already satisfy the tool's schema."""

    name: str
    run: Callable[[JsonObject, Surroundings], Json]
