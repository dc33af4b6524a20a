from typing import Any

import pytest

from chalicelib.compiler.compile import Compilation, compile_workflow
from chalicelib.compiler.forecast_models import ModelsForecast, NodeModels
from chalicelib.compiler.model_costs import OUTPUT_TOKENS
from chalicelib.compiler.model_rates import Asked, ModelFacts, Rates
from chalicelib.compiler.ranges import OpenRange, Range
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec

FREE = Rates((0, 0), (0, 0))
CHEAP = Rates((1_000_000, 2_000_000), (4_000_000, 4_000_000))  # micro-dollars per million tokens: one, two and four a token
DEAR = Rates((10_000_000, 10_000_000), (40_000_000, 40_000_000))
PRICED = Asked("default", {"vendor:cheap": CHEAP})
SAY: JsonObject = {"type": "agent_call", "prompt": "12345678" * 3, "max_output_tokens": 100}
INPUT: JsonObject = {"type": "object", "properties": {"short": {"type": "boolean"}, "long": {"type": "string"}}, "required": ["short", "long"]}


def compiled(nodes: JsonObject, facts: ModelFacts | None = None, **more: Json) -> Compilation:
    spec = WorkflowSpec.model_validate({"sluice": 1, "name": "priced", "input": INPUT, "nodes": nodes, **more}, strict=False)
    found = compile_workflow(spec, facts=facts)
    assert isinstance(found, Compilation), found.diagnostics
    return found


def models(nodes: JsonObject, asked: Asked = PRICED, *, embeddings: Asked | None = None, **more: Json) -> ModelsForecast:
    return compiled(nodes, ModelFacts(dict.fromkeys("abc", asked), embeddings, "2026-11-01"), **more).forecast.models


def only(nodes: JsonObject, asked: Asked = PRICED, **more: Any) -> NodeModels:
    (node,) = models(nodes, asked, **more).nodes
    return node


def test_it_prices_a_call_by_its_texts_and_its_limit() -> None:
    found = models({"a": SAY})
    assert found.nodes[0].input_tokens == OpenRange(3, 8 + 48)
    assert found.nodes[0].output_tokens == OpenRange(1, 100)
    assert found.cost_micro_dollars == OpenRange(3 * 1 + 4, 56 * 2 + 100 * 4)
    assert (found.priced_at, found.unpriced) == ("2026-11-01", ())


def test_it_takes_the_usual_limit_where_none_is_declared() -> None:
    assert only({"a": {"type": "agent_call", "prompt": "hi"}}).output_tokens.most == OUTPUT_TOKENS


def test_it_spans_all_who_may_answer() -> None:
    found = only({"a": SAY}, Asked("smart", {"v:cheap": CHEAP, "v:dear": DEAR}))
    assert (found.model, found.cost_micro_dollars) == ("smart", OpenRange(7, 56 * 10 + 100 * 40))


def test_it_counts_an_agents_own_instructions() -> None:
    assert only({"a": {**SAY, "system": "x" * 8}}, Asked("default", {"v:m": CHEAP}, system="y" * 16)).input_tokens.least == 6


def test_it_bounds_what_is_read_by_its_schema() -> None:
    assert only({"a": {**SAY, "prompt": "{{ $context.short }}"}}).input_tokens == OpenRange(1, 2 + 48)


@pytest.mark.parametrize("fields", [{"prompt": "{{ $context.long }}"}, {"attach": [{"media_type": "image/png", "data": "$context.long"}]}])
def test_it_says_unbounded_where_nothing_bounds_the_prompt(fields: JsonObject) -> None:
    found = models({"a": {**SAY, **fields}})
    assert (found.cost_micro_dollars.most, found.nodes[0].input_tokens.most) == (None, None)


def test_it_allows_for_an_answer_that_is_mended() -> None:
    schema: JsonObject = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    found = only({"a": {**SAY, "output": schema}})
    assert found.output_tokens == OpenRange(1, 200)
    assert found.input_tokens.most is not None
    assert found.input_tokens.most > 2_000
    assert only({"a": {**SAY, "output": schema, "prompt": "{{ $context.long }}"}}).output_tokens == OpenRange(1, 200)


def test_it_bounds_an_agent_with_tools_by_its_cost_alone() -> None:
    agent: JsonObject = {**SAY, "tools": ["http.get"], "max_turns": 3}
    open_ended, bounded = only({"a": agent}), only({"a": {**agent, "max_cost": 5_000}})
    assert (open_ended.cost_micro_dollars, bounded.cost_micro_dollars) == (OpenRange(7, None), OpenRange(7, 5_000))
    assert open_ended.output_tokens == OpenRange(1, 500)
    assert "max_cost would bound it" in open_ended.notes[0]
    assert "may come on top" in bounded.notes[0]


