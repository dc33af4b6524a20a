"""What the deployment's settings and the price table make of a workflow's agents."""

import pytest

from chalicelib.compiler.model_rates import ModelFacts, Rates
from chalicelib.model_facts import facts_of_deployment, model_facts
from chalicelib.providers.prices import price_of
from chalicelib.providers.select import DEFAULT_MODELS, Keys
from chalicelib.settings import settings
from chalicelib.spec.model import Json
from chalicelib.spec.workflow import WorkflowSpec


def spec(**fields: Json) -> WorkflowSpec:
    agent: Json = {"type": "agent_call", "prompt": "hi", **fields}
    nodes: Json = {"a": agent, "m": {"type": "map", "over": [1], "nodes": {"inner": agent}}, "t": {"type": "tool_call", "tool": "time.now"}}
    return WorkflowSpec.model_validate({"sluice": 1, "name": "facts", "nodes": nodes}, strict=False)


def facts(keys: Keys | None = None, **fields: Json) -> ModelFacts:
    return model_facts(spec(**fields), keys=keys)


def test_it_names_all_whom_an_alias_leads_to() -> None:
    found = facts()
    assert set(found.agents) == {"a", "inner"}
    assert set(found.agents["a"].candidates) == {f"{each.provider}:{each.model}" for each in DEFAULT_MODELS["default"]}


def test_it_spans_what_a_vendor_may_bill() -> None:
    price = price_of("anthropic", "claude-sonnet-5-5")
    rates = facts(model="anthropic:claude-sonnet-5-5").agents["a"].rates[0]
    assert price is not None
    assert rates.input[0] <= price.cache_read <= price.fresh <= price.cache_write <= rates.input[1]
    assert rates.output[0] <= price.output <= rates.output[1]


def test_it_takes_those_alone_who_have_a_key() -> None:
    assert list(facts(Keys(openai="sk")).agents["a"].candidates) == ["openai:gpt-6.1-sol"]


def test_it_answers_offline_for_nothing_where_nobody_has_a_key() -> None:
    asked = facts(Keys()).agents["a"]
    assert list(asked.candidates.values()) == [Rates((0, 0), (0, 0))]
    assert asked.why.endswith("answers are offline and free")


@pytest.mark.parametrize(("agent", "model"), [("planner", "smart"), ({"skill": "order steps"}, "smart"), ("nobody", "default")])
def test_it_asks_whom_the_preset_asks(agent: Json, model: str) -> None:
    assert facts(agent=agent).agents["a"].model == model


def test_it_takes_a_presets_instructions_along() -> None:
    assert "planner" in facts(agent="planner").agents["a"].system


def test_it_leaves_a_name_that_leads_nowhere_unpriced() -> None:
    assert facts(model="nonsense").agents["a"].unpriced == ("nonsense",)


def test_it_leaves_a_model_without_a_price_unpriced() -> None:
    assert facts(model="openai:nobody-sells-this").agents["a"].unpriced == ("openai:nobody-sells-this",)


def test_it_knows_who_makes_vectors() -> None:
    found = model_facts(spec(), embeddings="openai:text-embedding-3-small")
    assert found.embeddings is not None
    assert found.embeddings.rates
    assert facts().embeddings is None


@pytest.mark.parametrize(("stage", "count"), [("local", 1), ("prod", len(DEFAULT_MODELS["default"]))])
def test_it_looks_at_keys_only_where_they_are(monkeypatch: pytest.MonkeyPatch, stage: str, count: int) -> None:
    monkeypatch.setenv("SLUICE_STAGE", stage)
    settings.cache_clear()
    try:
        assert len(facts_of_deployment(spec()).agents["a"].candidates) == count
    finally:
        settings.cache_clear()
