"""One exchange with a checked destination, over real sockets on loopback."""

import gzip
import socket
import ssl
import zlib
from pathlib import Path

import pytest

from chalicelib.tools.destination import Destination
from chalicelib.tools.failures import BodyTooLarge, HostUnreachable, HttpTimedOut
from chalicelib.tools.fetch import Answer, Limits, Question, fetch
from tests.fixtures.certificates import contexts_for
from tests.fixtures.http_server import Reply, Server, serving


def to(server: Server, *, scheme: str = "http", host: str = "pinned.example", addresses: tuple[str, ...] = ("127.0.0.1",)) -> Destination:
    return Destination(scheme=scheme, host=host, port=server.port, target="/a?b=1", addresses=addresses)


def get(server: Server, *, seconds: float = 3, body_bytes: int = 1000) -> Answer:
    return fetch(to(server), Question("GET", {}), limits=Limits(seconds, body_bytes))


def test_it_connects_to_the_pinned_address_and_names_the_host() -> None:
    with serving(lambda _: Reply(body=b"hello", headers={"X-One": "1"})) as server:
        answer = fetch(to(server), Question("POST", {"x-mine": "2"}, b"body"), limits=Limits(3, 100))
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"hello", "1")
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/a?b=1", b"body")
    assert request.headers["host"] == f"pinned.example:{server.port}"
    assert request.headers["x-mine"] == "2"


def test_it_proves_the_name_by_certificate_while_the_address_is_pinned(tmp_path: Path) -> None:
    server_side, client_side = contexts_for("pinned.example", tmp_path)
    with serving(lambda _: Reply(body=b"safe"), tls=server_side) as server:
        answer = fetch(to(server, scheme="https"), Question("GET", {}), limits=Limits(3, 100), trust=client_side)
        assert answer.body == b"safe"
        with pytest.raises(HostUnreachable, match="is not trusted"):
            fetch(to(server, scheme="https", host="other.example"), Question("GET", {}), limits=Limits(3, 100), trust=client_side)


def test_it_trusts_the_systems_authorities_only(tmp_path: Path) -> None:
    server_side, _ = contexts_for("pinned.example", tmp_path)
    with serving(lambda _: Reply(), tls=server_side) as server, pytest.raises(HostUnreachable, match="not trusted"):
        fetch(to(server, scheme="https"), Question("GET", {}), limits=Limits(3, 100))


def test_it_tries_the_next_address_when_one_refuses() -> None:
    with serving(lambda _: Reply(body=b"second")) as server:
        answer = fetch(to(server, addresses=("127.0.0.2", "127.0.0.1")), Question("GET", {}), limits=Limits(3, 100))
    assert answer.body == b"second"


def test_it_says_when_no_address_answers() -> None:
    with serving(lambda _: Reply()) as server:
        pass
    with pytest.raises(HostUnreachable, match="cannot be reached"):
        get(server)
    with pytest.raises(HostUnreachable):
        fetch(to(server, addresses=()), Question("GET", {}), limits=Limits(1, 1))


def test_it_gives_up_on_a_silent_peer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = Destination("http", "silent.example", silent.getsockname()[1], "/", ("127.0.0.1",))
        with pytest.raises(HttpTimedOut, match=r"within 0\.1 s"):
            fetch(destination, Question("GET", {}), limits=Limits(0.1, 100))


def test_it_gives_up_on_a_silent_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = Destination("https", "silent.example", silent.getsockname()[1], "/", ("127.0.0.1",))
        with pytest.raises(HttpTimedOut):
            fetch(destination, Question("GET", {}), limits=Limits(0.1, 100), trust=ssl.create_default_context())


@pytest.mark.parametrize("where", ["header", "body"])
def test_it_gives_up_on_a_peer_that_drips(where: str) -> None:
    reply = Reply(body=b"x" * 500) if where == "body" else Reply(headers={"x-long": "x" * 500})
    with serving(lambda _: reply, drip_seconds=0.01) as server, pytest.raises(HttpTimedOut):
        get(server, seconds=0.3)


def test_it_has_no_time_at_all() -> None:
    with serving(lambda _: Reply()) as server, pytest.raises(HttpTimedOut):
        get(server, seconds=0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
    ],
)
def test_it_calls_a_broken_answer_unreachable(raw: bytes) -> None:
    with serving(lambda _: raw) as server, pytest.raises(HostUnreachable):
        get(server)


def test_it_joins_repeated_headers_and_reads_chunks() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving(lambda _: raw) as server:
        answer = get(server)
    assert (answer.body, answer.headers["x-a"]) == (b"abcde", "1, 2")


def test_it_reads_an_answer_larger_than_its_buffer() -> None:
    with serving(lambda _: Reply(body=b"x" * 300_000)) as server:
        assert len(get(server, body_bytes=300_000).body) == 300_000


def test_it_stops_reading_above_the_cap() -> None:
    with serving(lambda _: Reply(body=b"x" * 1001)) as server, pytest.raises(BodyTooLarge, match="larger than 1000 bytes"):
        get(server)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_it_unpacks_what_a_server_packed_unasked(encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    with serving(lambda _: Reply(body=pack(b"y" * 900), headers={"Content-Encoding": encoding})) as server:
        assert get(server).body == b"y" * 900
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_it_stops_unpacking_above_the_cap() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    with serving(lambda _: Reply(body=bomb, headers={"content-encoding": "gzip"})) as server, pytest.raises(BodyTooLarge):
        get(server, body_bytes=100_000)


def test_it_sends_a_large_body_in_pieces() -> None:
    with serving(lambda request: Reply(body=str(len(request.body)).encode())) as server:
        answer = fetch(to(server), Question("PUT", {}, b"z" * 500_000), limits=Limits(3, 100))
    assert answer.body == b"500000"


def test_it_reads_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(lambda _: Reply(body=b"direct")) as server:
        assert get(server).body == b"direct"
