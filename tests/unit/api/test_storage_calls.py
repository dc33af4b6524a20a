"""How often a route that is asked all the time calls DynamoDB or S3, in a container that has answered before, and that what it no longer asks twice
still holds."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app import app
from chalicelib.errors import VersionNotFound
from chalicelib.runs.query import get_whole_run
from chalicelib.runs.start import choose_version, start
from chalicelib.store import keys, runs, table
from chalicelib.triggers import save
from chalicelib.triggers.save import WantedWebhook
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import ANN, Cloud, published
from tests.factories.credentials import bearer
from tests.factories.run_stories import ended, opened_gate, started_run
from tests.factories.trigger_stories import a_trigger, trigger_cloud

WARM_UP: Final = 2
SECRET: Final = "correct-horse-battery-staple"
PROOF: Final = {"Authorization": f"Bearer {SECRET}"}
WORKFLOW: Final = "/api/v1/workflows/{workflow_id}"
RUN: Final = "/api/v1/workflows/runs/{run_id}"
DECISION: Final = "/api/v1/gates/{gate_id}/decision"
HOOK: Final = "/api/v1/hooks/{trigger_id}"
MOST: Final = {
    f"GET {RUN}": 1,
    f"GET {RUN}/nodes": 2,
    f"GET {RUN}/events": 2,
    "GET /api/v1/workflows/runs": 2,
    "GET /api/v1/gates": 2,
    "GET /api/v1/workflows": 2,
    f"GET {WORKFLOW}": 3,
    f"GET {WORKFLOW}/versions": 3,
    f"GET {WORKFLOW}/triggers": 3,
    "GET /api/v1/triggers/{trigger_id}": 3,
    "GET /api/v1/providers/health": 1,
    f"POST {DECISION}": 7,  # who asks, the gate, its run and node, the decision with its act, who watches, the token, that it was told
    f"POST {WORKFLOW}/run": 4,  # who asks, the workflow, the run with all that belongs to it, who watches
    f"POST {HOOK}": 5,  # the trigger, the workflow, the run, who watches, the firing
}


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


@pytest.mark.parametrize("route", MOST)
def test_it_calls_storage_no_more_than_it_has_to(aws: Cloud, route: str) -> None:
    run = started_run()
    gates = [opened_gate(run, visit=visit) for visit in range(WARM_UP + 1)]
    hook = a_trigger(WantedWebhook("token", secret=SECRET), name="hook", workflow_id=run.workflow_id)
    method, _, path = route.partition(" ")
    things = {"run_id": run.id, "workflow_id": run.workflow_id, "trigger_id": hook.id}
    headers, events = PROOF if path == HOOK else bearer("ann"), []
    for gate in gates:
        named = {name: value for name, value in {**things, "gate_id": gate.id}.items() if f"{{{name}}}" in path}
        events.append(rest_event(method, path, path=named, headers=headers, body=_body(path, method)))
    for event in events[:WARM_UP]:
        _asked(event)
    before = len(aws.calls)
    _asked(events[WARM_UP])
    calls = [call for call in aws.calls[before:] if call.startswith(("dynamodb:", "s3:"))]
    assert len(calls) <= MOST[route], calls


def _body(path: str, method: str) -> object:
    if method == "GET":
        return None
    return {f"POST {WORKFLOW}/run": {"input": {"city": "Rome"}}, f"POST {DECISION}": {"choice": "approve"}}.get(f"POST {path}", {})


def _asked(event: dict[str, Any]) -> None:
    answer = app(event, context())
    assert answer["statusCode"] < 300, answer["body"]


def test_it_gives_the_output_of_a_run_that_ended_between(aws: Cloud) -> None:
    """The run as it was read has ended; its output was written with that, after the output was looked for."""
    run = ended(started_run(), "SUCCEEDED", output={"booking": "yes"})
    output = table.take(keys.run_output("org_local", run.id))

    def written() -> None:
        aws.after.clear()
        table.write(table.put(output))

    aws.after.append(lambda operation: written() if operation == "dynamodb:BatchGetItem" else None)
    assert get_whole_run(ANN, run.id).output == {"booking": "yes"}


def test_it_starts_the_latest_version_where_the_workflow_names_an_older_one_or_none(aws: Cloud) -> None:
    first, second = published(), published()
    place = keys.workflow("org_local", first.workflow_id)
    for noted in (first.id, None):
        table.write(table.assign(place, {"latest_version_id": noted}))
        assert choose_version("org_local", first.workflow_id, None).id == second.id
        assert choose_version("org_local", first.workflow_id, 1).id == first.id
    with pytest.raises(VersionNotFound):
        choose_version("org_local", first.workflow_id, 3)


def test_it_finds_the_run_of_a_key_that_was_free_a_moment_ago() -> None:
    wanted: dict[str, Any] = {"workflow_id": published().workflow_id, "input": {"city": "Rome"}, "key": "k", "is_free": True}
    assert start(ANN, **wanted).id == start(ANN, **wanted).id
    assert len(runs.list_page("org_local", keys.runs_of_organisation("org_local"), limit=9, cursor=None).runs) == 1


def test_it_takes_no_call_for_a_webhook_that_it_knew_and_that_is_gone() -> None:
    hook = a_trigger(WantedWebhook("token", secret=SECRET), name="hook")
    event = rest_event("POST", HOOK, path={"trigger_id": hook.id}, headers=PROOF, body={})
    _asked(event)
    save.remove(ANN, hook.id)
    assert app(event, context())["statusCode"] == 404
