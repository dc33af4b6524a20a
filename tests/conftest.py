"""What holds for every test: only this machine is reached, no credentials of this machine are used, chance repeats itself.

A test that needs the network stands a server up on loopback. `HYPOTHESIS_PROFILE=explore` looks for new examples instead of repeating the known ones.
`pytest -m live` (`make live`) is the one exception: its tests get this machine's keys back, and reach the hosts of the vendor that each is about.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

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


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Clients look every host up before they connect, an address too: so the look-up tells which hosts are meant."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not is_local(address[0]) and not _reachable:
            raise OutsideReached(f"a test connects to {address[0]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not is_local(arguments[0]) and not is_reachable(arguments[0]):
        raise OutsideReached(f"a test looks {arguments[0]!r} up")


def pytest_configure(config: pytest.Config) -> None:
    """Set the process up before any module of the project is imported."""
    if is_live(config):
        TAKEN.update({name: os.environ[name] for name in (*_KEYS, *_NO_AWS) if name in os.environ})
    for key in _KEYS:
        os.environ.pop(key, None)
    os.environ.update(_NO_AWS)
    sys.addaudithook(_refuse_outside)
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("repeat", derandomize=True, deadline=None, database=None, suppress_health_check=quiet)
    settings.register_profile("explore", deadline=None, suppress_health_check=quiet)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
