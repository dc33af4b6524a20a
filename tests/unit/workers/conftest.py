"""Every test of this folder has an empty cloud; the version cache is the container's, so ids never repeat."""

from collections.abc import Iterator

import pytest

from tests.factories.cloud import Cloud, cloud


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud(SLUICE_ALLOWED_HOSTS="localhost") as found:
        yield found
