"""What survives a restart, in one SQLite file: items, objects, state machines, executions and their history,
secrets.

In: rows to save and rows to read. Out: the same rows, after a kill -9 too: each `save` is one transaction, the write-ahead log keeps the file whole.
Never: a part of a save; a file that others on this machine may read. It knows nothing of moto; `infra.local.persistence` does.
"""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS items (name TEXT, hash TEXT, range TEXT, body TEXT, PRIMARY KEY (name, hash, range)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, key TEXT, meta TEXT, body BLOB, PRIMARY KEY (bucket, key));
CREATE TABLE IF NOT EXISTS machines (arn TEXT PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS executions (arn TEXT PRIMARY KEY, machine TEXT, status TEXT, body TEXT, told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (arn TEXT, number INTEGER, body TEXT, PRIMARY KEY (arn, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, body TEXT);
"""


@dataclass
class Batch:
    """What one save writes. A body of None deletes the row."""

    items: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    objects: list[tuple[str, str, str, bytes | None]] = field(default_factory=list)
    machines: list[tuple[str, str | None]] = field(default_factory=list)
    executions: list[tuple[str, str, str, str]] = field(default_factory=list)
    events: list[tuple[str, int, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    secrets: list[tuple[str, str | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.items, self.objects, self.machines, self.executions, self.events, self.told, self.secrets))


class SavedState:
    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        _close_to_others(path)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def save(self, batch: Batch) -> None:
        """All of it or, if the process dies, nothing."""
        with self._lock:
            run = self._connection
            run.execute("BEGIN IMMEDIATE")
            try:
                self._write(batch)
            except BaseException:
                run.execute("ROLLBACK")
                raise
            run.execute("COMMIT")

    def _write(self, batch: Batch) -> None:
        many = self._connection.executemany
        many("DELETE FROM items WHERE name = ? AND hash = ? AND range = ?", [row[:3] for row in batch.items if row[3] is None])
        many("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", [row for row in batch.items if row[3] is not None])
        many("DELETE FROM objects WHERE bucket = ? AND key = ?", [row[:2] for row in batch.objects if row[3] is None])
        many("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", [row for row in batch.objects if row[3] is not None])
        many("DELETE FROM machines WHERE arn = ?", [row[:1] for row in batch.machines if row[1] is None])
        many("INSERT OR REPLACE INTO machines VALUES (?, ?)", [row for row in batch.machines if row[1] is not None])
        many(
            "INSERT INTO executions (arn, machine, status, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (arn) DO UPDATE SET status = excluded.status, body = excluded.body",
            batch.executions,
        )
        many("INSERT OR REPLACE INTO events VALUES (?, ?, ?)", batch.events)
        many("UPDATE executions SET told = 1 WHERE arn = ?", [(arn,) for arn in batch.told])
        many("DELETE FROM secrets WHERE name = ?", [row[:1] for row in batch.secrets if row[1] is None])
        many("INSERT OR REPLACE INTO secrets VALUES (?, ?)", [row for row in batch.secrets if row[1] is not None])

    def items(self) -> Iterable[tuple[str, str]]:
        """(table name, item)."""
        return self._read("SELECT name, body FROM items")

    def objects(self) -> Iterable[tuple[str, str, str, bytes]]:
        return self._read("SELECT bucket, key, meta, body FROM objects")

    def machines(self) -> Iterable[tuple[str, str]]:
        return self._read("SELECT arn, body FROM machines")

    def executions(self) -> Iterable[tuple[str, str, str, str, int]]:
        """(arn, machine, status, body, told)."""
        return self._read("SELECT arn, machine, status, body, told FROM executions ORDER BY rowid")

    def events(self, arn: str) -> list[str]:
        return [row[0] for row in self._read("SELECT body FROM events WHERE arn = ? ORDER BY number", (arn,))]

    def secrets(self) -> Iterable[tuple[str, str]]:
        return self._read("SELECT name, body FROM secrets")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()


def _close_to_others(path: Path) -> None:
    """Before anything is written: the files that SQLite puts beside it take its mode."""
    path.touch(mode=0o600)
    for each in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
        if each.exists():
            each.chmod(0o600)
