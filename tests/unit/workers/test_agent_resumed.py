"""What becomes of an agent's conversation, its calls and its gates when the run is resumed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic  # noqa: F401  (its second of import time belongs to no test)
import pytest

from chalicelib.agents.call import OutputInvalid
from chalicelib.agents.failures import AgentTurnsExceeded
from chalicelib.gates.close import close_call
from chalicelib.gates.decide import decide
from chalicelib.providers import select
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import gates
from chalicelib.store.run_records import Fence, NodeAttempt
from chalicelib.tools.registry import tools
from chalicelib.tools.tool import Surroundings, Tool
from tests.factories.cloud import ANN, cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.fake_claude import KEY, Claude, claude
from tests.fixtures.model_script import Calls, Say, Turn

POST = Calls("http_post", {"url": "https://shop.test/"})
DONE: Json = {"Next": "done", "output": {"text": "Done."}}


@contextmanager
def answering(*turns: Turn) -> Iterator[Claude]:
    """A deployment with a key, whose Claude is the fake."""
    with pytest.MonkeyPatch.context() as patch, claude(*turns) as fake, cloud(ANTHROPIC_API_KEY=KEY):
        patch.setenv("ANTHROPIC_BASE_URL", fake.url)
        select.forget_adapters()
        yield fake


def asking(policy: str = "allow", **more: Json) -> Story:
    grant: JsonObject = {"tool": "http.post", "policy": policy}
    return story({"work": {"type": "agent_call", "prompt": "Do it for {{ $context.who }}.", "tools": [grant], **more}})


def enter(tale: Story, resume: int, *, retry: int = 0, who: str = "ann", **fields: Json) -> Json:
    return tale.serve("work", fence={"resume": resume, "visit": 0, "entry": 0, "retry": retry}, values={"$context.who": who}, **fields)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The idempotency keys under which the tool was called."""
    seen: list[str] = []

    def act(_: JsonObject, surroundings: Surroundings) -> Any:
        seen.append(surroundings.idempotency_key)
        return {"status": 200, "headers": {}, "body": "ok"}

    monkeypatch.setitem(tools(), "http.post", Tool("http.post", act))
    return seen


def failing(tale: Story, kind: type[Exception], resume: int = 0) -> None:
    with pytest.raises(kind):
        enter(tale, resume)


def test_it_goes_on_where_the_failed_run_was(posted: list[str]) -> None:
    bad = Say("no json")
    with answering(Say("", calls=(POST,)), bad, bad, Say('{"x": 1}')) as fake:
        tale = asking(output={"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]})
        failing(tale, OutputInvalid)
        assert enter(tale, 1) == {"Next": "done", "output": {"x": 1}}
        assert len(posted) == 1
        assert len(fake.requests) == 4
        assert len(fake.requests[3]["messages"]) == len(fake.requests[2]["messages"])  # the last answer is asked for again, nothing else


def test_it_is_asked_again_once_a_resume(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say(" "), Say(" "), Say("Done.")) as fake:
        tale = asking(max_turns=1)
        failing(tale, AgentTurnsExceeded)
        failing(tale, AgentTurnsExceeded, 1)
        with pytest.raises(AgentTurnsExceeded):
            enter(tale, 1, retry=1)
        assert len(fake.requests) == 3
        assert enter(tale, 2) == DONE


def test_it_begins_anew_where_what_it_reads_has_changed(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say(" "), Say("", calls=(POST,)), Say("Done.")) as fake:
        tale = asking(max_turns=1)
        failing(tale, AgentTurnsExceeded)
        assert enter(tale, 1, who="bob") == DONE
        assert "bob" in str(fake.requests[2]["messages"])
        assert len(fake.requests[2]["messages"]) == 1
        assert len(set(posted)) == 2, "a new conversation's first call is another than the old one's"


def test_it_counts_what_each_conversation_cost_once(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say(" "), Say("Done.")):
        tale = asking(max_turns=1)
        failing(tale, AgentTurnsExceeded)
        before = tale.node_run("work").usage
        enter(tale, 1, who="bob")
        assert tale.node_run("work").usage.output_tokens * 2 == before.output_tokens * 3


def test_it_counts_once_what_a_conversation_cost_that_goes_on(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say(" "), Say("Done.")):
        tale = asking(max_turns=1)
        failing(tale, AgentTurnsExceeded)
        before = tale.node_run("work").usage
        enter(tale, 1)
        assert tale.node_run("work").usage.output_tokens * 2 == before.output_tokens * 3


def wait(tale: Story, resume: int, who: str = "ann") -> str:
    answer: Any = enter(tale, resume, who=who, wait=True, token=f"token {resume}", deadline_seconds=60)
    return str(answer["gate_id"])


def call_of(tale: Story, resume: int) -> NodeAttempt:
    return NodeAttempt(organisation_id=tale.run.organisation_id, run_id=tale.run.id, node="work", fence=Fence(resume=resume), call=1)


def test_it_asks_again_for_a_call_that_nobody_decided_before(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say("Done.")) as fake:
        tale = asking("ask")
        enter(tale, 0)
        first = wait(tale, 0)
        close_call(call_of(tale, 0))  # its time is over, and the run breaks before the agent hears of it
        assert enter(tale, 1) == {"Next": "wait", "output": None}
        second = wait(tale, 1)
        assert second != first
        decide(ANN, second, choice="approve")
        assert enter(tale, 1, retry=1) == DONE
        assert (len(posted), len(fake.requests)) == (1, 2)


def test_it_takes_a_decision_of_the_same_conversation(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say("Done.")):
        tale = asking("ask")
        enter(tale, 0)
        decide(ANN, wait(tale, 0), choice="approve")
        assert enter(tale, 1) == DONE
        assert len(posted) == 1


def test_it_takes_no_decision_of_another_conversation(posted: list[str]) -> None:
    with answering(Say("", calls=(POST,)), Say("", calls=(POST,)), Say("Done.")):
        tale = asking("ask")
        enter(tale, 0)
        decide(ANN, wait(tale, 0), choice="approve")
        assert enter(tale, 1, who="bob") == {"Next": "wait", "output": None}
        assert posted == []
        gate = gates.get(tale.run.organisation_id, wait(tale, 1, "bob"))
        assert gate.decision is None
        decide(ANN, gate.id, choice="approve")
        assert enter(tale, 1, retry=1, who="bob") == DONE
        assert len(posted) == 1
