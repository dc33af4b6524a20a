"""A tool call that waits for word of an agent elsewhere: an agent of the official SDK, its notifications, and everybody else's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import a2a.client  # noqa: F401  (heavy: paid for here, not by the first test)
import pytest
from starlette.types import Receive, Scope, Send

from app import app
from chalicelib.api import notifications
from chalicelib.gates.deliver import relay
from chalicelib.runs.task_hooks import PATH
from chalicelib.settings import settings
from chalicelib.spec.model import JsonObject
from chalicelib.spec.nodes import MOST_WOKEN
from chalicelib.store import answers, keys, table, task_hooks
from chalicelib.store.run_records import Fence, NodeAttempt
from chalicelib.tools import a2a as tool
from chalicelib.workers.payload import PayloadInvalid
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import Cloud, cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.asgi_server import serving_app
from tests.fixtures.http_server import Reply, Request, Server, serving
from tests.unit.tools.test_a2a import Office

TOKEN = "t" * 40


@dataclass
class Agents:
    """`clerk` tells of changes, `mute` does not; `inbox` is where they tell, `words` what came there."""

    office: Office
    inbox: Server
    words: "Queue[Request]"
    aws: Cloud = field(default_factory=Cloud)

    def told(self, tale: Story) -> Request:
        """The next notification of the run. They come as the agent gets to them."""
        while True:
            word = self.words.get(timeout=60)
            if word.target.endswith(hook_of(tale)):
                return word


def served(office: Office) -> Any:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await office(scope, receive, send)

    return late


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Agents, dict[str, Any]]]:
    clerk, mute = Office(tells=True), Office()
    words: Queue[Request] = Queue()

    def hear(request: Request) -> Reply:
        words.put(request)
        return Reply()

    with serving(hear) as inbox, serving_app(served(clerk)) as first, serving_app(served(mute)) as second:
        clerk.open_at(first)
        mute.open_at(second)
        yield Agents(clerk, inbox, words), {"clerk": {"url": f"http://{first}"}, "mute": {"url": f"http://{second}"}}
        mute.clerk.go.set()


@pytest.fixture(autouse=True)
def agents(running: tuple[Agents, dict[str, Any]]) -> Iterator[Agents]:
    found, known = running
    found.office.clerk.go.clear()
    tool.forget_agents()
    with cloud(SLUICE_A2A_AGENTS=json.dumps(known), SLUICE_PUBLIC_URL=f"http://{found.inbox.host}/") as found.aws:
        yield found
    found.office.clerk.go.set()
    settings.cache_clear()


def waiting(text: str = "later", *, agent: str = "clerk") -> Story:
    call: JsonObject = {"type": "tool_call", "tool": "a2a.send", "with": {"agent": agent, "text": text}, "wait": {"poll_seconds": 30}}
    return story({"act": call})


def enter(tale: Story, entry: int = 0, **more: Any) -> JsonObject:
    said = tale.serve("act", fence={"resume": 0, "visit": 0, "entry": entry, "retry": 0}, **{"may_wait": True, **more})
    assert isinstance(said, dict)
    return said


def wait_for_word(tale: Story, token: str = TOKEN) -> None:
    assert tale.serve("act", fence={"resume": 0, "visit": 0, "entry": 1, "retry": 0}, wait=True, token=token) is None


def hook_of(tale: Story) -> str:
    return task_hooks.hook_id(NodeAttempt(organisation_id="org_local", run_id=tale.run.id, node="act", fence=Fence()))


def item(tale: Story) -> dict[str, Any]:
    found = table.get(keys.task_hook("org_local", hook_of(tale)))
    assert found is not None
    return found


def token_of(agents: Agents, tale: Story) -> str:
    """The token that the agent was given last."""
    (configs,) = agents.office.configs._push_notification_infos.values()
    return next(config.token for config in configs[task_id(tale)] if config.id == hook_of(tale))


def task_id(tale: Story) -> str:
    found = table.get(keys.agent_task("org_local", tale.run.id, "act", "#0"))
    assert found is not None
    return str(found["task_id"])


def post(tale: Story, headers: dict[str, str], *, hook: str = "", body: object = None) -> tuple[int, Any]:
    path = {"organisation_id": "org_local", "hook_id": hook or hook_of(tale)}
    response = app(rest_event("POST", f"{PATH}/{{organisation_id}}/{{hook_id}}", path=path, headers=headers, body=body), context())
    return response["statusCode"], json.loads(response["body"])


def bearing(token: str) -> dict[str, str]:
    return {"X-A2A-Notification-Token": token}


def test_an_agents_own_word_ends_the_wait_at_once(agents: Agents) -> None:
    tale = waiting()
    assert enter(tale) == {"Next": "wait", "output": None, "seconds": 300}
    wait_for_word(tale)
    assert agents.aws.answers == []
    agents.office.clerk.go.set()
    word = agents.told(tale)
    assert word.target == f"{PATH}/org_local/{hook_of(tale)}"
    assert word.headers["authorization"] == f"Bearer {word.headers['x-a2a-notification-token']}"
    assert post(tale, dict(word.headers), body=word.body.decode()) == (200, {"heard": True})
    assert [(sent.token, sent.output, sent.error) for sent in agents.aws.answers] == [(TOKEN, None, None)]
    assert _until_done(tale)["text"] == "at last"


def _until_done(tale: Story) -> JsonObject:
    for entry in range(1, 1000):
        said = enter(tale, entry, may_wait=False)
        if said["Next"] == "done":
            assert isinstance(said["output"], dict)
            return said["output"]
    raise AssertionError("the task does not end")


def test_an_agent_nodes_wait_ends_at_the_agents_word_too(agents: Agents) -> None:
    tale = story({"act": {"type": "agent_call", "agent": "a2a:clerk", "prompt": "later"}})
    assert enter(tale) == {"Next": "wait", "output": None, "seconds": 50}
    wait_for_word(tale)
    agents.office.clerk.go.set()
    assert post(tale, bearing(token_of(agents, tale)))[0] == 200
    assert [sent.token for sent in agents.aws.answers] == [TOKEN]
    assert _until_done(tale)["text"] == "at last"


def test_the_token_is_kept_as_its_digest_and_is_shown_nowhere(agents: Agents, caplog: pytest.LogCaptureFixture) -> None:
    tale = waiting()
    with caplog.at_level("DEBUG"):
        enter(tale)
        token = token_of(agents, tale)
        post(tale, bearing(token))
    assert len(token) >= 43
    assert token not in f"{item(tale)} {caplog.text} {tale.shown('act')} {tale.node_run('act')}"


def test_word_that_comes_before_the_engine_waits_ends_the_wait_as_it_begins(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    assert post(tale, {"Authorization": f"bearer {token_of(agents, tale)}"})[0] == 200
    assert (agents.aws.answers, answers.list_undelivered("org_local")) == ([], ())
    wait_for_word(tale)
    assert [sent.token for sent in agents.aws.answers] == [TOKEN]
    assert answers.list_undelivered("org_local") == ()


def test_word_that_comes_twice_or_late_is_answered_and_changes_nothing(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    wait_for_word(tale)
    token = token_of(agents, tale)
    assert [post(tale, bearing(token)) for _ in range(3)] == [(200, {"heard": True})] * 3
    assert len(agents.aws.answers) == 1


@pytest.mark.parametrize(
    "headers", [{}, bearing(""), bearing("x" * 43), bearing("é" * 9), {"Authorization": "Basic eHg="}, {"Authorization": "Bearer"}]
)
def test_a_forged_word_changes_nothing_and_learns_nothing(agents: Agents, headers: dict[str, str]) -> None:
    tale = waiting()
    enter(tale)
    wait_for_word(tale)
    before = item(tale)
    known, unknown = post(tale, headers), post(tale, headers, hook="hook_0")
    assert known == unknown
    assert (known[0], known[1]["code"]) == (404, "notification-not-found")
    assert (item(tale), agents.aws.answers) == (before, [])


def test_a_token_is_good_for_one_wait(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    first = token_of(agents, tale)
    post(tale, bearing(first))
    wait_for_word(tale)
    assert enter(tale, 1)["Next"] == "wait"
    second = token_of(agents, tale)
    assert first != second
    assert post(tale, bearing(first))[0] == 404
    wait_for_word(tale, "u" * 40)
    post(tale, bearing(second))
    assert [sent.token for sent in agents.aws.answers] == [TOKEN, "u" * 40]


def test_word_that_could_not_be_passed_on_is_passed_on_later(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    wait_for_word(tale)
    agents.aws.refuse("stepfunctions:SendTaskSuccess", "ThrottlingException")
    assert post(tale, bearing(token_of(agents, tale)))[0] == 200
    assert (agents.aws.answers, answers.list_undelivered("org_local")) == ([], (hook_of(tale),))
    assert relay(item(tale))
    assert ([sent.token for sent in agents.aws.answers], answers.list_undelivered("org_local")) == ([TOKEN], ())


def test_word_that_cannot_be_kept_is_not_answered_as_heard(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    token = token_of(agents, tale)
    agents.aws.refuse("dynamodb:UpdateItem", "InternalServerError", status=500, times=20)
    assert post(tale, bearing(token))[0] >= 500
    agents.aws.faults.clear()
    assert post(tale, bearing(token))[0] == 200


def test_a_body_is_not_read_and_not_longer_than_it_may_be(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    headers = bearing(token_of(agents, tale))
    status, told = post(tale, headers, body="x" * (notifications.MAX_BYTES + 1))
    assert (status, told["code"]) == (413, "too-large")
    assert "answer" not in item(tale)
    assert post(tale, headers, body='{"task": {"status": {"state": "TASK_STATE_COMPLETED"}}}')[0] == 200
    assert enter(tale, 1)["Next"] == "wait"  # the agent itself says that it works


@pytest.mark.parametrize(
    ("agent", "more", "url"),
    [("mute", {}, None), ("clerk", {"may_wait": False}, None), ("clerk", {}, "")],
    ids=["an agent that tells nothing", "a machine of an earlier release", "a deployment that nobody reaches"],
)
def test_it_asks_as_ever(monkeypatch: pytest.MonkeyPatch, agent: str, more: dict[str, Any], url: str | None) -> None:
    if url is not None:
        monkeypatch.setenv("SLUICE_PUBLIC_URL", url)
        settings.cache_clear()
    assert enter(waiting(agent=agent), **more) == {"Next": "again", "output": None, "seconds": 30}


def test_it_asks_as_ever_where_the_agent_refuses_to_tell(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(agents.office.configs, "set_info", refuse)
    assert enter(waiting())["Next"] == "again"


def test_it_is_woken_so_many_times_and_then_asks(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    assert [enter(tale, entry)["Next"] for entry in (MOST_WOKEN - 1, MOST_WOKEN)] == ["wait", "again"]


def test_an_attempt_that_was_overtaken_takes_no_hook_away(agents: Agents) -> None:
    tale = waiting()
    enter(tale)
    enter(tale, 2)
    token = token_of(agents, tale)
    assert enter(tale, 1)["Next"] == "again"
    assert post(tale, bearing(token))[0] == 200


def test_a_wait_without_a_token_is_no_wait_of_a_machine() -> None:
    with pytest.raises(PayloadInvalid):
        waiting().serve("act", wait=True)


def test_a_hook_that_is_gone_keeps_nobody_waiting_for_longer_than_the_engine_says(agents: Agents) -> None:
    tale = waiting()
    wait_for_word(tale)
    assert table.get(keys.task_hook("org_local", hook_of(tale))) is None
