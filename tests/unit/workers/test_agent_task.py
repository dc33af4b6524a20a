"""A tool call that waits for the task of an agent elsewhere, entry by entry, on the emulator's tables and against an agent of the official SDK."""

import json
from collections.abc import Iterator

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from starlette.types import Receive, Scope, Send

from chalicelib.access.secrets import forget_secrets, put_secret
from chalicelib.compiler.prices import EVENTS, HISTORY_LIMIT
from chalicelib.errors import Contention
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import MOST_WOKEN, Polling
from chalicelib.store import agent_tasks, keys, table
from chalicelib.store.run_records import Fence, NodeAttempt
from chalicelib.tools import a2a as tool
from chalicelib.tools.failures import AgentRefused, AgentTaskTimedOut, HostUnreachable
from tests.factories.cloud import cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.asgi_server import serving_app
from tests.unit.tools.test_a2a import Office

LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Office, str]]:
    found = Office()

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await found(scope, receive, send)

    with serving_app(late) as host:
        found.open_at(host)
        yield found, host


@pytest.fixture(autouse=True)
def office(running: tuple[Office, str]) -> Iterator[Office]:
    found, host = running
    found.clerk.heard.clear()
    tool.forget_agents()
    with cloud(SLUICE_A2A_AGENTS=json.dumps({"clerk": {"url": f"http://{host}"}, "gone": {"url": "http://127.0.0.1:1"}})):
        yield found
    settings.cache_clear()


def told(text: Json, *, agent: str = "clerk", wait: JsonObject | None = None) -> Story:
    call: JsonObject = {"type": "tool_call", "tool": "a2a.send", "with": {"agent": agent, "text": text}, "wait": wait or {}}
    return story({"act": call, "then": {"type": "wait", "seconds": 1, "after": ["act"]}})


def enter(tale: Story, entry: int = 0, *, retry: int = 0, resume: int = 0) -> JsonObject:
    said = tale.serve("act", fence={"resume": resume, "visit": 0, "entry": entry, "retry": retry})
    assert isinstance(said, dict)
    return said


def until_done(tale: Story) -> JsonObject:
    for entry in range(1, 1000):
        said = enter(tale, entry)
        if said["Next"] == "done":
            output = said["output"]
            assert isinstance(output, dict)
            return output
    raise AssertionError("the task does not end")


def attempt(tale: Story, *, resume: int = 0) -> NodeAttempt:
    return NodeAttempt(organisation_id="org_local", run_id=tale.run.id, node="act", fence=Fence(resume=resume))


def began(tale: Story, at: str) -> None:
    key = keys.agent_task("org_local", tale.run.id, "act", "#0")
    table.write(table.assign(key, {"began_at": at}))


def test_it_is_done_at_once_where_the_agent_answers_at_once() -> None:
    tale = told("hello")
    said = enter(tale)
    assert (said["Next"], said["seconds"]) == ("done", 0)
    assert tale.result("act") == said["output"]
    assert tale.events()[-1] == "node_succeeded"


def test_it_sends_once_and_asks_until_the_task_has_ended(office: Office) -> None:
    tale = told("1984", wait={"poll_seconds": 7})
    assert enter(tale) == {"Next": "again", "output": None, "seconds": 7}
    output = until_done(tale)
    assert (output["state"], output["text"], output["data"]) == ("completed", "report on 1984", [{"pages": 3}])
    assert len(office.clerk.heard) == 1
    assert tale.node_run("act").details == {"task_id": output["task_id"], "state": "completed"}
    assert tale.events().count("node_started") == 1


def test_an_asking_writes_nothing(office: Office) -> None:
    tale = told("work")
    enter(tale)
    before = tale.events(), tale.node_run("act")
    assert [enter(tale, entry)["Next"] for entry in (1, 2)] == ["again", "again"]
    assert (tale.events(), tale.node_run("act")) == before


def test_it_is_over_where_the_agent_asks_back() -> None:
    tale = told("ask")
    enter(tale)
    output = until_done(tale)
    assert (output["state"], output["is_final"], output["text"]) == ("input_required", False, "Which year?")


