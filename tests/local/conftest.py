"""One stack of the tiny app for all tests of this folder that ask for it."""

from collections.abc import Iterator

import pytest

from tests.local.tiny_stack import PROJECT, LocalStack


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(project=PROJECT) as running:
        yield running
