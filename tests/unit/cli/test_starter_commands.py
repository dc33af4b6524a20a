"""The commands on starters and files against a scripted API."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.fake_api import FakeApi, serving_api
from tests.unit.cli.test_commands import GREET, WORKFLOWS

STARTERS = "/api/v1/starters"
STARTER: dict[str, Any] = {
    "name": "refund-handling",
    "title": "Handle a refund",
    "description": "Pays back.",
    "tags": ["support", "money"],
    "source": "built_in",
    "use_count": 3,
    "version": 2,
}
PREVIEW = {
    **STARTER,
    "plan": "understand\npay\n",
    "parameters": [{"name": "small_amount", "title": "Paid without asking", "default": 50}],
    "samples": [{"title": "Headphones", "input": {}}],
    "lacks": {"secrets": ["bank_token"], "mcp_servers": []},
}
DEPLOYED: dict[str, Any] = {
    "name": "my-refunds",
    "workflow_id": "wf_1",
    "version": None,
    "is_new": True,
    "workflows": [],
    "lacks": {"channels": ["whatsapp"]},
}
IMPORTED = {"workflows": [{"name": "greet", "status": "new", "workflow_id": "wf_1", "version": 1}], "lacks": {"workflows": ["other"]}}
ANSWERS: dict[str, Any] = {
    WORKFLOWS: {"workflows": [{"id": "wf_1"}]},
    f"GET {STARTERS}": {"starters": [STARTER], "cursor": None},
    f"GET {STARTERS}/refund-handling": PREVIEW,
    f"POST {STARTERS}/refund-handling/deploy": DEPLOYED,
    f"PUT {STARTERS}/greet": {**STARTER, "name": "greet"},
    f"DELETE {STARTERS}/greet": None,
    "POST /api/v1/workflows/import": IMPORTED,
    "GET /api/v1/workflows/wf_1/export": {"sluice": 1},
}


def sluice(*arguments: str, api: FakeApi) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url])


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ((), "limit=200"),
        (("refund", "money"), "limit=200&search=refund+money"),
        (("--tag", "support", "--tag", "money"), "limit=200&tag=support%2Cmoney"),
        (("list", "refund"), "limit=200&search=refund"),
    ],
)
def test_it_searches_starters(arguments: tuple[str, ...], query: str) -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("starters", *arguments, api=api)
    assert (found.exit_code, "Handle a refund" in found.stdout) == (0, True)
    assert api.asked[0][0] == f"GET {STARTERS}?{query}"


def test_it_helps() -> None:
    assert "withdraw" in CliRunner().invoke(app, ["starters", "--help"]).stdout


def test_it_shows_a_starter() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("starters", "show", "refund-handling", api=api)
    assert all(words in found.stdout for words in ("Pays back.", "understand", "small_amount", "Headphones", "lacking secrets: bank_token"))
    assert "mcp" not in found.stdout


@pytest.mark.parametrize(
    ("answer", "said"), [({}, "made: my-refunds, a draft"), ({"is_new": False, "version": 4}, "there already: my-refunds version 4")]
)
def test_it_deploys_a_starter(answer: dict[str, Any], said: str) -> None:
    with serving_api({**ANSWERS, f"POST {STARTERS}/refund-handling/deploy": {**DEPLOYED, **answer}}) as api:
        values = ("--set", "small_amount=80", "--set", 'deciders=["role:lead"]', "--set", "tone=plain and kind")
        found = sluice("starters", "deploy", "refund-handling", *values, "--name", "my-refunds", "--publish", api=api)
    (body,) = api.bodies(f"POST {STARTERS}/refund-handling/deploy")
    assert body == {"parameters": {"small_amount": 80, "deciders": ["role:lead"], "tone": "plain and kind"}, "publish": True, "name": "my-refunds"}
    assert said in found.stdout
    assert "lacking channels: whatsapp" in found.stdout


def test_it_takes_no_parameter_without_a_value() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("starters", "deploy", "refund-handling", "--set", "small_amount", api=api)
    assert (found.exit_code, "name=value" in found.stderr) == (2, True)


def test_it_shares_and_withdraws(tmp_path: Path) -> None:
    about = tmp_path / "about.json"
    about.write_text(json.dumps({"tags": ["ours"]}))
    with serving_api(ANSWERS) as api:
        found = sluice("starters", "share", "greet", "--about", str(about), "--version", "2", api=api)
        assert sluice("starters", "withdraw", "greet", api=api).exit_code == 0
    assert api.bodies(f"PUT {STARTERS}/greet") == [{"workflow_id": "wf_1", "tags": ["ours"], "version": 2}]
    assert "version 2" in found.stdout


@pytest.mark.parametrize("content", ["[1]", "{", None])
def test_it_says_what_is_wrong_with_what_is_said_of_a_starter(tmp_path: Path, content: str | None) -> None:
    about = tmp_path / "about.json"
    if content is not None:
        about.write_text(content)
    with serving_api(ANSWERS) as api:
        found = sluice("starters", "share", "greet", "--about", str(about), api=api)
    assert (found.exit_code, "about.json" in found.stderr) == (2, True)


def test_it_takes_a_workflow_out(tmp_path: Path) -> None:
    with serving_api(ANSWERS) as api:
        shown = sluice("export", "greet", api=api)
        sluice("export", "greet", "--format", "json", "--version", "2", "--bundle", "-o", str(tmp_path / "out.json"), api=api)
    assert shown.stdout == (tmp_path / "out.json").read_text() == json.dumps({"sluice": 1})
    assert api.asked[-1][0] == "GET /api/v1/workflows/wf_1/export?format=json&version=2&bundle=true"


def test_it_brings_a_file_in(tmp_path: Path) -> None:
    path = tmp_path / "greet.yaml"
    path.write_text(GREET)
    with serving_api(ANSWERS) as api:
        found = sluice("import", str(path), "--publish", api=api)
    assert api.bodies("POST /api/v1/workflows/import") == [{"text": GREET, "publish": True, "dry_run": False}]
    assert "lacking workflows: other" in found.stdout
