"""Memory with vectors of a real adapter, against a fake of the vendor, on moto."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import openai.resources  # noqa: F401  (heavy: here, not in a test's second)
import pytest

from chalicelib.access.costs import nodes_of_run
from chalicelib.clock import now_text
from chalicelib.spec.model import Json
from chalicelib.store import budgets
from chalicelib.store.budget_records import Budget, Limit
from tests.factories.cloud import ANN, cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.fake_openai import KEY, Answer, Body, Fault, OpenAIApi, openai_api
from tests.fixtures.model_script import Failing, Say

NODES: dict[str, Json] = {
    "put": {"type": "tool_call", "tool": "memory.put", "with": {"text": "Ann likes green tea", "key": "ann"}},
    "find": {"type": "tool_call", "tool": "memory.search", "with": {"query": "a hot drink"}},
}
PRICES = json.dumps({"local:nomic": {"fresh": 1_000_000, "output": 0}})


@contextmanager
def told(*turns: Answer, model: str = "local:nomic", key: str = KEY, prices: str = PRICES) -> Iterator[tuple[Story, OpenAIApi]]:
    """A run whose deployment makes vectors at a fake server."""
    with openai_api(*turns) as fake:
        servers = json.dumps({"local": {"url": fake.url, "key": key}})
        with cloud(SLUICE_COMPATIBLE=servers, SLUICE_EMBEDDINGS=model, SLUICE_PRICES=prices) as _:
            yield story(NODES), fake


def found(tale: Story) -> list[str]:
    tale.serve("put")
    result = tale.serve("find")
    assert isinstance(result, dict)
    entries = result["entries"]
    assert isinstance(entries, list)
    return [str(entry["key"]) for entry in entries if isinstance(entry, dict)]


def test_it_finds_what_shares_no_word_and_counts_what_that_cost() -> None:
    with told(Say()) as (tale, fake):
        assert found(tale) == ["ann"]
        assert [body["input"] for body in fake.requests] == [["Ann likes green tea"], ["a hot drink"]]
        total, nodes = nodes_of_run(ANN, tale.run.id)
        assert (total.cost, total.call_count, total.input_tokens) == (10, 2, 10)
        assert {place: cost.cost for place, cost in nodes.items()} == {("put", ""): 5, ("find", ""): 5}


def test_it_asks_nobody_where_no_model_is_named() -> None:
    with told(Say(), model="") as (tale, fake):
        assert found(tale) == []
        assert fake.requests == []


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (Failing.SERVER_ERROR, "ModelUnavailable"),
        (Fault(401, "invalid_api_key", message=f"I do not know {KEY}"), "ModelAuthFailed"),
        (Body({"data": [{"index": 0, "embedding": []}]}), "ModelUnavailable"),
        (Body({"data": [{"index": 0, "embedding": ["inf"]}]}), "ModelUnavailable"),
        (Body({"data": []}), "ModelUnavailable"),
    ],
    ids=["an error", "an error that tells the key", "no numbers", "no finite numbers", "no vector"],
)
def test_it_goes_by_words_alone_where_no_vector_comes(turn: Answer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with told(turn) as (tale, _):
        assert found(tale) == []
    assert f"memory goes by words alone: local:nomic gave no vector ({name}" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("model", "key", "name"),
    [
        ("openai:text-embedding-3-small", KEY, "openai has no key here"),
        ("acme:x", KEY, "no provider acme"),
        ("local:nomic", "wrong", "ModelAuthFailed"),
    ],
)
def test_it_goes_by_words_alone_where_nobody_may_be_asked(model: str, key: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with told(Say(), model=model, key=key) as (tale, fake):
        assert found(tale) == []
        assert fake.requests == []
    assert name in caplog.text


@pytest.mark.parametrize(("prices", "name"), [(PRICES, "BudgetExceeded"), ("{}", "ModelUnpriced")])
def test_it_goes_by_words_alone_where_the_budget_has_no_room(prices: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with told(Say(), prices=prices) as (tale, fake):
        budgets.put("org_local", Budget(per_day=Limit(micro_dollars=1, generation="g"), set_at=now_text(), set_by="ann"))
        assert found(tale) == []
        assert fake.requests == []
    assert name in caplog.text
