"""Gates and questions answered at the prompt."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
import typer
from rich.console import Console

from cli import answers as asking
from cli.answers import Answers
from cli.api_client import RunEvent
from cli.client import Client
from cli.runs import follow_run
from cli.session import Session
from tests.factories.cli_documents import RUN, call_gate, event, gate, run, story, version
from tests.factories.fake_api import FakeApi, Refusal, serving_api

DECISION = "POST /api/v1/gates/gate_1/decision"
Typing = Callable[[str], None]


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Typing:
    def give(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return give


def answering(api: FakeApi) -> tuple[Answers, io.StringIO]:
    written = io.StringIO()
    out = Console(file=written, width=120)
    return Answers(Session(Client(api.url), as_json=False, out=out, err=out), is_asking=True), written


def test_it_decides_what_the_person_types(typing: Typing) -> None:
    typing("maybe\napprove\nfine\n")
    with serving_api({"GET /api/v1/gates": {"gates": [gate()]}, DECISION: {"is_final": True, "missing_count": 0}}) as api:
        answers, written = answering(api)
        answers.consider(event(1, "gate_opened", "ask"), RUN)
    assert "none of the choices" in written.getvalue()
    assert api.bodies(DECISION) == [{"choice": "approve", "channel": "cli", "reason": "fine"}]


def test_it_leaves_a_gate_to_others(typing: Typing) -> None:
    typing("\n")
    with serving_api({"GET /api/v1/gates": {"gates": [gate()]}}) as api:
        answering(api)[0].consider(event(1, "gate_opened", "ask"), RUN)
    assert api.bodies(DECISION) == []


def test_it_asks_each_field_of_a_form(typing: Typing) -> None:
    form = {
        "properties": {
            "n": {"type": "integer"},
            "x": {"type": "number"},
            "b": {"type": "boolean"},
            "s": {"title": "Say"},
            "e": {},
            "w": {"type": "integer"},
        },
        "required": ["n"],
    }
    typing("approve\n3\n1.5\nyes\nhello\n\nmany\n")
    with serving_api({DECISION: {"is_final": False, "missing_count": 1}}) as api:
        answers, written = answering(api)
        answers.decide(gate(form=form, reason_rule="none", details="all of it"))
    assert api.bodies(DECISION)[0]["form"] == {"n": 3, "x": 1.5, "b": True, "s": "hello", "w": "many"}
    assert "1 more must agree" in written.getvalue()


@pytest.mark.parametrize("code", ["gate-already-decided", "self-approval"])
def test_it_stops_asking_when_the_person_cannot_decide(typing: Typing, code: str) -> None:
    typing("approve\n\n")
    with serving_api({DECISION: Refusal(409, code)}) as api:
        answers, written = answering(api)
        answers.decide(gate(details=[1, 2]))
    assert code in written.getvalue()


def test_it_asks_again_after_an_invalid_decision(typing: Typing) -> None:
    typing("approve\n\nreject\n\n")
    with serving_api({DECISION: [Refusal(422, "decision-invalid"), {"is_final": True, "missing_count": 0}]}) as api:
        answering(api)[0].decide(gate(details=None))
    assert [body["choice"] for body in api.bodies(DECISION)] == ["approve", "reject"]


def test_it_sends_the_reply_to_a_message(typing: Typing) -> None:
    typing("very well\n")
    with serving_api({f"POST /api/v1/runs/{RUN}/replies": {"id": "msg_1"}}) as api:
        answering(api)[0].consider(event(1, "node_waiting", "ask", waiting_for="reply"), RUN)
    assert api.bodies(f"POST /api/v1/runs/{RUN}/replies") == [{"text": "very well", "node": "ask"}]


@pytest.mark.parametrize("told", [event(1, "node_started", "ask"), event(1, "node_waiting", "ask", waiting_for="child")])
def test_it_asks_nothing_else(told: RunEvent) -> None:
    with serving_api({}) as api:
        answering(api)[0].consider(told, RUN)
    assert api.asked == []


ARGUMENTS = {"key": "answer", "value": 42}


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ("approve\n\n", {"choice": "approve", "form": {}}),
        ("reject\nnot today\n", {"choice": "reject", "form": {}, "reason": "not today"}),
        ("answer\nIt is kept.\n\n", {"choice": "answer", "form": {"answer": "It is kept."}}),
        ("edit\n\n\n", {"choice": "edit", "form": {"arguments": ARGUMENTS}}),
        ('edit\n{"key"\n[1\n{"key": "other"}\n\n', {"choice": "edit", "form": {"arguments": {"key": "other"}}}),
    ],
)
def test_it_asks_what_goes_with_the_choice_on_an_agents_call(typing: Typing, typed: str, body: dict[str, Any]) -> None:
    typing(typed)
    with serving_api({DECISION: {"is_final": True, "missing_count": 0}}) as api:
        answers, written = answering(api)
        answers.decide(call_gate())
    assert api.bodies(DECISION) == [{"channel": "cli", **body}]
    assert "with arguments" in written.getvalue()


def test_it_hands_the_whole_decision_on_to_somebody_else(typing: Typing) -> None:
    typing("edit\n\n\n")
    with serving_api({DECISION: Refusal(403, "self-approval")}) as api:
        answers, written = answering(api)
        answers.decide(call_gate())
    told = """sluice decide gate_1 edit --form '{"arguments": {"key": "answer", "value": 42}}' --as NAME"""
    assert told in written.getvalue()


def test_it_lets_a_suggestion_be_changed_in_the_line(typing: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    import readline

    put: list[str] = []
    hooks: list[Any] = []
    typing('edit\n{"key": \n{"key": "mine"}\n\n')
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(readline, "insert_text", put.append)
    monkeypatch.setattr(readline, "set_startup_hook", lambda hook=None: hooks.append(hook))
    with serving_api({DECISION: {"is_final": True, "missing_count": 0}}) as api:
        answering(api)[0].decide(call_gate())
    for hook in hooks[::2]:
        hook()
    assert put == ['{"key": "answer", "value": 42}', '{"key":']  # what was no JSON stands there again
    assert hooks[1::2] == [None, None]
    assert api.bodies(DECISION)[0]["form"] == {"arguments": {"key": "mine"}}


def test_it_ends_where_the_input_does(typing: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    typing("")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(typer.Abort):
        asking._edited("Arguments", "{}")


def test_it_suggests_in_brackets_where_a_line_cannot_be_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "readline", None)
    with asking._standing("x"):
        pass


def test_it_asks_at_gates_and_replies_alone() -> None:
    with serving_api({}) as api:
        answers, _ = answering(api)
    waits = [event(1, "gate_opened", "ask"), *(event(1, "node_waiting", "ask", waiting_for=what) for what in ("reply", "gate", "child"))]
    assert [answers.is_wanted(each) for each in waits] == [True, True, False, False]


def test_it_asks_below_the_live_display_and_goes_on_watching(typing: Typing) -> None:
    typing("approve\nfine\n")
    answers_of_api = {
        "GET /api/v1/workflows/wf_1/versions/1": version(),
        "POST /api/v1/live/tickets": Refusal(503, "unavailable"),
        f"GET /api/v1/workflows/runs/{RUN}/events": {"events": story(), "next_since": 16},
        "GET /api/v1/gates": {"gates": [gate()]},
        DECISION: {"is_final": True, "missing_count": 0},
        f"GET /api/v1/workflows/runs/{RUN}": run("succeeded"),
    }
    with serving_api(answers_of_api) as api:
        answers, written = answering(api)
        assert follow_run(answers.here, run(), answers=answers)["status"] == "succeeded"
    assert api.bodies(DECISION) == [{"choice": "approve", "channel": "cli", "reason": "fine"}]
    before, after = written.getvalue().split("Shall we?", 1)
    assert ("· late" in before, "– late" in after) == (True, True)
