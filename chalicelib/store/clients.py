"""AWS clients, made when first needed and kept for the life of the container.

In: a service's name. Out: its boto3 client. SDK retries answer throttling and dropped connections; what a condition or a conflict says is the
store's business.
Tests and the local stack that change the environment call `forget_clients()`.
"""

from functools import lru_cache
from threading import Lock
from typing import Any, Final

_MAKING: Final = Lock()  # two threads that need one at once get one, not two
_ATTEMPTS: Final = {"dynamodb": 5, "apigatewaymanagementapi": 1}
_USER_AGENT: Final = "sluice"  # given, it is not put together anew for every call, which costs a third of a small one
_READ_TIMEOUTS: Final = {"apigatewaymanagementapi": 2.0, "lambda": 120.0}


def client(service: str, *, endpoint_url: str | None = None) -> Any:
    """The client of a service. Thread-safe, as boto3's clients are."""
    with _MAKING:
        return _make(service, endpoint_url)


def forget_clients() -> None:
    """Make new clients from now on."""
    _make.cache_clear()
    _session.cache_clear()


@lru_cache(maxsize=32)
def _make(service: str, endpoint_url: str | None) -> Any:
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS.get(service, 4)},
        connect_timeout=2.0,
        read_timeout=_READ_TIMEOUTS.get(service, 10.0),
        max_pool_connections=32,
        user_agent=_USER_AGENT,
    )
    return _session().client(service, endpoint_url=endpoint_url, config=config)


@lru_cache(maxsize=1)
def _session() -> Any:
    """One for all clients: each would read the list of all endpoints again, a tenth of a second. Not thread-safe: `_MAKING` is held."""
    import boto3

    return boto3.session.Session()
