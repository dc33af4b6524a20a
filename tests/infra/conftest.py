"""The package, made once for all tests that look at it."""

import pytest

from tests.factories.package import Package, build


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package as it is deployed, with all its wheels: needs the package index."""
    return build(tmp_path_factory.mktemp("package"), wheels=True)


@pytest.fixture(scope="session")
def bare_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The same template, with our own code alone in the zip."""
    return build(tmp_path_factory.mktemp("bare-package"), wheels=False)
