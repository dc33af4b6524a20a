"""Gates and questions answered at the prompt."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from cli.answers import Answers
from cli.client import Client
from cli.session import Session
from tests.factories.cli_documents import RUN, event, gate
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
def test_it_asks_nothing_else(told: dict[str, Any]) -> None:
    with serving_api({}) as api:
        answering(api)[0].consider(told, RUN)
    assert api.asked == []
