"""The tools `sql.query` and `sql.execute`: one statement to a configured database.

In: a database's name, a statement with `:name` parameters, their values. Out: rows as objects with JSON values, capped, and whether there are more;
or how many rows changed. `:idempotency_key` is bound to the effect's key, so that a statement can make itself harmless when it comes twice.
Never: a database that is not configured; a change by `sql.query`, or where the configuration does not say `write`.
"""

import json
from collections.abc import Sequence
from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools import postgres, sqlite
from chalicelib.tools.failures import ArgumentsInvalid, QueryTimedOut
from chalicelib.tools.guard import MARGIN_SECONDS
from chalicelib.tools.ports import Database
from chalicelib.tools.statement import MAX_BYTES, Found, Statement, Values, json_value
from chalicelib.tools.tool import Surroundings, Tool

DEFAULT_SECONDS: Final = 10.0
DEFAULT_ROWS: Final = 100
KEY_PARAMETER: Final = "idempotency_key"


def sql_tools() -> tuple[Tool, ...]:
    return (Tool("sql.query", _query), Tool("sql.execute", _execute))


def _query(arguments: JsonObject, surroundings: Surroundings) -> Json:
    database = _database(arguments, surroundings)
    wanted = arguments.get("max_rows")
    most = wanted if isinstance(wanted, int) else DEFAULT_ROWS
    statement = _statement(arguments, surroundings)
    if database.sqlite_key:
        found = sqlite.query(surroundings.database_files.fetch(database.sqlite_key).path, statement, most + 1)
    else:
        found = postgres.query(database.url, statement, most + 1, destinations=surroundings.destinations)
    return _rows(found, most)


def _execute(arguments: JsonObject, surroundings: Surroundings) -> Json:
    database = _database(arguments, surroundings)
    if not database.write:
        raise ArgumentsInvalid(f"the database {arguments['source']} is configured for reading alone")
    statement = _statement(arguments, surroundings)
    if not database.sqlite_key:
        return {"count": postgres.execute(database.url, statement, destinations=surroundings.destinations)}
    file = surroundings.database_files.fetch(database.sqlite_key)
    with sqlite.changed(file.path, statement) as (path, count):
        surroundings.database_files.replace(database.sqlite_key, path, file.version)
        return {"count": count}


def _database(arguments: JsonObject, surroundings: Surroundings) -> Database:
    name = str(arguments["source"])
    found = surroundings.databases.get(name)
    if found is None:
        known = f"it is one of {', '.join(sorted(surroundings.databases))}" if surroundings.databases else "none is configured"
        raise ArgumentsInvalid(f"there is no database called {name}: {known}")
    return found


def _statement(arguments: JsonObject, surroundings: Surroundings) -> Statement:
    given = arguments.get("parameters")
    values: Values = {name: _bound(value) for name, value in (given if isinstance(given, dict) else {}).items()}
    wanted = arguments.get("timeout_seconds")
    seconds = min(float(wanted) if isinstance(wanted, int | float) else DEFAULT_SECONDS, surroundings.seconds_left() - MARGIN_SECONDS)
    if seconds <= 0:
        raise QueryTimedOut("no time is left for the statement")
    return Statement(str(arguments["query"]), {**values, KEY_PARAMETER: surroundings.idempotency_key}, seconds)


def _bound(value: Json) -> str | int | float | bool | None:
    """A value as databases take it: objects and lists as JSON text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _rows(found: Found, most: int) -> Json:
    columns = _distinct(found.columns)
    rows: list[Json] = []
    size = 0
    limit: str | None = None
    for row in found.rows:
        if len(rows) == most:
            limit = f"{most} rows"
            break
        plain: JsonObject = {column: json_value(value) for column, value in zip(columns, row, strict=True)}
        size += len(json.dumps(plain, ensure_ascii=False).encode())
        if size > MAX_BYTES:
            limit = f"{MAX_BYTES} bytes"
            break
        rows.append(plain)
    return {"columns": [*columns], "rows": rows, "count": len(rows), "truncated": limit is not None, "limit": limit}


def _distinct(columns: Sequence[str]) -> list[str]:
    """Names of columns, each once: the second `id` is `id_2`."""
    taken: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in taken:
            number += 1
            name = f"{column}_{number}"
        taken.append(name)
    return taken
