"""The sql tools: what they make of a database's answer, and SQLite files."""

import sqlite3
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.spec.model import Json
from chalicelib.tools.failures import ArgumentsInvalid, NotAvailableHere, QueryFailed, QueryTimedOut
from chalicelib.tools.ports import Database, DatabaseFile
from chalicelib.tools.registry import run_tool
from chalicelib.tools.statement import json_value
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import surroundings


class Files:
    """Database files in a folder; `replaced` counts changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 0

    def fetch(self, key: str) -> DatabaseFile:
        return DatabaseFile(self.folder / key, str(self.version))

    def replace(self, key: str, path: Path, version: str) -> None:
        if version != str(self.version):
            raise QueryFailed("somebody else changed the database")
        self.version += 1
        (self.folder / key).write_bytes(path.read_bytes())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER, photo BLOB)")
        database.executemany("INSERT INTO article VALUES (?, ?, ?, ?)", [(number, f"a{number}", number * 100, b"\xff") for number in range(1, 6)])
    database.close()
    return Files(tmp_path)


def around(files: Files, *, write: bool = False, seconds: float = 60.0) -> Surroundings:
    known = {"shop": Database(sqlite_key="shop.db", write=write)}
    return replace(surroundings(seconds_left=lambda: seconds), databases=known, database_files=files)


def query(files: Files, text: str, **more: Any) -> Any:
    return run_tool("sql.query", {"source": "shop", "query": text, **more}, around(files))


def execute(files: Files, text: str, **more: Any) -> Any:
    return run_tool("sql.execute", {"source": "shop", "query": text, **more}, around(files, write=True))


def test_it_gives_rows_as_objects(files: Files) -> None:
    found = query(files, "SELECT id, name FROM article WHERE cents >= :least ORDER BY id", parameters={"least": 400})
    assert found == {
        "columns": ["id", "name"],
        "rows": [{"id": 4, "name": "a4"}, {"id": 5, "name": "a5"}],
        "count": 2,
        "truncated": False,
        "limit": None,
    }


def test_it_tells_that_there_are_more_rows(files: Files) -> None:
    found = query(files, "SELECT id FROM article", max_rows=2)
    assert (found["count"], found["truncated"], found["limit"]) == (2, True, "2 rows")
    whole = query(files, "SELECT id FROM article", max_rows=5)
    assert (whole["count"], whole["truncated"]) == (5, False)


def test_it_tells_that_rows_were_too_large(files: Files) -> None:
    found = query(files, "SELECT printf('%.*c', 600000, 'x') AS much FROM article")
    assert (found["count"], found["truncated"], found["limit"]) == (1, True, "1048576 bytes")


def test_it_names_columns_apart(files: Files) -> None:
    assert query(files, "SELECT 1 AS a, 2 AS a, 3 AS a")["rows"] == [{"a": 1, "a_2": 2, "a_3": 3}]


def test_it_gives_no_rows_of_a_table_without_any(files: Files) -> None:
    assert query(files, "SELECT id FROM article WHERE 0") == {"columns": ["id"], "rows": [], "count": 0, "truncated": False, "limit": None}


def test_it_binds_objects_as_json_and_the_key_of_the_effect(files: Files) -> None:
    found = query(files, "SELECT json_extract(:it, '$.a') AS a, :idempotency_key AS k", parameters={"it": {"a": [1]}})
    assert found["rows"] == [{"a": "[1]", "k": "run_1/book//0"}]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM article",
        "UPDATE article SET cents = 0",
        "INSERT INTO article (name) VALUES ('x')",
        "DROP TABLE article",
        "CREATE TABLE other (a)",
        "ATTACH DATABASE '/etc/passwd' AS other",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'copy.db'",
        "SELECT load_extension('x')",
        "SELECT zeroblob(100000000)",
        "BEGIN",
        "SELECT nothing FROM article",
        "SELECT 1; DELETE FROM article",
    ],
)
def test_it_lets_a_query_read_alone(files: Files, text: str) -> None:
    before = (files.folder / "shop.db").read_bytes()
    with pytest.raises((QueryFailed, ArgumentsInvalid)):
        query(files, text)
    assert (files.folder / "shop.db").read_bytes() == before


def test_it_stops_a_query_that_takes_too_long(files: Files) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(QueryTimedOut, match=r"longer than 0\.1 s"):
        query(files, endless, timeout_seconds=0.1)


def test_it_tells_of_a_parameter_that_is_missing(files: Files) -> None:
    with pytest.raises(ArgumentsInvalid, match="parameters do not fit"):
        query(files, "SELECT :least")


def test_it_changes_rows_where_the_configuration_says_so(files: Files) -> None:
    assert execute(files, "UPDATE article SET cents = :c WHERE id > 3", parameters={"c": 7}) == {"count": 2}
    assert query(files, "SELECT count(*) AS n FROM article WHERE cents = 7")["rows"] == [{"n": 2}]
    assert files.version == 1


def test_it_changes_nothing_where_the_configuration_does_not(files: Files) -> None:
    with pytest.raises(ArgumentsInvalid, match="reading alone"):
        run_tool("sql.execute", {"source": "shop", "query": "DELETE FROM article"}, around(files))


@pytest.mark.parametrize("text", ["DROP TABLE article", "ATTACH DATABASE 'x' AS y", "PRAGMA user_version = 3", "COMMIT"])
def test_it_lets_a_change_change_rows_alone(files: Files, text: str) -> None:
    with pytest.raises(QueryFailed):
        execute(files, text)
    assert files.version == 0


def test_it_keeps_nothing_of_a_change_that_lost_a_race(files: Files) -> None:
    slow = replace(around(files, write=True), database_files=Late(files))
    with pytest.raises(QueryFailed, match="somebody else"):
        run_tool("sql.execute", {"source": "shop", "query": "DELETE FROM article"}, slow)
    assert query(files, "SELECT count(*) AS n FROM article")["rows"] == [{"n": 5}]


class Late(Files):
    """Somebody else is always faster."""

    def __init__(self, files: Files) -> None:
        super().__init__(files.folder)

    def fetch(self, key: str) -> DatabaseFile:
        return DatabaseFile(self.folder / key, "older")


def test_it_says_which_databases_there_are(files: Files) -> None:
    with pytest.raises(ArgumentsInvalid, match="no database called books: it is one of shop"):
        run_tool("sql.query", {"source": "books", "query": "SELECT 1"}, around(files))
    with pytest.raises(ArgumentsInvalid, match="none is configured"):
        run_tool("sql.query", {"source": "books", "query": "SELECT 1"}, surroundings())


def test_it_says_that_files_are_not_available_where_they_are_not() -> None:
    alone = replace(surroundings(), databases={"shop": Database(sqlite_key="shop.db", write=True)})
    for name in ("sql.query", "sql.execute"):
        with pytest.raises(NotAvailableHere):
            run_tool(name, {"source": "shop", "query": "SELECT 1"}, alone)
    with pytest.raises(NotAvailableHere):
        alone.database_files.replace("shop.db", Path("x"), "1")


def test_it_does_not_begin_without_time(files: Files) -> None:
    with pytest.raises(QueryTimedOut, match="no time is left"):
        run_tool("sql.query", {"source": "shop", "query": "SELECT 1"}, around(files, seconds=0.5))


def test_it_tells_of_a_file_that_is_no_database(files: Files) -> None:
    (files.folder / "shop.db").write_bytes(b"no database at all, only text" * 100)
    with pytest.raises(QueryFailed, match="not a database"):
        query(files, "SELECT * FROM article")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (0.5, 0.5),
        (float("nan"), "nan"),
        (Decimal("12.30"), 12.3),
        (Decimal(3), 3),
        (Decimal("0.12345678901234567890"), "0.12345678901234567890"),
        (Decimal("NaN"), "NaN"),
        (datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC), "2026-05-04T03:02:01+00:00"),
        (date(2026, 5, 4), "2026-05-04"),
        (time(3, 2, 1), "03:02:01"),
        (timedelta(minutes=1.5), 90.0),
        (b"\xff", {"base64": "/w=="}),
        ([1, Decimal(2)], [1, 2]),
        ({"a": (1,)}, {"a": [1]}),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_it_gives_values_that_json_can_hold(value: Any, shown: Json) -> None:
    assert json_value(value) == shown
