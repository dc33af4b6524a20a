"""What workers call passing is what machines try again: both sides of the wire know the same names."""

import importlib
import pkgutil

import chalicelib
from chalicelib.compiler.retries import RETRYABLE_ERRORS
from chalicelib.errors import SluiceError


def retryable(kind: type[SluiceError]) -> set[str]:
    found = {kind.__name__} if kind.retryable and kind.__module__.startswith("chalicelib.") else set()
    return found.union(*(retryable(below) for below in kind.__subclasses__()))


def test_it_tries_again_exactly_what_says_that_it_may_pass() -> None:
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    assert set(RETRYABLE_ERRORS) - {"WorkerLost"} == retryable(SluiceError)
