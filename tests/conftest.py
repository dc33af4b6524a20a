"""What holds for every test: only this machine is reached, no credentials of this machine are used, chance repeats itself.

A test that needs the network stands a server up on loopback. `HYPOTHESIS_PROFILE=explore` looks for new examples instead of repeating the known ones.
"""

import os
import sys
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
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
)


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


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not is_local(address[0]):
            raise OutsideReached(f"a test connects to {address[0]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not is_local(arguments[0]):
        raise OutsideReached(f"a test looks {arguments[0]!r} up")


def pytest_configure(config: pytest.Config) -> None:
    """Set the process up before any module of the project is imported."""
    for key in _KEYS:
        os.environ.pop(key, None)
    os.environ.update(_NO_AWS)
    sys.addaudithook(_refuse_outside)
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("repeat", derandomize=True, deadline=None, database=None, suppress_health_check=quiet)
    settings.register_profile("explore", deadline=None, suppress_health_check=quiet)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
