"""What a tool is: a function from arguments to JSON, and the little of the world that it is handed.

In: nothing. Out: `Tool` and `Surroundings`; the ports are in `tools.ports`. A tool never reads the environment, the store or the run: what it needs
is here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.destination import Destinations
from chalicelib.tools.ports import (
    Apis,
    Database,
    DatabaseFiles,
    Endpoint,
    Kept,
    KeyValue,
    Memory,
    Messenger,
    NoApis,
    NoDatabaseFiles,
    NoMemory,
    NoMessenger,
)

__all__ = ["Kept", "KeyValue", "Surroundings", "Tool"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tool may use: where it may connect, how long it may take, the clock, key-value memory, and the key that makes its effect happen once.

    What follows the key may be left out where there is none: its tools then say that they are not available.
    """

    destinations: Destinations
    key_values: KeyValue
    now: Callable[[], datetime]
    seconds_left: Callable[[], float]
    idempotency_key: str
    memory: Memory = field(default_factory=NoMemory)
    messenger: Messenger = field(default_factory=NoMessenger)
    database_files: DatabaseFiles = field(default_factory=NoDatabaseFiles)
    apis: Apis = field(default_factory=NoApis)
    mcp_servers: Mapping[str, Endpoint] = field(default_factory=dict)
    a2a_agents: Mapping[str, Endpoint] = field(default_factory=dict)
    databases: Mapping[str, Database] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """`run` gets arguments that already satisfy the tool's schema."""

    name: str
    run: Callable[[JsonObject, Surroundings], Json]