def test_it_never_shows_what_has_no_price_as_nothing() -> None:
    found = models({"a": SAY, "b": SAY}, Asked("mine", {"vllm:qwen": None}))
    assert [node.cost_micro_dollars for node in found.nodes] == [None, None]
    assert found.unpriced == ("vllm:qwen",)


def test_it_names_those_without_a_price_beside_the_priced() -> None:
    found = models({"a": SAY}, Asked("mine", {"vllm:qwen": None, "v:cheap": CHEAP}))
    assert (found.unpriced, found.cost_micro_dollars.least) == (("vllm:qwen",), 7)


def test_it_knows_no_price_without_facts() -> None:
    found = compiled({"a": {**SAY, "model": "smart"}}).forecast.models
    assert (found.unpriced, found.nodes[0].cost_micro_dollars) == (("smart",), None)


def test_it_knows_that_offline_answers_are_free() -> None:
    found = models({"a": {**SAY, "tools": ["http.get"]}}, Asked("smart", {"offline:m": FREE}, why="no key: offline"))
    assert found.cost_micro_dollars == OpenRange(0, 0)
    assert found.nodes[0].notes[-1] == "no key: offline"


def test_it_may_have_an_answer_from_the_cache_for_nothing() -> None:
    assert models({"a": {**SAY, "cache": {"ttl_seconds": 60}}}).cost_micro_dollars.least == 0


def test_it_counts_every_visit_of_a_loop_and_every_item() -> None:
    assert only({"a": {**SAY, "repeat": {"until": "false", "max_times": 3}}}).visits == Range(1, 3)
    looped: JsonObject = {"m": {"type": "map", "over": [1, 2], "nodes": {"a": SAY}}}
    found = models(looped)
    assert (found.nodes[0].visits, found.cost_micro_dollars.least) == (Range(2, 2), 14)


def test_it_counts_one_of_two_branches() -> None:
    nodes: JsonObject = {"c": {"type": "condition", "if": "$context.short"}, "a": SAY, "b": SAY}
    found = models(nodes, edges=[{"from": "c", "to": "a", "when": True}, {"from": "c", "to": "b", "when": False}])
    one = 56 * 2 + 100 * 4
    assert found.cost_micro_dollars == OpenRange(7, one)
    assert [(node.visits, node.cost_micro_dollars) for node in found.nodes] == [(Range(0, 1), OpenRange(0, one))] * 2


def test_it_counts_what_runs_at_once() -> None:
    assert models({"a": SAY, "b": SAY}).cost_micro_dollars.least == 14


def test_it_prices_the_vectors_of_memory() -> None:
    embeddings = Asked("openai:small", {"openai:small": Rates((20_000, 20_000), (0, 0))})
    nodes: JsonObject = {
        "k": {"type": "tool_call", "tool": "memory.put", "with": {"text": "$context.long"}},
        "s": {"type": "tool_call", "tool": "memory.search", "with": {"query": "x" * 3_000}},
        "t": {"type": "tool_call", "tool": "time.now"},
    }
    found = models(nodes, embeddings=embeddings)
    assert [(node.node, node.model, node.input_tokens) for node in found.nodes] == [
        ("k", "openai:small", OpenRange(0, None)),
        ("s", "openai:small", OpenRange(0, 1_048)),
    ]
    assert models(nodes).nodes == ()


@pytest.mark.parametrize(("at_limit", "most"), [("fail", 50), ("ask", None)])
def test_it_is_bounded_by_a_budget_that_fails(at_limit: str, most: int | None) -> None:
    agent: JsonObject = {**SAY, "tools": ["http.get"]}
    assert models({"a": agent}, budget={"micro_dollars": 50, "at_limit": at_limit}).cost_micro_dollars.most == most


def test_it_stays_below_a_budget_that_is_not_reached() -> None:
    assert models({"a": SAY}, budget={"micro_dollars": 10_000}).cost_micro_dollars.most == 512


@pytest.mark.parametrize(("micro_dollars", "at_limit", "word"), [(6, "fail", "fails"), (6, "ask", "asks people"), (7, "fail", None)])
def test_it_warns_of_a_budget_that_every_run_meets(micro_dollars: int, at_limit: str, word: str | None) -> None:
    found = compiled({"a": SAY}, ModelFacts({"a": PRICED}), budget={"micro_dollars": micro_dollars, "at_limit": at_limit})
    told = [diagnostic for diagnostic in found.diagnostics if diagnostic.code == "budget-too-small"]
    assert [word in diagnostic.message for diagnostic in told if word] == ([True] if word else [])
    assert len(told) == (1 if word else 0)
    assert not any(diagnostic.is_error for diagnostic in told)


def test_it_says_unbounded_and_unpriced_in_json() -> None:
    told = models({"a": {**SAY, "prompt": "{{ $context.long }}"}}).as_json()
    assert told["cost_micro_dollars"] == {"least": 5, "most": None}
    assert isinstance(told["nodes"], list)
