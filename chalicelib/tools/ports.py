"""The ports through which tools reach what upper rooms own, and what stands in a port where nothing is set up.

In: nothing. Out: Protocols, the plain values that go through them, and for each Protocol an empty one that raises NotAvailableHere. Never: an
implementation that does something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.failures import NotAvailableHere

Scope = Literal["workflow", "organisation"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that is kept; null is a value, too."""

    value: Json


class KeyValue(Protocol):
    """Key-value memory of a workflow, kept by whoever runs the tool."""

    def get(self, key: str) -> Kept | None: ...

    def put(self, key: str, value: Json) -> None: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """One entry of a memory. `score` is how well it answers what was searched for, 0 where nothing was."""

    key: str
    text: str
    data: Json
    put_at: str
    tags: tuple[str, ...] = ()
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be remembered under a key."""

    key: str
    text: str
    data: Json = None
    tags: tuple[str, ...] = ()


class Memory(Protocol):
    """What agents and workflows remember in words, of one workflow or of the whole organisation."""

    def put(self, scope: Scope, note: Note) -> None:
        """Keep a note under its key, in place of the one before. Raises MemoryFull."""
        ...

    def search(self, scope: Scope, query: str, limit: int) -> Sequence[Remembered]:
        """The entries that answer a query, best first."""
        ...

    def delete(self, scope: Scope, key: str) -> bool:
        """Whether there was one."""
        ...


class Messenger(Protocol):
    """Ways to people."""

    def send(self, text: str, to: str | None, channels: tuple[str, ...]) -> str:
        """The message's id. Sending the same again under one effect sends nothing."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A copy of a SQLite database on this machine; `version` says which one it is a copy of."""

    path: Path
    version: str


class DatabaseFiles(Protocol):
    """SQLite databases that lie elsewhere."""

    def fetch(self, key: str) -> DatabaseFile:
        """A copy that nobody changes. Raises QueryFailed where there is none, or where it is too large."""
        ...

    def replace(self, key: str, path: Path, version: str) -> None:
        """Put a changed copy in place of the version that it was made from. Raises QueryFailed where somebody was faster."""
        ...


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose signature an agent's card must bear: public keys (JWK), and where more of them stand."""

    keys: tuple[JsonObject, ...] = ()
    jwks_url: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a configured server or agent is, and the headers that go there and nowhere else. `is_own`: whoever runs the deployment named its host
    outright; else it is reached as any URL is. `signed_by`: only a card that they signed is taken."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_own: bool = True
    signed_by: Signers | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """A configured database: a PostgreSQL URL, or the key of a SQLite file. `write` allows `sql.execute`."""

    url: str = field(default="", repr=False)
    sqlite_key: str = ""
    write: bool = False


@dataclass(frozen=True, slots=True)
class ImportedApi:
    """An OpenAPI document that was imported under a name; `base_url` stands in for the document's own servers."""

    name: str
    document: JsonObject
    base_url: str = ""


class Apis(Protocol):
    """The imported APIs of an organisation."""

    def find(self, name: str) -> ImportedApi | None: ...


class NoMemory:
    def put(self, scope: Scope, note: Note) -> None:  # noqa: ARG002
        raise NotAvailableHere("there is no memory here")

    def search(self, scope: Scope, query: str, limit: int) -> Sequence[Remembered]:  # noqa: ARG002
        raise NotAvailableHere("there is no memory here")

    def delete(self, scope: Scope, key: str) -> bool:  # noqa: ARG002
        raise NotAvailableHere("there is no memory here")


class NoMessenger:
    def send(self, text: str, to: str | None, channels: tuple[str, ...]) -> str:  # noqa: ARG002
        raise NotAvailableHere("no messages can be sent from here")


class NoDatabaseFiles:
    def fetch(self, key: str) -> DatabaseFile:  # noqa: ARG002
        raise NotAvailableHere("database files cannot be read here")

    def replace(self, key: str, path: Path, version: str) -> None:  # noqa: ARG002
        raise NotAvailableHere("database files cannot be written here")


class NoApis:
    def find(self, name: str) -> ImportedApi | None:  # noqa: ARG002
        raise NotAvailableHere("there are no imported APIs here")


class NoKeyValue:
    def get(self, key: str) -> Kept | None:  # noqa: ARG002
        raise NotAvailableHere("there is no key-value memory here")

    def put(self, key: str, value: Json) -> None:  # noqa: ARG002
        raise NotAvailableHere("there is no key-value memory here")
