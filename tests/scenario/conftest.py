"""One local stack for the tests of a module that ask for it; names of hosts that nobody has are answered here, as a resolver would."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch, LocalStack() as running:
        patch.setattr(socket, "getaddrinfo", _without_invalid_names(socket.getaddrinfo))
        yield running


@pytest.fixture(scope="module")
def runs(stack: LocalStack) -> Iterator[LocalRuns]:
    runs = LocalRuns(stack.url)
    yield runs
    runs.close()


def _without_invalid_names(resolve: Any) -> Any:
    """No resolver knows a name below `.invalid` (RFC 2606); the real one would have to be asked."""

    def answer(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    return answer
