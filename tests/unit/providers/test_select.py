"""From the name in a node to who answers."""

import pytest

from chalicelib.model_settings import CompatibleEndpoint, RouteSetting
from chalicelib.providers import failures
from chalicelib.providers.anthropic import ClaudeProvider
from chalicelib.providers.candidates import Candidate, Strategy
from chalicelib.providers.failures import MEANING, FailureKind, ModelFailure, ModelRequestInvalid
from chalicelib.providers.model import Embedder
from chalicelib.providers.offline import OfflineProvider
from chalicelib.providers.select import (
    DEFAULT_MODELS,
    VENDORS,
    Key,
    Keys,
    Vendor,
    _made,
    choose,
    embedder_of,
    keys_of,
    provider_of,
    route_of,
    routes_of,
)
from chalicelib.settings import read_settings

KEYS = Keys(anthropic="sk-ant-test")


@pytest.mark.parametrize("alias", sorted(DEFAULT_MODELS))
def test_it_asks_claude_where_there_is_a_key(alias: str) -> None:
    chosen = choose(alias, models={}, keys=KEYS)
    assert isinstance(chosen.provider, ClaudeProvider)
    assert f"anthropic:{chosen.model}" == DEFAULT_MODELS[alias][0].id
    assert (chosen.asked, chosen.why) == (alias, "")


def test_it_answers_offline_without_a_key_and_says_why() -> None:
    chosen = choose("anthropic:claude-x", models={}, keys=Keys())
    assert isinstance(chosen.provider, OfflineProvider)
    assert (chosen.model, chosen.why) == ("claude-x", "anthropic:claude-x has no key here")


def test_it_takes_the_deployments_aliases_first() -> None:
    assert choose("smart", models={"smart": "offline:small"}, keys=KEYS).model == "small"
    assert choose("house", models={"house": "fast"}, keys=KEYS).model == DEFAULT_MODELS["fast"][0].model
    assert choose("offline:echo", models={}, keys=KEYS).why == ""


def test_it_keeps_one_provider_per_key() -> None:
    assert choose("smart", models={}, keys=KEYS).provider is choose("fast", models={}, keys=KEYS).provider
    assert choose("smart", models={}, keys=KEYS).provider is not choose("smart", models={}, keys=Keys("other")).provider


@pytest.mark.parametrize(
    ("name", "why"), [("clever", "no alias of a model"), ("a", "no alias of a model"), ("acme:gpt", "no provider acme"), ("offline:", "no alias")]
)
def test_it_refuses_a_name_that_stands_for_nothing(name: str, why: str) -> None:
    with pytest.raises(ModelRequestInvalid, match=why):
        choose(name, models={"a": "b", "b": "c", "c": "offline:x"}, keys=KEYS)


ROUTE = RouteSetting.model_validate(
    {"strategy": "fastest", "candidates": [{"model": "vllm:qwen", "priority": 3}, "anthropic:a", {"model": "openai:b", "window": 9, "key": "spare"}]}
)
MANY = Keys(anthropic="a", openai='{"default": "one", "spare": "two"}', compatible={"vllm": CompatibleEndpoint(url="http://localhost/v1", key="k")})


def test_it_makes_a_route_of_those_that_have_a_key() -> None:
    route = route_of("smart", models={"smart": ROUTE}, keys=MANY)
    assert (route.strategy, [candidate.id for candidate in route.candidates]) == (
        Strategy.FASTEST,
        ["anthropic:a", "openai:b (spare)", "vllm:qwen"],
    )
    assert (route.candidates[1].window, route.keyless, route.why) == (9, (), "")
    lacking = route_of("smart", models={"smart": ROUTE}, keys=Keys(openai="one", compatible=MANY.compatible))
    assert ([candidate.id for candidate in lacking.candidates], lacking.keyless) == (["vllm:qwen"], ("anthropic:a", "openai:b (spare)"))


@pytest.mark.parametrize("alias", sorted(DEFAULT_MODELS))
def test_it_falls_back_over_whichever_keys_are_set(alias: str) -> None:
    every = Keys("a", "o", "g", "eu-central-1")
    assert [candidate.provider for candidate in route_of(alias, models={}, keys=every).candidates] == ["anthropic", "bedrock", "openai", "google"]
    assert [candidate.provider for candidate in route_of(alias, models={}, keys=Keys(gemini="g")).candidates] == ["google"]
    offline = route_of(alias, models={}, keys=Keys())
    assert ([candidate.provider for candidate in offline.candidates], offline.why.endswith("has no key here")) == (["offline"], True)


def test_it_tells_of_all_aliases_that_lead_somewhere() -> None:
    routes = routes_of(models={"smart": ROUTE, "house": "vllm:qwen", "lost": "acme:x"}, keys=MANY)
    assert [route.name for route in routes] == ["default", "fast", "house", "smart"]


def test_it_makes_an_adapter_with_its_candidates_key() -> None:
    key = MANY.find("openai", "spare")
    assert key == Key("openai", "spare", "two")
    made: list[Key] = []

    def make(adapter: type[OfflineProvider], key: Key) -> OfflineProvider:
        made.append(key)
        return adapter()

    assert _made(Vendor("offline", "OfflineProvider", make), key).name == "offline"
    assert made == [key]
    assert MANY.find("vllm") == Key("vllm", "default", "k", "http://localhost/v1")
    assert "two" not in repr(MANY.find("openai", "spare"))
    with pytest.raises(ModelRequestInvalid, match="has no key here"):
        provider_of(Candidate("google", "x"), keys=MANY)


@pytest.mark.parametrize("provider", [*VENDORS, "vllm"])
def test_it_knows_how_each_vendors_adapter_is_made(provider: str) -> None:
    keys = Keys("a", "o", "g", "eu-central-1", compatible=MANY.compatible)
    assert provider_of(Candidate(provider, "x"), keys=keys).name == provider


def test_it_finds_who_makes_vectors() -> None:
    keys = Keys("a", "o", "g", compatible=MANY.compatible)
    assert [isinstance(embedder_of(name, keys=keys), Embedder) for name in ("openai", "google", "vllm")] == [True] * 3
    with pytest.raises(ModelRequestInvalid, match="anthropic makes no vectors"):
        embedder_of("anthropic", keys=keys)
    with pytest.raises(ModelRequestInvalid, match="openai has no key here"):
        embedder_of("openai", keys=Keys())


def test_it_reads_the_settings_keys() -> None:
    told = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "GEMINI_API_KEY": "g", "SLUICE_BEDROCK": "eu-west-1"}
    assert keys_of(read_settings(told)) == Keys("a", "o", "g", "eu-west-1")


def test_it_has_one_class_per_cause_with_a_code_of_its_own() -> None:
    assert len({failure.code for failure in failures.FAILURES}) == len(failures.FAILURES) == 11
    assert all(issubclass(failure, ModelFailure) for failure in failures.FAILURES)
    assert {failure.kind for failure in failures.FAILURES} == set(FailureKind) == set(MEANING)
    assert {failure.__name__ for failure in failures.FAILURES if failure.retryable} == {
        "ModelRateLimited",
        "ModelOverloaded",
        "ModelUnavailable",
        "ModelTimedOut",
    }
