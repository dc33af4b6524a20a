"""What holds for every test: only this machine is reached, no credentials of this machine are used, chance repeats itself.

A test that needs the network stands a server up on loopback. `HYPOTHESIS_PROFILE=explore` looks for new examples instead of repeating the known ones.
`pytest -m live` (`make live`) is the one exception: its tests get this machine's keys back, and reach the hosts of the vendor that each is about.
"""

import gc
import os
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_LOCAL_NAMES = {"", "localhost", "ip6-localhost", "0.0.0.0", "::"}
_NO_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SLUICE_CREDENTIALS": f"{os.devnull}/none",  # nothing of this machine's owner is read or written
    "SLUICE_PASSWORD_MEMORY_KIB": "8",  # cheap on purpose
    "SLUICE_PASSWORD_PASSES": "1",
}
_KEYS = (
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "SLUICE_BEDROCK",
    "SLUICE_COMPATIBLE",
    "SLUICE_EMBEDDINGS",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
)


LIVE = "live"
TAKEN: dict[str, str] = {}  # what was taken out of the environment or changed in it, in a live run alone
_reachable: set[str] = set()


class OutsideReached(BaseException):
    """Raised where a test would leave this machine. No `Exception`, so that no code under test takes it for a network failure."""


def is_local(host: object) -> bool:
    """Whether a host, as `connect` or `getaddrinfo` take it, is this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in _LOCAL_NAMES:
        return True
    try:
        return ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def is_live(config: pytest.Config) -> bool:
    return str(config.getoption("markexpr", "")) == LIVE


def before_the_run() -> dict[str, str | None]:
    """What this module changed in the environment, as it was; None: not set."""
    return {name: TAKEN.get(name) for name in (*_KEYS, *_NO_AWS)}


@contextmanager
def reaching(config: pytest.Config, *hosts: str) -> Iterator[None]:
    """Inside, names of these hosts, and below those that begin with a dot, may be looked up and connected to. In a live run alone."""
    assert is_live(config), "only a live run leaves this machine"
    _reachable.update(hosts)
    try:
        yield
    finally:
        _reachable.clear()


def is_reachable(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return any(name == allowed or (allowed.startswith(".") and name.endswith(allowed)) for allowed in _reachable)


def refuse_lookup(host: object) -> None:
    """Clients look every host up before they connect, an address too: so the look-up tells which hosts are meant."""
    if not is_local(host) and not is_reachable(host):
        raise OutsideReached(f"a test looks {host!r} up")


def refuse_connection(address: object) -> None:
    """In a live run it lets every address through: it is what a look-up has said."""
    if isinstance(address, tuple) and not is_local(address[0]) and not _reachable:
        raise OutsideReached(f"a test connects to {address[0]}")


def _guard_sockets() -> None:
    """Wrappers and no audit hook: one in Python is called as a thread's trace function is set, lets another thread run there, and CPython 3.11 then
    refuses that thread its own ("Cannot install a trace function while another trace function is being installed"): the thread dies unstarted.
    """
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, _guarded_lookup(getattr(socket, name)))
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _guarded_connect(getattr(socket.socket, name)))


def _guarded_lookup(look_up: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(look_up)
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_lookup(host)
        return look_up(host, *args, **kwargs)

    return guarded


def _guarded_connect(connect: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(connect)
    def guarded(connection: socket.socket, address: Any) -> Any:
        refuse_connection(address)
        return connect(connection, address)

    return guarded


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: there are always stories that wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests and the emulators' modules stay until the end: the collector need not walk them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where tests call the app, its answers are held against its document."""
    if "app" in sys.modules:
        from tests.factories.documented import hold

        hold(sys.modules["app"].app)


def pytest_configure(config: pytest.Config) -> None:
    """Set the process up before any module of the project is imported."""
    if is_live(config):
        TAKEN.update({name: os.environ[name] for name in (*_KEYS, *_NO_AWS) if name in os.environ})
    for key in _KEYS:
        os.environ.pop(key, None)
    os.environ.update(_NO_AWS)
    _guard_sockets()
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("repeat", derandomize=True, deadline=None, database=None, suppress_health_check=quiet)
    settings.register_profile("explore", deadline=None, suppress_health_check=quiet)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