def test_a_worker_that_died_before_the_id_was_kept_sends_under_the_same_id(office: Office) -> None:
    tale = told("work")
    agent_tasks.begin(attempt(tale))
    enter(tale)
    table.write(table.assign(keys.agent_task("org_local", tale.run.id, "act", "#0"), {"task_id": None}))
    enter(tale, retry=1)
    assert len(office.clerk.heard) == 2
    assert len(set(office.clerk.heard)) == 1


def test_a_retry_of_an_entry_that_ended_well_gives_its_output_again(office: Office) -> None:
    tale = told("1984")
    enter(tale)
    output = until_done(tale)
    assert enter(tale, 1000, retry=1) == {"Next": "done", "output": output, "seconds": 0}
    assert len(office.clerk.heard) == 1


def test_it_fails_with_a_name_when_the_time_is_over() -> None:
    tale = told("work", wait={"poll_seconds": 1, "timeout_seconds": 60})
    enter(tale)
    began(tale, LONG_AGO)
    with pytest.raises(AgentTaskTimedOut, match=r"has not ended in 60 s"):
        enter(tale, 1)
    assert not AgentTaskTimedOut.retryable
    assert tale.events()[-1] == "node_failed"


def test_a_resumed_run_waits_anew_for_the_same_task(office: Office) -> None:
    tale = told("work", wait={"poll_seconds": 1, "timeout_seconds": 60})
    enter(tale)
    began(tale, LONG_AGO)
    assert enter(tale, resume=1) == {"Next": "again", "output": None, "seconds": 1}
    assert len(office.clerk.heard) == 1


def test_an_agent_that_is_out_of_reach_is_asked_again_and_not_sent_to_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostUnreachable):
        enter(told("hello", agent="gone"))
    tale = told("work")
    enter(tale)
    monkeypatch.setenv("SLUICE_A2A_AGENTS", '{"clerk": {"url": "http://127.0.0.1:1"}}')
    settings.cache_clear()
    assert enter(tale, 1)["Next"] == "again"


def test_an_agent_that_knows_the_task_no_more_fails_the_node() -> None:
    tale = told("work")
    agent_tasks.begin(attempt(tale))
    agent_tasks.name(attempt(tale), "task-0")
    with pytest.raises(AgentRefused, match="not found"):
        enter(tale)


def test_what_it_says_holds_no_secret() -> None:
    forget_secrets()
    put_secret("org_local", "token", "planted-s3cret-value")
    tale = told({"secret": "token"})
    enter(tale)
    output = until_done(tale)
    assert output["text"] == "report on (secret token)"


def test_the_first_id_of_a_task_counts() -> None:
    tale = told("work")
    with pytest.raises(Contention):
        agent_tasks.name(attempt(tale), "none")
    assert agent_tasks.begin(attempt(tale)) == agent_tasks.begin(attempt(tale))
    assert [agent_tasks.name(attempt(tale), task_id).task_id for task_id in ("one", "two")] == ["one", "one"]
    assert agent_tasks.begin(attempt(tale, resume=2)).resume == 2
    assert agent_tasks.begin(attempt(tale, resume=1)).resume == 2


@pytest.mark.parametrize(
    ("poll_seconds", "timeout_seconds", "polls"),
    [(30, 86_400, 437), (1, 31_536_000, 1331), (60, 60, 1), (60, 90, 2), (86_400, 31_536_000, 231)],
)
def test_a_year_of_asking_fits_into_a_history(poll_seconds: int, timeout_seconds: int, polls: int) -> None:
    assert Polling(poll_seconds=poll_seconds, timeout_seconds=timeout_seconds).most_polls == polls
    assert polls * (EVENTS.task + 2 * EVENTS.plain) + MOST_WOKEN * (EVENTS.task + EVENTS.plain + EVENTS.token_task) < HISTORY_LIMIT


def test_a_pause_ends_with_the_time_and_grows_with_it() -> None:
    wait = Polling(poll_seconds=30, timeout_seconds=86_400)
    assert [wait.long_pause(waited) for waited in (0, 3100, 50_000.2, 86_200.5, 86_399.99, 90_000)] == [300, 310, 3600, 200, 1, 1]
    assert Polling(poll_seconds=7200).long_pause(0) == 7200
    assert [wait.pause(waited) for waited in (0, 2999.5, 3100, 50_000.2, 86_390.5, 86_399.99, 90_000)] == [30, 30, 31, 501, 10, 1, 1]
