"""One statement to a SQLite file.

In: the path of a file, a statement. Out: rows; or a changed copy of the file and how many rows changed. The file itself is opened read-only and
immutable. What a statement may do is decided by SQLite's authorizer: a query reads tables and calls functions, a change also inserts, updates and
deletes; nobody attaches files, sets pragmas, loads extensions or makes tables. Never: a statement that runs past its time.
"""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from chalicelib.tools.failures import ArgumentsInvalid, QueryFailed, QueryTimedOut
from chalicelib.tools.statement import Found, Statement, taken

MAX_VALUE_BYTES: Final = 4_194_304  # of one value, also while it is made
_STEPS: Final = 10_000  # of SQLite's machine between two looks at the clock
_READS: Final = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE))
_WRITES: Final = _READS | {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_FORBIDDEN_FUNCTIONS: Final = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "zipfile", "sqlar_compress"))


def query(path: Path, statement: Statement, most: int) -> Found:
    """Up to `most` rows. Raises ArgumentsInvalid, QueryFailed, QueryTimedOut."""
    with _opened(f"{path.resolve().as_uri()}?mode=ro&immutable=1", statement, _READS) as database:
        cursor = database.execute(statement.text, dict(statement.values))
        rows = list(taken(cursor, most))
        return Found([entry[0] for entry in cursor.description or ()], rows)


@contextmanager
def changed(path: Path, statement: Statement) -> Iterator[tuple[Path, int]]:
    """A copy on which the statement was executed, for as long as the context lasts, and how many rows changed."""
    with tempfile.TemporaryDirectory(prefix="sluice-sql-") as folder:
        copy = Path(folder) / "changed.db"
        shutil.copyfile(path, copy)
        with _opened(f"{copy.as_uri()}?mode=rw", statement, _WRITES) as database:
            count = database.execute(statement.text, dict(statement.values)).rowcount
            database.set_authorizer(None)
            database.commit()
        yield copy, max(count, 0)


@contextmanager
def _opened(uri: str, statement: Statement, allowed: frozenset[int]) -> Iterator[sqlite3.Connection]:
    ends_at = time.monotonic() + statement.seconds
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=statement.seconds)) as database:
            _restrict(database, allowed, ends_at)
            yield database
    except sqlite3.ProgrammingError as error:
        raise ArgumentsInvalid(f"the statement's parameters do not fit: {error}") from error
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        if time.monotonic() >= ends_at:
            raise QueryTimedOut(f"the statement takes longer than {statement.seconds:g} s") from error
        raise QueryFailed(f"the database refuses the statement: {error}") from error


def _restrict(database: sqlite3.Connection, allowed: frozenset[int], ends_at: float) -> None:
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    if sqlite3.SQLITE_INSERT in allowed:
        database.execute("PRAGMA journal_mode = MEMORY")
        database.execute("BEGIN")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.set_progress_handler(lambda: time.monotonic() >= ends_at, _STEPS)

    def authorize(action: int, _first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
        is_forbidden = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN_FUNCTIONS
        return sqlite3.SQLITE_OK if action in allowed and not is_forbidden else sqlite3.SQLITE_DENY

    database.set_authorizer(authorize)
