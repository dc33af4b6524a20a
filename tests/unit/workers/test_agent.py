"""The worker of agent_call: who answers, at what cost, and what is recorded of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.agents.call import OutputInvalid
from chalicelib.errors import OutputTooLarge
from chalicelib.providers import select
from chalicelib.providers.model import Usage
from chalicelib.spec.model import JsonObject
from chalicelib.store import runs
from chalicelib.workers.agent import cost_details
from tests.factories.cloud import Cloud, cloud
from tests.factories.worker_runs import story
from tests.fixtures.fake_claude import KEY, Claude, claude

RANK: JsonObject = {
    "type": "agent_call",
    "model": "smart",
    "system": "You read bills for {{ $context.name }}.",
    "prompt": "Extract the total.\n\n{{ $bill }}",
    "output": {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]},
}
VALUES: JsonObject = {"$context.name": "Ann", "$bill": "Total due: EUR 12.50"}


def test_it_answers_offline_without_a_key_and_says_so(aws: Cloud) -> None:
    tale = story({"rank": RANK})
    assert tale.serve("rank", values=VALUES) == {"total": 12.5}
    node_run = tale.node_run("rank")
    assert node_run.details == {
        "provider": "offline",
        "model": "claude-opus-5-5",
        "turns": 1,
        "cost_micro_dollars": 0,
        "cached_tokens": 0,
        "offline": True,
        "why": "anthropic:claude-opus-5-5 has no key here",
    }
    assert node_run.usage.input_tokens > 0
    assert tale.shown("rank") == {"model": "smart", "system": "You read bills for Ann.", "prompt": "Extract the total.\n\nTotal due: EUR 12.50"}


def test_it_gives_a_text_where_no_schema_is_asked(aws: Cloud) -> None:
    tale = story({"say": {"type": "agent_call", "prompt": "Hello"}})
    output = tale.serve("say")
    assert isinstance(output, dict)
    assert str(output["text"]).startswith("Offline answer, no model was asked.")


@contextmanager
def answering(text: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Claude]:
    """A deployment with a key, whose Claude is the fake."""
    with claude(text) as fake, cloud(ANTHROPIC_API_KEY=KEY):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        select.forget_adapters()  # a client keeps the address that it was made with
        yield fake


@pytest.fixture
def with_claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claude]:
    with answering('{"total": 1}', monkeypatch) as fake:
        yield fake


def test_it_asks_claude_where_there_is_a_key(with_claude: Claude) -> None:
    tale = story({"rank": RANK})
    assert tale.serve("rank", values=VALUES) == {"total": 1}
    assert with_claude.requests[0]["model"] == "claude-opus-5-5"
    node_run = tale.node_run("rank")
    assert (node_run.details["provider"], node_run.details["cost_micro_dollars"]) == ("anthropic", 800)
    assert node_run.usage.cost == 800


def test_it_fails_when_the_schema_cannot_be_met(aws: Cloud) -> None:
    tale = story({"rank": RANK | {"output": {"type": "object", "properties": {"x": {"not": {}}}, "required": ["x"]}}})
    with pytest.raises(OutputInvalid):
        tale.serve("rank", values=VALUES)
    node_run = tale.node_run("rank")
    assert node_run.error is not None
    assert node_run.error.name == "OutputInvalid"
    assert node_run.usage.output_tokens > 0
    assert (node_run.details["provider"], node_run.details["offline"]) == ("offline", True)


REFUSED: JsonObject = RANK | {"output": {"type": "object", "properties": {"total": {"type": "number", "minimum": 2}}, "required": ["total"]}}


@pytest.mark.parametrize("more", [{"retry": {"max_attempts": 2}}, {"on_error": "continue"}, {}])
def test_it_records_what_two_turns_cost_that_gave_no_answer_to_take(with_claude: Claude, more: JsonObject) -> None:
    tale = story({"rank": REFUSED | more})
    with pytest.raises(OutputInvalid):
        tale.serve("rank", values=VALUES)
    assert tale.node_run("rank").usage.cost == 2 * 800
    assert runs.get(tale.run.organisation_id, tale.run.id).usage.cost == 2 * 800


def test_it_records_what_an_answer_cost_that_did_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering("x" * 300_000, monkeypatch):
        tale = story({"say": {"type": "agent_call", "model": "smart", "prompt": "Tell me all."}})
        with pytest.raises(OutputTooLarge):
            tale.serve("say", keep=["text"])
        assert tale.node_run("say").usage.cost == 800


def test_it_shows_unpriced_as_nothing_and_never_as_zero() -> None:
    assert cost_details(Usage("anthropic", "claude-new")) == {"cost_micro_dollars": None, "cached_tokens": 0}
