"""From the name in a node to who answers."""

import pytest

from chalicelib.providers import failures
from chalicelib.providers.anthropic import ClaudeProvider
from chalicelib.providers.failures import ModelFailure, ModelRequestInvalid
from chalicelib.providers.offline import OfflineProvider
from chalicelib.providers.select import DEFAULT_MODELS, Keys, choose

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


def test_it_has_one_class_per_cause_with_a_code_of_its_own() -> None:
    assert len({failure.code for failure in failures.FAILURES}) == len(failures.FAILURES) == 11
    assert all(issubclass(failure, ModelFailure) for failure in failures.FAILURES)
    assert {failure.__name__ for failure in failures.FAILURES if failure.retryable} == {
        "ModelRateLimited",
        "ModelOverloaded",
        "ModelUnavailable",
        "ModelTimedOut",
    }
