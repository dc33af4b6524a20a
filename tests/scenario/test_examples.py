"""The starters, examples among them, on the local stack: every sample ends as it should, says something sensible, and counts what was forecast."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.factories.examples import ANSWERS, EXAMPLES
from tests.factories.local_runs import Answer, LocalRuns, carry_out

pytestmark = pytest.mark.scenario

WRITES_PER_RETRY: Final = 3  # the run, the node run and the event, of an attempt that failed and of the one that follows
MEASURED: Final = {"transitions": "transition_count", "invocations": "invocation_count", "writes": "write_count"}

# By example and input: fields of the output, and what was left out of the graph.
ENDS: Final[Mapping[str, Mapping[str, tuple[Mapping[str, Any], set[str]]]]] = {
    "content-review": {
        "input.json": ({"decision": "publish"}, set()),
        "input-post.json": ({"decision": "publish"}, set()),
        "input-notice.json": ({"decision": "publish"}, set()),
    },
    "contract-review": {
        "input.json": ({"missing": ["data protection"], "decision": "sign", "cleared": True}, set()),
        "input-small.json": ({"missing": [], "decision": None, "cleared": True}, {"legal"}),
        "input-large.json": ({"missing": ["audit rights"], "decision": "sign", "cleared": True}, set()),
    },
    "data-quality-watch": {
        "input.json": ({"checks": {"rows": 7, "keys_twice": 1, "empty": 1, "outliers": 1}, "percent_bad": 42.9, "loaded": True}, {"complain"}),
        "input-clean.json": ({"percent_bad": 0, "decision": None, "loaded": True}, {"complain", "explain", "owner"}),
        "input-short.json": ({"percent_bad": 50, "decision": "load", "loaded": True}, {"complain"}),
    },
    "lead-qualification": {
        "input.json": ({"company": "Brandt Maschinenbau GmbH", "score": 10, "decision": "take", "filed": True}, {"remind"}),
        "input-small.json": ({"company": "Studio Lumen", "score": 0, "decision": None, "filed": False}, {"file_it", "remind", "sales"}),
        "input-tender.json": ({"company": "City of Norrby", "score": 6, "decision": "take", "filed": True}, {"remind"}),
    },
    "meeting-notes": {
        "input.json": ({"filed": True}, set()),
        "input-retro.json": ({"filed": True}, set()),
        "input-none.json": ({"filed": False, "tasks": []}, {"keep", "look_over", "tell"}),
    },
    "refund-handling": {
        "input.json": ({"reason": "damaged", "route": "one_person", "paid": True}, {"approve_large"}),
        "input-small.json": ({"reason": "damaged", "route": "small", "paid": True}, {"approve", "approve_large"}),
        "input-large.json": ({"reason": "wrong item", "route": "large", "paid": True}, {"approve"}),
    },
    "social-media-approval": {
        "input.json": ({"decision": "publish", "put_out": ["post/LinkedIn/Winter opening hours", "post/Mastodon/Winter opening hours"]}, set()),
        "input-job.json": ({"decision": "publish"}, set()),
        "input-disturbance.json": ({"decision": "publish", "put_out": ["post/Mastodon/Card payments are back"]}, set()),
    },
    "expense-check": {
        "input.json": ({"posted": True}, set()),
        "input-strict.json": ({"posted": True}, set()),
        "input-clean.json": ({"posted": True}, {"release"}),
    },
    "incident-runbook": {
        "input.json": ({"service": "checkout", "acted": True}, {"healthy", "page"}),
        "input-search.json": ({"service": "search", "acted": True}, {"healthy", "page"}),
        "input-mail.json": ({"service": "mail", "acted": True}, {"healthy", "page"}),
    },
    "invoice-approval": {
        "input.json": (
            {"vendor": "Nordwind Bürobedarf GmbH", "invoice": "NW-2026-0417", "total": 3197.53, "currency": "EUR", "route": "medium", "booked": True},
            {"approve_large", "decline"},
        ),
        "input-large.json": ({"total": 14988, "currency": "GBP", "route": "large", "booked": True}, {"approve", "decline"}),
        "input-small.json": ({"total": 144.67, "currency": "CHF", "route": "small", "booked": True}, {"approve", "approve_large", "decline"}),
    },
    "research-brief": {
        "input.json": ({"answered": 4}, set()),
        "input-market.json": ({"answered": 3}, set()),
        "input-short.json": ({"answered": 2}, set()),
    },
    "support-desk": {
        "input.json": ({"wish": "refund"}, set()),
        "input-small.json": ({"wish": "refund"}, set()),
        "input-question.json": ({"wish": "question"}, set()),
    },
    "support-triage": {
        "input.json": ({"category": "refund", "decision": "grant", "sentiment": "negative"}, {"alert", "send_again"}),
        "input-shipping.json": ({"category": "shipping", "decision": None}, {"alert", "pay_back", "refund", "send_again"}),
        "input-praise.json": ({"category": "praise", "decision": None, "sentiment": "positive"}, {"alert", "pay_back", "refund", "send_again"}),
    },
}


def published(runs: LocalRuns, example: str) -> None:
    """The example, with its sub-workflow before it."""
    for path in sorted((EXAMPLES / example).glob("*.yaml"), key=lambda path: path.name == "workflow.yaml"):
        runs.publish(path.read_text())


def test_it_knows_every_example_and_input() -> None:
    found = {folder.name: {path.name for path in folder.glob("input*.json")} for folder in EXAMPLES.iterdir()}
    assert found == {name: set(inputs) for name, inputs in ENDS.items()}


@pytest.mark.parametrize("example", sorted(ENDS))
def test_it_ends_as_it_should_and_counts_as_forecast(runs: LocalRuns, example: str) -> None:
    published(runs, example)
    inputs = {runs.start(example, json.loads((EXAMPLES / example / name).read_text())): name for name in ENDS[example]}
    carry_out(runs, list(inputs), ANSWERS[example])
    for run_id, name in inputs.items():
        fields, skipped = ENDS[example][name]
        run = runs.run(run_id, counts=True)
        assert (run["status"], run["error"]) == ("succeeded", None)
        assert {field: run["output"][field] for field in fields} == fields
        assert {node.split()[0] for node, node_run in runs.nodes(run_id).items() if node_run["status"] == "skipped"} == skipped
        check_sense(example, run["output"])
        check_forecast(runs, run, runs.check_log(run_id))


def check_sense(example: str, output: Mapping[str, Any]) -> None:
    match example:
        case "content-review":
            assert output["score"] >= 8
            assert len(output["text"]) > 60
            assert "best tool in the world" not in output["text"]
        case "expense-check":
            rows, summary = output["rows"], output["summary"]
            assert (summary["rows"], summary["flagged"]) == (len(rows), sum(row["flagged"] for row in rows))
            assert all(row["reason"] for row in rows if row["flagged"])
        case "incident-runbook":
            assert output["action"] in {"restart", "roll back", "scale out", "escalate"}
            assert len(output["cause"]) > 20
        case "research-brief":
            assert len(output["findings"]) == output["answered"]
            assert all(finding["question"] in output["brief"] for finding in output["findings"])
        case "contract-review":
            assert set(output["terms"]) == {"annual_fee", "term", "notice_period", "governing_law"}
            assert all(bool(finding["says"]) == finding["present"] for finding in output["findings"])
        case "data-quality-watch":
            assert bool(output["explanation"]) == (output["percent_bad"] > 0)
        case "lead-qualification":
            assert output["score"] == sum(output["parts"].values())
        case "meeting-notes":
            assert all(task["owner"] == task["line"].split()[0] and task["task"] for task in output["tasks"])
            assert len(output["summary"]) > 60
        case "social-media-approval":
            assert all(len(post["post"]) > 60 and post["fits"] for post in output["posts"])
        case "refund-handling" | "support-triage":
            assert output["reply"].startswith("Hello")
        case "support-desk":
            assert "Hello" in output["reply"]
        case _:
            assert output["booked"]


def check_forecast(runs: LocalRuns, run: Mapping[str, Any], events: list[dict[str, Any]]) -> None:
    """Retries count nowhere in a forecast; what they add is known."""
    forecast = runs.forecast(dict(run))
    failed = sum(event["type"] == "node_retrying" for event in events)
    again = sum(event["type"] == "node_started" and event["data"].get("attempt", 1) > 1 for event in events)
    retries = {"transitions": 0, "invocations": again, "writes": WRITES_PER_RETRY * (failed + again)}
    counted = {figure: run[field] - retries[figure] for figure, field in MEASURED.items()}
    outside = {figure: (count, forecast[figure]) for figure, count in counted.items() if not _holds(forecast[figure], count)}
    assert outside == {}, f"{run['workflow_name']} {run['id']}"


def _holds(expected: Mapping[str, int], count: int) -> bool:
    return expected["least"] <= count <= expected["most"]


def test_it_shows_the_retries_of_a_service_that_does_not_answer(runs: LocalRuns) -> None:
    published(runs, "incident-runbook")
    run_id = runs.start("incident-runbook", json.loads((EXAMPLES / "incident-runbook" / "input-mail.json").read_text()))
    carry_out(runs, [run_id], {"act": Answer("decline")})
    look = runs.nodes(run_id)["look"]
    assert (look["status"], look["error"]["name"], len(look["attempts"])) == ("failed", "HostUnreachable", 3)
    assert runs.run(run_id)["output"]["acted"] is False


LOOKED = [("find_order", "ran", None), ("look_up_terms", "ran", None)]


def desk_run(runs: LocalRuns, name: str) -> str:
    published(runs, "support-desk")
    return runs.start("support-desk", json.loads((EXAMPLES / "support-desk" / name).read_text()))


def desk_calls(runs: LocalRuns, run_id: str) -> list[tuple[str, str, list[str] | None]]:
    return [(call["name"], call["came"], call.get("by")) for call in runs.nodes(run_id)["desk"]["details"]["calls"]]


@pytest.mark.parametrize(
    ("name", "refund"), [("input-question.json", []), ("input-small.json", [("issue_refund", "ran", None)])], ids=["question", "small refund"]
)
def test_the_desk_issues_what_is_small_and_due_without_asking(runs: LocalRuns, name: str, refund: list[Any]) -> None:
    run_id = desk_run(runs, name)
    assert runs.ended(run_id)["status"] == "succeeded"
    assert desk_calls(runs, run_id) == [*LOOKED, *refund]


@pytest.mark.parametrize(
    ("choice", "given", "came"),
    [
        ("approve", {"form": {}}, "ran"),
        ("edit", {"form": {"arguments": {"order": "H-48213", "amount": 60}}}, "ran"),
        ("reject", {"form": {}, "reason": "It has to come back first."}, "rejected"),
        ("answer", {"form": {"answer": "A replacement is on its way."}}, "answered"),
    ],
)
def test_a_person_has_the_last_word_on_a_larger_refund(runs: LocalRuns, choice: str, given: dict[str, Any], came: str) -> None:
    run_id = desk_run(runs, "input.json")
    gate = runs.gate(run_id)
    assert gate["details"] == {
        "tool": "issue_refund",
        "arguments": {"order": "H-48213", "amount": 129.5},
        "effect": "external",
        "why": "`amount > 20` holds: ask",
    }
    runs.decide(gate, choice, by="ann", **given)
    assert runs.ended(run_id)["status"] == "succeeded"
    assert desk_calls(runs, run_id) == [*LOOKED, ("issue_refund", came, ["ann"])]
    refunds = runs.api.runs_list_runs(workflow_id=runs.workflow_ids["issue-refund"])["runs"]
    paid = [runs.run(each["id"])["output"]["amount"] for each in refunds if each["trigger"]["source"] == run_id]
    assert paid == {"approve": [129.5], "edit": [60]}.get(choice, [])
