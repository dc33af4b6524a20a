"""The guard of tests/conftest.py, itself."""

import socket

import pytest

from tests.conftest import OutsideReached, is_local


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "::1%lo", b"localhost", None, "", "0.0.0.0"])
def test_it_takes_loopback_for_local(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "169.254.169.254", "localhost.example.com", "2001:db8::1"])
def test_it_takes_every_other_host_for_outside(host: object) -> None:
    assert not is_local(host)


def test_it_refuses_to_connect_outside() -> None:
    with socket.socket() as connection, pytest.raises(OutsideReached):
        connection.connect(("192.0.2.1", 80))


def test_it_refuses_to_look_names_up() -> None:
    with pytest.raises(OutsideReached):
        socket.getaddrinfo("example.com", 443)
