"""The commands against a scripted API: what they ask, what they print, how they end."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import credentials
from cli.credentials import Credential
from cli.main import app
from tests.factories.cli_documents import RUN, agent_details, call_gate, gate, node_run, run, story, version
from tests.factories.fake_api import FakeApi, Refusal, serving_api

GREET = """
sluice: 1
name: greet
nodes:
  write: {type: agent_call, prompt: hello}
output: $write.text
"""
WORKFLOWS = "GET /api/v1/workflows"
EVENTS = f"GET /api/v1/workflows/runs/{RUN}/events"
FOLLOWED = {
    "GET /api/v1/workflows/wf_1/versions/1": version(),
    "POST /api/v1/live/tickets": Refusal(503, "unavailable"),
    EVENTS: {"events": story(), "next_since": 16},
    "GET /api/v1/gates": {"gates": [gate()]},
    "POST /api/v1/gates/gate_1/decision": {"is_final": True, "missing_count": 0, "choice": "approve"},
    f"GET /api/v1/workflows/runs/{RUN}": run("succeeded"),
}


def sluice(*arguments: str, api: FakeApi | None = None, typed: str = "") -> Result:
    """`--as` chooses among those who are signed in at the API: everybody is."""
    if api and "--as" in arguments:
        person = arguments[arguments.index("--as") + 1]
        credentials.save(api.url, Credential(person, api_key=f"sk_{person}"))
    return CliRunner().invoke(app, [*arguments, *(["--url", api.url] if api else [])], input=typed)


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_CREDENTIALS", str(tmp_path / "credentials.json"))


@pytest.fixture
def greet(tmp_path: Path) -> str:
    path = tmp_path / "greet.yaml"
    path.write_text(GREET)
    return str(path)


def test_it_validates_a_file_without_a_server(greet: str) -> None:
    assert sluice("validate", greet).exit_code == 0
    assert json.loads(sluice("validate", greet, "--json").stdout) == {"valid": True, "diagnostics": []}


def test_it_tells_line_and_column_of_a_fault_and_ends_with_two(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GREET.replace("$write.text", "$write.txt"))
    found = sluice("validate", str(path))
    assert (found.exit_code, "bad.yaml:6:9" in found.stdout.replace("\n", "")) == (2, True)


def test_it_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = sluice("validate", str(tmp_path / "none.yaml"))
    assert (found.exit_code, "No such file" in found.output) == (2, True)


def test_it_reads_a_workflow_from_standard_input() -> None:
    assert sluice("validate", "-", typed=GREET).exit_code == 0


@pytest.mark.parametrize(
    ("option", "expected"), [((), '"StartAt": "write"'), (("--plan",), "write"), (("--forecast",), '"transitions"'), (("--map",), "write")]
)
def test_it_prints_what_was_compiled(greet: str, option: tuple[str, ...], expected: str) -> None:
    found = sluice("compile", greet, *option)
    assert (found.exit_code, expected in found.stdout) == (0, True)


def test_it_binds_the_worker(greet: str) -> None:
    machine = json.loads(sluice("compile", greet, "--bind", "arn:aws:lambda:x").stdout)
    assert machine["States"]["write"]["Arguments"]["FunctionName"] == "arn:aws:lambda:x"


def test_it_compiles_nothing_that_has_errors(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("sluice: 1\nname: x\nnodes: {}\n")
    found = sluice("compile", str(path))
    assert (found.exit_code, found.stdout) == (2, "")


def test_it_makes_a_workflow_where_there_is_none(greet: str) -> None:
    answers = {WORKFLOWS: {"workflows": []}, "POST /api/v1/workflows": {"id": "wf_1"}, "POST /api/v1/workflows/wf_1/versions": version()}
    with serving_api(answers) as api:
        found = sluice("publish", greet, api=api)
    assert (found.exit_code, "version 1" in found.stdout) == (0, True)
    assert api.bodies("POST /api/v1/workflows") == [{"text": GREET}]


def test_it_publishes_to_the_workflow_that_there_is(greet: str) -> None:
    with serving_api({WORKFLOWS: {"workflows": [{"id": "wf_7"}]}, "POST /api/v1/workflows/wf_7/versions": version()}) as api:
        found = sluice("publish", greet, "--json", api=api)
    assert json.loads(found.stdout)["number"] == 1


def test_it_shows_the_diagnostics_of_a_refused_publication(greet: str) -> None:
    diagnostic = {"code": "unknown-field", "severity": "error", "message": "no such field", "hint": "look", "line": 3, "column": 4, "path": ""}
    refusal = Refusal(422, "spec-invalid", {"diagnostics": [diagnostic]})
    with serving_api({WORKFLOWS: {"workflows": [{"id": "wf_7"}]}, "POST /api/v1/workflows/wf_7/versions": refusal}) as api:
        found = sluice("publish", greet, api=api)
    assert (found.exit_code, "no such field" in found.output) == (2, True)


STARTED = {WORKFLOWS: {"workflows": [{"id": "wf_1"}]}, "POST /api/v1/workflows/wf_1/run": run()}


def test_it_starts_a_run_as_somebody_with_a_key(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text('{"guest": "Ada"}')
    with serving_api(STARTED) as api:
        found = sluice("run", "greet", "-i", str(path), "--version", "2", "--key", "k1", "--as", "ann", api=api)
    assert (found.exit_code, RUN in found.stdout) == (0, True)
    _, body, headers = api.asked[-1]
    sent = {name.lower(): value for name, value in headers.items()}
    assert (body, sent["idempotency-key"], sent["authorization"]) == ({"input": {"guest": "Ada"}, "version": 2}, "k1", "Bearer sk_ann")


@pytest.mark.parametrize("given", ["{broken", "/nowhere/input.json"])
def test_it_refuses_an_input_that_is_no_json(given: str) -> None:
    with serving_api(STARTED) as api:
        assert sluice("run", "greet", "-i", given, api=api).exit_code == 2


def test_it_follows_a_run_to_its_end() -> None:
    with serving_api(STARTED | FOLLOWED) as api:
        found = sluice("run", "wf_1", "-i", "-", "--follow", api=api, typed="{}")
    assert (found.exit_code, "succeeded" in found.stdout, '"hello"' in found.stdout) == (0, True, True)


def test_it_prints_events_as_json_while_following() -> None:
    with serving_api(STARTED | FOLLOWED) as api:
        found = sluice("run", "wf_1", "--follow", "--json", api=api)
    assert json.loads(found.stdout.splitlines()[0])["type"] == "run_queued"


def test_it_ends_with_one_when_the_run_fails() -> None:
    failed = run("failed", error={"name": "Broken", "message": "no"}, failed_node="write")
    with serving_api(STARTED | FOLLOWED | {f"GET /api/v1/workflows/runs/{RUN}": failed}) as api:
        found = sluice("show", RUN, "--follow", api=api)
    assert (found.exit_code, "Broken: no" in found.stdout) == (1, True)


def test_it_shows_a_run_with_its_nodes() -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "cost": 2}
    failed = {"status": "failed", "usage": {**usage, "output_tokens": 0}, "error": {"name": "Busy", "message": "why"}}
    nodes = [node_run("write", usage=usage, output={"text": "hi"}), node_run("work", item_path="rows:0", **failed)]
    with serving_api({f"GET /api/v1/workflows/runs/{RUN}": run("succeeded"), f"GET /api/v1/workflows/runs/{RUN}/nodes": {"nodes": nodes}}) as api:
        found = sluice("show", RUN, api=api)
    assert all(part in found.stdout for part in ("write", "work [rows:0]", "why", "hello"))


def shown_nodes(*details: dict[str, Any]) -> str:
    usage = {"input_tokens": 1, "output_tokens": 1, "cost": 1500}
    items = (f"rows:{number}" if number else "" for number in range(len(details)))
    nodes = [node_run("work", usage=usage, item_path=item, details=each) for item, each in zip(items, details, strict=True)]
    with serving_api({f"GET /api/v1/workflows/runs/{RUN}": run("succeeded"), f"GET /api/v1/workflows/runs/{RUN}/nodes": {"nodes": nodes}}) as api:
        return sluice("show", RUN, api=api).stdout


def test_it_shows_an_agents_work() -> None:
    lines = [" ".join(line.split()) for line in shown_nodes(agent_details(), {"offline": True}).splitlines()]
    for told in (
        "agent researcher (named by the workflow)",
        "model anthropic:claude-x (the alias smart)",
        "turns 2",
        "cache hit (saved $0.0007)",
        "1 math ran allow",
        "2 kv_put ran ann; edited; ask (amount > 100)",
        "3 http_post denied deny",
        "openai:gpt-x skipped cooling down",
        "google:g failed 90 ms first (overloaded: try later)",
        "anthropic:claude-x answered 812 ms, first word 300 ms next",
    ):
        assert told in lines
    assert lines.count("work") == 1  # the other node has nothing to tell


def test_it_shows_a_plain_models_work_in_a_line() -> None:
    text = shown_nodes({}, {"provider": "offline", "model": "offline"})
    assert "work [rows:1]" in text.splitlines()
    assert "offline:offline" in text


def test_it_lists_runs_of_one_workflow() -> None:
    with serving_api({WORKFLOWS: {"workflows": [{"id": "wf_1"}]}, "GET /api/v1/workflows/runs": {"runs": [run()], "cursor": None}}) as api:
        found = sluice("runs", "greet", "--status", "queued", api=api)
    assert (RUN in found.stdout, "workflow_id=wf_1" in api.asked[-1][0], "status=queued" in api.asked[-1][0]) == (True, True, True)


def test_it_cancels_replies_and_decides() -> None:
    answers = {
        f"POST /api/v1/workflows/runs/{RUN}/cancel": run("cancelled"),
        f"POST /api/v1/runs/{RUN}/replies": {"id": "msg_1"},
        "POST /api/v1/gates/gate_1/decision": {"is_final": False, "missing_count": 1, "choice": "approve"},
    }
    with serving_api(answers) as api:
        assert "cancelled" in sluice("cancel", RUN, "--reason", "late", api=api).stdout
        assert "replied" in sluice("reply", RUN, "yes", "--node", "ask", api=api).stdout
        assert "1 more must agree" in sluice("decide", "gate_1", "approve", "-r", "ok", "--form", '{"a": 1}', "--as", "ben", api=api).stdout
    assert [body for _, body, _ in api.asked] == [
        {"reason": "late"},
        {"text": "yes", "node": "ask"},
        {"choice": "approve", "channel": "cli", "reason": "ok", "form": {"a": 1}},
    ]


def test_it_shows_open_gates_and_one_gate() -> None:
    with serving_api({"GET /api/v1/gates": {"gates": [gate(at_least=2)]}}) as api:
        assert "Shall we?" in sluice("gates", "--mine", api=api).stdout
        assert "2 people must agree" in sluice("decide", "gate_1", api=api).stdout
        assert sluice("decide", "gate_2", api=api).exit_code == 3


def test_it_asks_for_gates_that_have_ended_and_for_those_that_are_due() -> None:
    with serving_api({"GET /api/v1/gates": {"gates": [gate()], "cursor": None}}) as api:
        sluice("gates", api=api)
        sluice("gates", "--status", "timed_out", "--due", "--run", "run_1", api=api)
    assert [asked.partition("?")[2] for asked, _, _ in api.asked] == ["status=open", "status=timed_out&run_id=run_1&sort=deadline_at"]


def test_it_shows_what_goes_with_each_choice_and_decides_with_arguments() -> None:
    decided = {"is_final": True, "missing_count": 0, "choice": "edit"}
    with serving_api({"GET /api/v1/gates": {"gates": [call_gate()]}, "POST /api/v1/gates/gate_1/decision": decided}) as api:
        text = sluice("decide", "gate_1", api=api).stdout
        found = sluice("decide", "gate_1", "edit", "--form", '{"arguments": {"key": "k", "value": [1]}}', "--as", "ben", api=api)
    assert all(part in text for part in ('"key": "answer"', "with arguments", "Answer in its place"))
    assert "edit by ben" in found.stdout
    assert api.bodies("POST /api/v1/gates/gate_1/decision") == [
        {"choice": "edit", "channel": "cli", "form": {"arguments": {"key": "k", "value": [1]}}}
    ]


def test_it_refuses_a_form_that_is_no_json() -> None:
    with serving_api({}) as api:
        assert sluice("decide", "gate_1", "approve", "--form", "{", api=api).exit_code == 2


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal(404, "gate-not-found"), 3),
        (Refusal(403, "not-a-decider"), 4),
        (Refusal(422, "decision-invalid"), 2),
        (Refusal(409, "gate-already-decided"), 1),
    ],
)
def test_it_ends_with_a_code_that_scripts_can_use(refusal: Refusal, code: int) -> None:
    with serving_api({"POST /api/v1/gates/gate_1/decision": refusal}) as api:
        assert sluice("decide", "gate_1", "approve", api=api).exit_code == code


def test_it_says_so_when_nobody_answers() -> None:
    found = sluice("runs", "--url", "http://127.0.0.1:9")
    assert (found.exit_code, "unreachable" in found.output) == (5, True)


def test_it_says_when_no_workflow_has_that_name() -> None:
    with serving_api({WORKFLOWS: {"workflows": []}}) as api:
        found = sluice("run", "nothing", api=api)
    assert (found.exit_code, "no workflow is called nothing" in found.output) == (3, True)


def test_it_reports_answers_that_are_no_problem_documents() -> None:
    with serving_api({"GET /api/v1/workflows/runs": Refusal(500, "internal", {"errors": [{"field": "x", "message": "odd"}]})}) as api:
        found: Any = sluice("runs", api=api)
    assert (found.exit_code, "x: odd" in found.output) == (1, True)


def test_it_lists_tools_with_where_they_come_from_and_what_is_missing() -> None:
    pick = {
        "name": "json.pick",
        "source": {"kind": "built_in", "name": None},
        "description": "Picks.\nMore.",
        "effect": "none",
        "call": {"tool": "json.pick"},
    }
    pick["arguments"] = {"properties": {"value": {}, "default": {}}, "required": ["value"]}
    price = {**pick, "name": "shop.price", "source": {"kind": "mcp", "name": "shop"}, "effect": "external", "arguments": {}}
    missing = {"source": {"kind": "mcp", "name": "books"}, "code": "host-unreachable", "message": "not there"}
    document = {"tools": [pick, price], "left_out_count": 2, "missing": [missing]}
    with serving_api({"GET /api/v1/tools": document}) as api:
        shown = sluice("tools", api=api).stdout
        assert json.loads(sluice("tools", "--json", api=api).stdout) == document
    for words in (
        "json.pick",
        "built in",
        "value, default?",
        "Picks.",
        "mcp:shop",
        "external",
        "mcp:books is missing: not there",
        "2 more do not fit",
    ):
        assert words in shown
    assert "More." not in shown
