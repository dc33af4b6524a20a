"""Which vendors a live run asks: those whose key this machine has. The others are named at the end, and are no pass.

LIVE_MODELS says which models are asked (`provider:model`, separated by spaces) in place of those of the alias `fast`; a compatible server has none
of its own, so one of its models must be named there.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from chalicelib.providers.candidates import Candidate
from chalicelib.providers.model import Provider
from chalicelib.providers.select import DEFAULT_MODELS, forget_adapters, keys_of, provider_of
from chalicelib.settings import settings
from tests.conftest import TAKEN, before_the_run, is_live, reaching

COMPATIBLE = "compatible"
VARIABLES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "google": "GEMINI_API_KEY",
    "bedrock": "SLUICE_BEDROCK",
    COMPATIBLE: "SLUICE_COMPATIBLE",
}
HOSTS = {
    "anthropic": "api.anthropic.com",
    "openai": "api.openai.com",
    "google": "generativelanguage.googleapis.com",
    "bedrock": ".amazonaws.com",  # the models' and, where credentials must be fetched, that of STS or SSO
}
_LACKING = pytest.StashKey[dict[str, str]]()


@dataclass(frozen=True)
class Asked:
    """Who is asked, and what."""

    provider: Provider
    model: str
    is_priced: bool


def lacking() -> dict[str, str]:
    """Vendors that cannot be asked here, and what they lack."""
    found = {vendor: variable for vendor, variable in VARIABLES.items() if not TAKEN.get(variable)}
    if COMPATIBLE not in found and _named_model(COMPATIBLE) is None:
        found[COMPATIBLE] = "LIVE_MODELS with a model of it"
    return found


def _named_model(vendor: str) -> Candidate | None:
    """The model that LIVE_MODELS names for a vendor, or for any server of SLUICE_COMPATIBLE."""
    known = json.loads(TAKEN.get("SLUICE_COMPATIBLE", "{}")) if vendor == COMPATIBLE else {vendor: None}
    named = (text.partition(":") for text in os.environ.get("LIVE_MODELS", "").split())
    return next((Candidate(provider, model) for provider, _, model in named if provider in known), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the tests of vendors without a key out. Where no live run is asked for, `-m` takes them all out."""
    if not is_live(config):
        return
    config.stash[_LACKING] = lacking()
    left = [item for item in items if _vendor_of(item) in config.stash[_LACKING]]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def _vendor_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("vendor")) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for vendor, variable in config.stash.get(_LACKING, {}).items():
        terminalreporter.write_line(f"NOT RUN: no {variable} ({vendor})", yellow=True)


@pytest.fixture(params=sorted(VARIABLES))
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asked(vendor: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The vendor's adapter as the product makes it, from this machine's environment."""
    _give_back(monkeypatch)
    settings.cache_clear()
    keys = keys_of(settings())
    candidate = _named_model(vendor) or next(each for each in DEFAULT_MODELS["fast"] if each.provider == vendor)
    endpoint = keys.compatible.get(candidate.provider)
    host = (urlsplit(endpoint.url).hostname or "") if endpoint is not None else HOSTS[vendor]
    with reaching(request.config, host):
        yield Asked(provider_of(candidate, keys=keys), candidate.model, is_priced=endpoint is None)
    settings.cache_clear()
    forget_adapters()


def _give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in before_the_run().items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
