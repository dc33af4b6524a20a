"""Each test has a table, a bucket and a silent engine of its own."""

from collections.abc import Iterator

import pytest

from tests.factories.cloud import Cloud, cloud


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found
