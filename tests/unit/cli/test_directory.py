"""The commands on the directory of agents against a scripted API."""

import json

from typer.testing import CliRunner, Result

from cli.agents import account
from cli.main import app
from cli.session import console
from tests.factories.cli_documents import node_run
from tests.factories.fake_api import FakeApi, serving_api

CLERK = {
    "agent": "a2a:clerk",
    "kind": "a2a",
    "name": "clerk",
    "title": "Clerk",
    "description": "Writes reports.",
    "skills": [{"id": "report", "name": "Report", "description": "Writes\x1b[2J a report.", "tags": ["writing"]}],
    "source": "registered",
    "from_outside": True,
    "takes_text": True,
    "card_url": "https://clerk.example/.well-known/agent-card.json",
    "version": None,
    "fetched_at": "2026-11-27T10:00:00.000Z",
    "fault": "the connection broke",
}
BOOK = {**CLERK, "agent": "workflow:book", "kind": "workflow", "from_outside": False, "takes_text": False, "skills": [], "fault": None, "version": 3}


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


def test_it_lists_agents_and_says_whose_words_they_are() -> None:
    with serving_api({"GET /api/v1/agents": {"agents": [CLERK, BOOK], "left_out_count": 2}}) as api:
        found = sluice("agents", "list", "--kind", "a2a", api=api)
    assert found.exit_code == 0
    assert "Report (said by the agent itself)" in found.stdout
    assert "a2a:clerk: its card is missing or old: the connection broke" in found.stdout
    assert "2 more do not fit the answer" in found.stdout
    assert api.asked[-1][0] == "GET /api/v1/agents?kind=a2a"


def test_it_finds_by_skill() -> None:
    with serving_api({"GET /api/v1/agents": {"agents": [{**CLERK, "score": 1.0, "fit": "has the skill"}], "left_out_count": 0}}) as api:
        found = sluice("agents", "find", "report", "--json", api=api)
        shown = sluice("agents", "find", "report", api=api)
    assert json.loads(found.stdout)["agents"][0]["score"] == 1.0
    assert "has the skill" in shown.stdout
    assert api.asked[-1][0] == "GET /api/v1/agents?skill=report"


def test_it_shows_one_agent_whole() -> None:
    with serving_api({"GET /api/v1/agents/clerk": CLERK, "GET /api/v1/agents/book": BOOK}) as api:
        clerk, book = sluice("agents", "show", "a2a:clerk", api=api), sluice("agents", "show", "book", api=api)
    assert "Report [writing]: Writes [2J a report." in clerk.stdout  # nothing of it is for the terminal
    assert "no: use a `workflow` node" in book.stdout
    assert [asked[0] for asked in api.asked] == ["GET /api/v1/agents/clerk?kind=a2a", "GET /api/v1/agents/book"]


def test_it_adds_and_removes() -> None:
    with serving_api({"POST /api/v1/agents": CLERK, "DELETE /api/v1/agents/clerk": None}) as api:
        added = sluice("agents", "add", "clerk", "https://clerk.example", api=api)
        removed = sluice("agents", "remove", "a2a:clerk", api=api)
    assert "added a2a:clerk" in added.stdout
    assert removed.stdout.strip() == "removed a2a:clerk"
    assert api.asked[0][1] == {"name": "clerk", "url": "https://clerk.example"}


def test_it_adds_with_headers_and_signers() -> None:
    more = ("--header", "X-Team=travel", "--secret-header", "Authorization=Bearer clerk", "--secret-header", "X-Key=key")
    with serving_api({"POST /api/v1/agents": CLERK}) as api:
        sluice("agents", "add", "clerk", "https://clerk.example", *more, "--signed-by", "https://clerk.example/keys", api=api)
        refused = sluice("agents", "add", "clerk", "https://clerk.example", "--header", "X-Team", api=api)
    secrets = {"Authorization": {"secret": "clerk", "prefix": "Bearer "}, "X-Key": {"secret": "key", "prefix": ""}}
    signers = {"jwks_url": "https://clerk.example/keys"}
    assert api.asked[0][1] == {"name": "clerk", "url": "https://clerk.example", "headers": {"X-Team": "travel", **secrets}, "signed_by": signers}
    assert (refused.exit_code, len(api.asked)) == (2, 1)


def test_a_run_shows_who_was_weighed_and_what_of_the_trail_is_gone() -> None:
    weighed = [
        {"kind": "workflow", "name": "book", "score": 1.0, "fit": "has the skill"},
        {"kind": "preset", "name": "writer", "score": 0.9, "fit": "by write"},
    ]
    chosen = {"agent": "book", "agent_kind": "workflow", "agent_why": "it fits", "agent_candidates": weighed, "trail_left_out_count": 3}
    here = console()
    with here.capture() as captured:
        here.print(account(node_run("do", details=chosen)))
    shown = captured.get()
    assert "workflow:book (it fits)" in shown
    assert "preset:writer" in shown
    assert "3 earlier steps are not kept" in shown
