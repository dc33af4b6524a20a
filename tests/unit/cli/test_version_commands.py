"""The commands on drafts and versions against a scripted API."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.factories.cli_documents import AT, version
from tests.factories.fake_api import FakeApi, Refusal, serving_api
from tests.unit.cli.test_commands import GREET, WORKFLOWS

DRAFT = "/api/v1/workflows/wf_1/draft"
VERSIONS = "/api/v1/workflows/wf_1/versions"
SAVED: dict[str, Any] = {"person": "local", "text": GREET, "revision": 3, "base_version": 2, "etag": '"3-abc"', "saved_by": "ann", "saved_at": AT}
IMPACT: dict[str, Any] = {
    "latest_version": 2,
    "versions": [{"version": 1, "in_flight_count": 4, "open_gate_count": 2}],
    "callers": [{"workflow_name": "trip", "version": 7, "calls_version": 1}, {"workflow_name": "stay", "version": 1, "calls_version": 2}],
    "triggers": [
        {"kind": "schedule", "name": "nightly", "enabled": True, "version": None},
        {"kind": "webhook", "name": "orders", "enabled": False, "version": None},
        {"kind": "webhook", "name": "fixed", "enabled": True, "version": 1},
    ],
}
RUNS = {"started_count": 9, "in_flight_count": 1, "success_rate": 0.875, "median_seconds": 12.34, "cost_per_run": 1500}
NONE = {"started_count": 0, "in_flight_count": 0, "success_rate": None, "median_seconds": None, "cost_per_run": None}
DIFFERENCE = {"from": "1", "to": "2", "text": "~ title:\n    [-a-]{+b+}\n"}
REFUSED = Refusal(412, "draft-changed", {"change": ["nodes added: x"]})
ANSWERS: dict[str, Any] = {
    WORKFLOWS: {"workflows": [{"id": "wf_1"}]},
    f"GET {DRAFT}": SAVED,
    f"PUT {DRAFT}": SAVED,
    f"DELETE {DRAFT}": None,
    f"GET {DRAFT}s": {"drafts": [SAVED]},
    f"POST {VERSIONS}": {**version(), "is_new": True, "impact": IMPACT},
    "GET /api/v1/workflows/wf_1/diff": DIFFERENCE,
    "POST /api/v1/workflows/wf_1/rollback": {**version(), "is_new": False, "impact": IMPACT},
    f"GET {VERSIONS}": {
        "versions": [{**version(), "note": "why", "created_by": "ann", "created_at": AT, "runs": RUNS}, {**version(), "runs": NONE}],
        "cursor": None,
    },
}


def sluice(*arguments: str, api: FakeApi, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", api.url], input=typed)


@pytest.fixture
def greet(tmp_path: Path) -> str:
    path = tmp_path / "greet.yaml"
    path.write_text(GREET)
    return str(path)


def test_it_publishes_with_a_note_labels_and_a_base(greet: str) -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("publish", greet, "-m", "why", "--label", "ticket=OPS-1", "--base", "1", api=api)
    assert found.exit_code == 0
    assert api.bodies(f"POST {VERSIONS}") == [{"text": GREET, "note": "why", "labels": {"ticket": "OPS-1"}, "base_version": 1}]
    assert "version 1: 4 runs go on, 2 gates wait for people" in found.stdout
    assert "trip version 7 goes on with version 1 until it is published" in found.stdout
    assert "schedule nightly starts the new version from then on\n" in found.stdout
    assert "webhook orders starts the new version from then on, once it is resumed" in found.stdout
    assert not {"stay", "fixed"} & set(found.stdout.split())


def test_it_takes_no_label_without_a_value(greet: str) -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("publish", greet, "--label", "ticket", api=api)
    assert (found.exit_code, "name=value" in found.stderr, api.bodies(f"POST {VERSIONS}")) == (2, True, [])


@pytest.mark.parametrize(
    ("preview", "said"),
    [
        ({"is_new": True, "diff": DIFFERENCE, "impact": IMPACT}, "{+b+}"),
        ({"is_new": True, "diff": None, "impact": IMPACT}, "a first version"),
        ({"is_new": False, "diff": DIFFERENCE, "impact": IMPACT}, "nothing differs"),
    ],
)
@pytest.mark.parametrize("is_draft", [False, True])
def test_it_shows_what_publishing_would_do(greet: str, preview: dict[str, Any], said: str, is_draft: bool) -> None:
    with serving_api({**ANSWERS, f"POST {VERSIONS}": preview}) as api:
        found = sluice(*(("draft", "publish", "greet") if is_draft else ("publish", greet)), "--dry-run", api=api)
    assert (found.exit_code, said in found.stdout) == (0, True)
    assert any(asked == f"POST {VERSIONS}?dry_run=true" for asked, _, _ in api.asked)


def test_it_lists_versions_to_those_who_may_not_see_the_runs() -> None:
    with serving_api({**ANSWERS, f"GET {VERSIONS}": {"versions": [{**version(), "runs": None}], "cursor": None}}) as api:
        found = sluice("versions", "greet", api=api)
    assert (found.exit_code, found.stdout.splitlines()[1].split()) == (0, ["1", "ann", AT])


def test_it_lists_versions_with_what_their_runs_came_to() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("versions", "greet", api=api)
    assert all(word in found.stdout for word in ("why", "88%", "12.3 s", "$0.0015", "9"))


def test_it_lists_all_pages_of_versions_that_were_published_so() -> None:
    ran = {**version(), "note": "", "created_by": "ann", "created_at": AT, "runs": RUNS}
    pages = [{"versions": [{**ran, "number": 3}], "cursor": "on"}, {"versions": [{**ran, "number": 1}], "cursor": None}]
    with serving_api({**ANSWERS, f"GET {VERSIONS}": pages}) as api:
        found = sluice("versions", "greet", "--label", "ticket:A-1", "--label", "team:a", "--by", "ann", "--json", api=api)
    assert [each["number"] for each in json.loads(found.stdout)["versions"]] == [3, 1]
    asked = [asked.partition("?")[2] for asked, _, _ in api.asked if asked.startswith(f"GET {VERSIONS}")]
    wanted = "label=ticket%3AA-1&label=team%3Aa&created_by=ann"
    assert asked == [f"limit=200&{wanted}", f"limit=200&cursor=on&{wanted}"]


def test_it_shows_what_differs() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("diff", "greet", "1", "2", api=api)
        sluice("diff", "greet", api=api)
    assert "1 -> 2" in found.stdout
    assert "[-a-]{+b+}" in found.stdout
    asked = [asked.removeprefix("GET /api/v1/workflows/wf_1/") for asked, _, _ in api.asked if "/diff" in asked]
    assert asked == ["diff?from=1&to=2", "diff"]


def test_it_shows_why_a_draft_cannot_be_compared() -> None:
    diagnostics = [{"severity": "error", "message": "no such node", "code": "unknown-node", "line": 3, "column": 1, "hint": ""}]
    with serving_api({**ANSWERS, "GET /api/v1/workflows/wf_1/diff": Refusal(422, "spec-invalid", {"diagnostics": diagnostics})}) as api:
        found = sluice("diff", "greet", api=api)
    assert (found.exit_code, "no such node" in found.stderr) == (2, True)


def test_it_goes_back_to_a_version() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("rollback", "greet", "1", "-m", "broken", api=api)
    assert api.bodies("POST /api/v1/workflows/wf_1/rollback") == [{"version": 1, "note": "broken"}]
    assert "unchanged" in found.stdout


def test_it_shows_a_draft_and_its_tag(tmp_path: Path) -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("draft", "show", "greet", api=api)
        sluice("draft", "show", "greet", "--of", "bob", "-o", str(tmp_path / "out.yaml"), api=api)
    assert found.stdout == GREET
    assert "--match '\"3-abc\"'" in found.stderr
    assert (tmp_path / "out.yaml").read_text() == GREET
    assert api.asked[-1][0] == f"GET {DRAFT}?person=bob"


def test_it_saves_a_draft_over_the_one_that_was_read(greet: str) -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("draft", "save", greet, "--match", '"3-abc"', "--base", "2", api=api)
    _, body, headers = api.asked[-1]
    assert (found.exit_code, body, headers["if-match"]) == (0, {"text": GREET, "base_version": 2}, '"3-abc"')


def test_it_says_what_a_refused_draft_would_have_changed(greet: str) -> None:
    with serving_api({**ANSWERS, f"PUT {DRAFT}": REFUSED}) as api:
        found = sluice("draft", "save", greet, api=api)
    assert (found.exit_code, "nodes added: x" in found.stderr) == (1, True)


def test_it_asks_for_a_name_where_a_draft_has_none() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("draft", "save", "-", api=api, typed="nodes: {")
        named = sluice("draft", "save", "-", "--workflow", "greet", api=api, typed="nodes: {")
    assert (found.exit_code, "--workflow" in found.stderr, named.exit_code) == (2, True, 0)


def test_it_lists_and_discards_drafts() -> None:
    with serving_api(ANSWERS) as api:
        assert "ann" in sluice("draft", "list", "greet", api=api).stdout
        assert sluice("draft", "discard", "greet", "--match", '"3-abc"', api=api).exit_code == 0
    assert api.asked[-1][2]["if-match"] == '"3-abc"'


def test_it_publishes_one_s_own_draft() -> None:
    with serving_api(ANSWERS) as api:
        found = sluice("draft", "publish", "greet", "-m", "done", "--json", api=api)
    assert api.bodies(f"POST {VERSIONS}") == [{"note": "done"}]
    assert json.loads(found.stdout)["is_new"] is True
