"""One statement to a PostgreSQL server.

In: `postgresql://user:password@host:port/database?sslmode=…`, a statement, where connections may go. Out: rows, or how many changed. The connection
goes to the checked addresses; `sslmode` is `verify-full` (if left out), `require` (no look at the certificate) or `disable`. A query runs in a
read-only transaction through a cursor, so that only what is taken is sent; every statement is prepared, so that it is one. Time is limited by the
server and by a watchdog here. Never: a password, an address or the URL in an error.
"""

import os
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from socket import SHUT_RDWR
from socket import socket as Socket  # noqa: N812  (a class)
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from chalicelib.tools.destination import ANY_PUBLIC_HOST, Destination, Destinations
from chalicelib.tools.failures import ArgumentsInvalid, HostUnreachable, QueryFailed, QueryTimedOut, ToolFailure
from chalicelib.tools.fetch import Deadline, connect
from chalicelib.tools.statement import Found, Statement, taken

if TYPE_CHECKING:
    from pg8000.native import Connection

PORT: Final = 5432
_BATCH: Final = 50  # rows that are taken at once
_CANCELLED: Final = "57014"  # query_canceled
_TOLD: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Address:
    """Where and who. The password is not shown."""

    destination: Destination
    parts: SplitResult
    mode: str


def query(url: str, statement: Statement, most: int, *, destinations: Destinations) -> Found:
    """Up to `most` rows. Raises ArgumentsInvalid, HostUnreachable, QueryFailed, QueryTimedOut."""
    with _connected(url, statement, destinations) as database:
        database.run("BEGIN TRANSACTION READ ONLY")
        _limit(database, statement)
        cursor = database.prepare(f"DECLARE sluice_rows NO SCROLL CURSOR FOR {statement.text}")  # one statement, or the server refuses it
        cursor.run(**statement.values)
        rows = list(taken(_batches(database, most), most))
        return Found([str(column["name"]) for column in database.columns or ()], rows)


def _batches(database: "Connection", most: int) -> Iterator[Sequence[Any]]:
    """Rows as they are asked for."""
    for _ in range(0, most, _BATCH):
        batch = database.run(f"FETCH FORWARD {_BATCH} FROM sluice_rows")
        yield from batch
        if len(batch) < _BATCH:
            return


def execute(url: str, statement: Statement, *, destinations: Destinations) -> int:
    """How many rows changed. Raises like `query`."""
    with _connected(url, statement, destinations) as database:
        database.run("BEGIN")
        _limit(database, statement)
        prepared = database.prepare(statement.text)
        prepared.run(**statement.values)
        count = prepared._context.row_count  # noqa: SLF001  (the statement's own; the connection knows the last simple one)
        database.run("COMMIT")
        return max(int(count or 0), 0)


def _limit(database: "Connection", statement: Statement) -> None:
    database.run(f"SET LOCAL statement_timeout = {max(int(statement.seconds * 1000), 1)}")


@contextmanager
def _connected(url: str, statement: Statement, destinations: Destinations) -> "Iterator[Connection]":
    from pg8000.exceptions import DatabaseError, Error
    from pg8000.native import Connection

    address, deadline = _address(url, destinations), Deadline(statement.seconds)
    try:
        with _watched(connect(address.destination, deadline), deadline) as socket:
            database = Connection(
                user=unquote(address.parts.username or ""),
                password=unquote(address.parts.password or "") or None,
                database=unquote(address.parts.path.lstrip("/")) or None,
                host=address.destination.host,
                sock=socket,
                ssl_context=_trust(address.mode),
                application_name="sluice",
            )
            with _closed(database):
                yield database
    except DatabaseError as error:
        raise _refused(error.args[0] if error.args else {}, statement) from error
    except (Error, OSError, ssl.SSLError, ValueError, IndexError) as error:
        raise _broken(error, statement, deadline) from error


@contextmanager
def _watched(socket: Socket, deadline: Deadline) -> Iterator[Socket]:
    """A socket that is shut at the deadline, whoever waits for it, and closed in any case."""
    watchdog = threading.Timer(deadline.left(), lambda: _shut(socket))
    watchdog.daemon = True
    watchdog.start()
    try:
        yield socket
    finally:
        watchdog.cancel()
        socket.close()
        if socket.fileno() >= 0:  # a login that failed leaves the driver's reader open, which holds the connection
            os.close(socket.detach())


@contextmanager
def _closed(database: "Connection") -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(Exception):  # what was said before is what counts
            database.close()


def _shut(socket: Socket) -> None:
    with suppress(OSError):
        socket.shutdown(SHUT_RDWR)


def _address(url: str, destinations: Destinations) -> _Address:
    """Who configures a database names its host outright."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError as error:
        raise ArgumentsInvalid("the database's URL cannot be read") from error
    mode = parse_qs(parts.query).get("sslmode", ["verify-full"])[-1]
    if parts.scheme not in ("postgres", "postgresql") or not parts.hostname:
        raise ArgumentsInvalid("the database's URL is not postgresql://user:password@host/database")
    if mode not in ("verify-full", "require", "disable"):
        raise ArgumentsInvalid("the database's sslmode is verify-full, require or disable")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    named = replace(destinations, allowed_hosts=destinations.allowed_hosts | {f"{host}:{port}", ANY_PUBLIC_HOST})
    return _Address(named.check(f"http://{host}:{port}"), parts, mode)


def _trust(mode: str) -> Any:
    """The TLS context; False for none at all."""
    if mode == "disable":
        return False
    context = ssl.create_default_context()
    if mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refused(told: Any, statement: Statement) -> ToolFailure:
    fields = told if isinstance(told, dict) else {}
    if fields.get("C") == _CANCELLED:
        return QueryTimedOut(f"the statement takes longer than {statement.seconds:g} s")
    if str(fields.get("C", "")).startswith("28"):
        return QueryFailed("the database refuses the login")
    return QueryFailed(f"the database refuses the statement: {str(fields.get('M', 'it does not say why'))[:_TOLD]}")


def _broken(error: Exception, statement: Statement, deadline: Deadline) -> ToolFailure:
    from pg8000.exceptions import InterfaceError

    try:
        deadline.left()
    except TimeoutError:
        return QueryTimedOut(f"the statement takes longer than {statement.seconds:g} s")
    if isinstance(error, InterfaceError) and "placeholder" in str(error):
        return ArgumentsInvalid(f"the statement's parameters do not fit: {error}")
    if isinstance(error, ssl.SSLError):
        return HostUnreachable("the database's certificate is not trusted, or it speaks no TLS")
    if isinstance(error, InterfaceError) and "SSL" in str(error):
        return HostUnreachable("the database speaks no TLS; sslmode=disable goes without")
    return HostUnreachable("the database cannot be reached, or the connection broke")
