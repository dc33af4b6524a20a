"""The guard of tests/conftest.py, itself."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import pytest

from tests.conftest import TAKEN, OutsideReached, is_local, is_reachable, reaching, refuse_connection, refuse_lookup


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "::1%lo", b"localhost", None, "", "0.0.0.0"])
def test_it_takes_loopback_for_local(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "169.254.169.254", "localhost.example.com", "2001:db8::1"])
def test_it_takes_every_other_host_for_outside(host: object) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("way", ["connect", "connect_ex"])
def test_it_refuses_to_connect_outside(way: str) -> None:
    with socket.socket() as connection, pytest.raises(OutsideReached):
        getattr(connection, way)(("192.0.2.1", 80))


def test_it_refuses_tls_to_connect_outside() -> None:
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="example.com") as connection, pytest.raises(OutsideReached):
        connection.connect(("192.0.2.1", 443))


def test_it_refuses_an_event_loop_to_connect_outside() -> None:
    with pytest.raises(OutsideReached):
        asyncio.run(asyncio.open_connection("192.0.2.1", 80))


def test_it_opens_for_live_runs_alone(request: pytest.FixtureRequest) -> None:
    with pytest.raises(AssertionError, match="only a live run"), reaching(request.config, "api.example.com"):
        pass
    assert not is_reachable("api.example.com")
    assert TAKEN == {}


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("api.example.com", True),
        (b"api.example.com", True),
        ("example.com", False),
        ("x.api.example.com", False),
        ("eu.amazonaws.com", True),
        ("amazonaws.com.evil.com", False),
        ("192.0.2.1", False),
    ],
)
def test_it_opens_for_the_hosts_that_are_named(host: object, reached: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conftest._reachable", {"api.example.com", ".amazonaws.com"})
    assert is_reachable(host) is reached
    if reached:
        refuse_lookup(host)
        refuse_connection(("192.0.2.1", 443))  # what a look-up of it may have said
    else:
        with pytest.raises(OutsideReached):
            refuse_lookup(host)


@pytest.mark.parametrize("look_up", [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex])
def test_it_refuses_to_look_names_up(look_up: Callable[..., object]) -> None:
    with pytest.raises(OutsideReached):
        look_up("example.com", *([443] if look_up is socket.getaddrinfo else []))
