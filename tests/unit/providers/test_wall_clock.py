"""A limit for a whole exchange over HTTP, however its bytes come."""

import gc
from pathlib import Path
from time import monotonic
from typing import cast

import httpcore2
import httpx2
import pytest

from chalicelib.providers.wall_clock import TimedNetwork, timed_client, within
from tests.fixtures.certificates import contexts_for
from tests.fixtures.http_server import Reply, serving


class Owner:
    pass


@pytest.mark.parametrize("reply", [Reply(body=b"x" * 500), Reply(headers={"x-long": "x" * 500})])
def test_it_ends_what_drips(reply: Reply) -> None:
    """Each byte comes in time; all of them would take a second."""
    owner, began = Owner(), monotonic()
    with serving(lambda _: reply, drip_seconds=0.002) as server:
        with within(0.1), pytest.raises(httpx2.ReadTimeout):
            timed_client(owner).get(f"http://{server.host}/", timeout=5)
        assert monotonic() - began < 0.6


def test_it_limits_nothing_outside() -> None:
    owner = Owner()
    with serving(lambda _: Reply(body=b"whole")) as server:
        with within(0):
            pass
        assert timed_client(owner).get(f"http://{server.host}/", timeout=None).text == "whole"


def test_it_keeps_an_earlier_limit_of_the_call() -> None:
    owner = Owner()
    with serving(lambda _: Reply(body=b"x" * 500), drip_seconds=0.002) as server, within(5), pytest.raises(httpx2.ReadTimeout):
        timed_client(owner).get(f"http://{server.host}/", timeout=0.001)


def test_it_does_not_connect_when_the_time_is_over() -> None:
    owner = Owner()
    with serving(lambda _: Reply()) as server:
        with within(0), pytest.raises(httpx2.ConnectTimeout):
            timed_client(owner).get(f"http://{server.host}/")
        assert server.requests == []


def test_it_ends_what_is_kept_open() -> None:
    """A connection of an earlier call is held to the limit of this one."""
    owner = Owner()
    kept = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    with serving(lambda _: kept) as server:
        client = timed_client(owner)
        assert client.get(f"http://{server.host}/").text == "ok"
        with within(0), pytest.raises(httpx2.TimeoutException):
            client.get(f"http://{server.host}/")


def test_it_follows_no_redirect() -> None:
    owner = Owner()
    with serving(lambda _: Reply(302, {"location": "/elsewhere"})) as server:
        assert timed_client(owner).get(f"http://{server.host}/").status_code == 302
        assert len(server.requests) == 1


def test_it_closes_its_connections_with_its_owner() -> None:
    owner = Owner()
    client = timed_client(owner)
    del owner
    gc.collect()
    assert client.is_closed


def test_it_speaks_tls(tmp_path: Path) -> None:
    theirs, ours = contexts_for("localhost", tmp_path)
    network = TimedNetwork(httpcore2.SyncBackend())
    network.sleep(0)
    with (
        serving(lambda _: Reply(body=b"sealed"), tls=theirs) as server,
        httpcore2.ConnectionPool(ssl_context=ours, network_backend=cast("httpcore2.NetworkBackend", network)) as pool,
        within(5),
    ):
        told = pool.request("GET", f"https://localhost:{server.port}/")
        assert told.content == b"sealed"
