"""The sql tools against a real PostgreSQL server on loopback."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pg8000.native  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest

from chalicelib.tools.destination import Destinations
from chalicelib.tools.failures import ArgumentsInvalid, HostUnreachable, QueryFailed, QueryTimedOut, UrlRefused
from chalicelib.tools.ports import Database
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import surroundings
from tests.fixtures.postgres_server import serving_postgres

pytestmark = pytest.mark.scenario  # the server takes a second to start


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving_postgres() as found:
        for text in (
            "CREATE TABLE article (id int PRIMARY KEY, name text, price numeric(10,2), tags text[], facts jsonb, made timestamptz)",
            "INSERT INTO article SELECT n, 'a' || n, n * 1.5, ARRAY['x'], '{\"n\": 1}', '2026-05-04T03:02:01Z' FROM generate_series(1, 200) AS n",
        ):
            _run("sql.execute", text, _around(found))
        yield found


def _around(host: str, *, query: str = "sslmode=disable", destinations: Destinations | None = None, seconds: float = 60.0) -> Surroundings:
    url = f"postgresql://postgres:s3cret@{host}/postgres?{query}"
    return replace(surroundings(destinations=destinations, seconds_left=lambda: seconds), databases={"shop": Database(url=url, write=True)})


def _run(name: str, text: str, around: Surroundings, **more: Any) -> Any:
    return run_tool(name, {"source": "shop", "query": text, **more}, around)


def query(host: str, text: str, **more: Any) -> Any:
    return _run("sql.query", text, _around(host), **more)


def execute(host: str, text: str, **more: Any) -> Any:
    return _run("sql.execute", text, _around(host), **more)


def test_it_gives_rows_as_objects(host: str) -> None:
    found = query(host, "SELECT * FROM article WHERE id = :id", parameters={"id": 3})
    row = {"id": 3, "name": "a3", "price": 4.5, "tags": ["x"], "facts": {"n": 1}, "made": "2026-05-04T03:02:01+00:00"}
    assert found == {"columns": list(row), "rows": [row], "count": 1, "truncated": False, "limit": None}


def test_it_takes_only_the_rows_that_are_wanted(host: str) -> None:
    found = query(host, "SELECT a.id FROM article AS a, article AS b, article AS c, article AS d, article AS e", max_rows=120)
    assert (found["count"], found["truncated"], found["limit"]) == (120, True, "120 rows")
    assert query(host, "SELECT id FROM article", max_rows=200)["truncated"] is False


def test_it_tells_that_rows_were_too_large(host: str) -> None:
    found = query(host, "SELECT repeat('x', 600000) AS much FROM article")
    assert (found["count"], found["limit"]) == (1, "1048576 bytes")


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM article",
        "WITH gone AS (DELETE FROM article RETURNING id) SELECT * FROM gone",
        "SELECT 1; DELETE FROM article",
        "SELECT 1; COMMIT; DELETE FROM article",
        "SELECT nextval('none')",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT lo_create(0)",
        "DROP TABLE article",
        "COMMIT",
        "",
        "SELECT nothing FROM article",
    ],
)
def test_it_lets_a_query_read_alone(host: str, text: str) -> None:
    with pytest.raises((QueryFailed, ArgumentsInvalid)):
        query(host, text)
    assert query(host, "SELECT count(*) AS n FROM article")["rows"] == [{"n": 200}]


def test_it_stops_a_query_that_takes_too_long(host: str) -> None:
    with pytest.raises(QueryTimedOut, match=r"longer than 0\.2 s"):
        query(host, "SELECT pg_sleep(30)", timeout_seconds=0.2)


def test_it_stops_a_query_that_talks_the_server_out_of_it(host: str) -> None:
    text = "SELECT set_config('statement_timeout', '0', false), pg_sleep(CASE WHEN n < 60 THEN 0 ELSE 30 END) FROM generate_series(1, 200) AS n"
    with pytest.raises(QueryTimedOut):
        query(host, text, timeout_seconds=0.5)


def test_it_tells_of_a_parameter_that_is_missing(host: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="placeholder 'least'"):
        query(host, "SELECT :least::int")


def test_it_changes_rows_and_lets_a_statement_know_the_effect(host: str) -> None:
    execute(host, "CREATE TABLE sent (key text PRIMARY KEY)")
    text = "INSERT INTO sent VALUES (:idempotency_key) ON CONFLICT DO NOTHING"
    assert [execute(host, text), execute(host, text)] == [{"count": 1}, {"count": 0}]
    assert query(host, "SELECT key FROM sent")["rows"] == [{"key": "run_1/book//0"}]
    assert execute(host, "UPDATE sent SET key = :k", parameters={"k": {"a": 1}}) == {"count": 1}


def test_it_keeps_nothing_of_a_change_that_failed(host: str) -> None:
    with pytest.raises(QueryFailed, match="duplicate key"):
        execute(host, "INSERT INTO article (id) SELECT n FROM generate_series(200, 300) AS n")
    with pytest.raises(QueryFailed, match="multiple commands"):
        execute(host, "INSERT INTO article (id) VALUES (999); SELECT 1")
    assert query(host, "SELECT max(id) AS n FROM article")["rows"] == [{"n": 200}]


def test_it_wants_tls_unless_it_is_told_otherwise(host: str) -> None:
    for mode in ("", "sslmode=require"):
        with pytest.raises(HostUnreachable, match="speaks no TLS"):
            _run("sql.query", "SELECT 1", _around(host, query=mode))


def test_it_tells_nothing_of_the_password(host: str) -> None:
    around = replace(_around(host), databases={"shop": Database(url=f"postgresql://nobody:s3cret@{host}/postgres?sslmode=disable")})
    with pytest.raises(QueryFailed) as caught:
        _run("sql.query", "SELECT 1", around)
    assert "s3cret" not in f"{caught.value} {around}"


def test_it_tells_of_a_server_that_is_not_there_or_speaks_something_else() -> None:
    with pytest.raises(HostUnreachable):
        query("127.0.0.1:1", "SELECT 1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_greet, args=(listener,), daemon=True).start()
        with pytest.raises(HostUnreachable, match="the connection broke"):
            query(f"127.0.0.1:{listener.getsockname()[1]}", "SELECT 1")


def _greet(listener: socket.socket) -> None:
    near, _ = listener.accept()
    with near:
        near.sendall(b"220 mail.example ready\r\n")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://a@b/c", "is not postgresql"),
        ("postgresql:///c", "is not postgresql"),
        ("postgresql://a@b:x/c", "cannot be read"),
        ("postgresql://a@b/c?sslmode=prefer", "sslmode"),
    ],
)
def test_it_refuses_a_url_that_it_cannot_use(url: str, why: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=why):
        _run("sql.query", "SELECT 1", replace(surroundings(), databases={"shop": Database(url=url)}))


def test_it_goes_to_no_place_of_metadata() -> None:
    inward = Destinations(resolver=lambda _host, _port: ("169.254.169.254",))
    with pytest.raises(UrlRefused):
        _run("sql.query", "SELECT 1", _around("db.example", destinations=inward))
