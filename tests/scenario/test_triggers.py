"""Triggers on the local stack: a schedule, a call from outside, an event, and the end of another run each start a run."""

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import boto3
import httpx2
import pytest

from chalicelib.access.budgets import reserve, settle
from cli.api_client import Api, TriggerGiven
from infra.local.stack import LocalStack
from tests.factories.api_events import bridge_event
from tests.factories.local_runs import LocalRuns
from tests.factories.repository import ROOT

pytestmark = pytest.mark.scenario

ECHO: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "echo",
    "input": {"type": "object", "properties": {"said": {}}, "required": ["said"]},
    "nodes": {"say": {"type": "transform", "value": {"heard": "$context.said"}}},
    "output": "$say",
}
LISTEN: Final[dict[str, Any]] = {**ECHO, "name": "listen"}
TICK = bridge_event("Scheduled Event", {}, source="aws.events")
SECRET: Final = "a-secret-of-the-webhook"


@pytest.fixture(scope="module", autouse=True)
def published(runs: LocalRuns) -> None:
    for spec in (ECHO, LISTEN):
        runs.publish(spec)


def added(runs: LocalRuns, workflow: str, name: str, said: Any, **source: Any) -> Any:
    body = cast("TriggerGiven", {"name": name, "input": {"said": said}, **source})
    return runs.api.triggers_create(runs.workflow_ids[workflow], body)


def heard(runs: LocalRuns, eventually: Callable[..., Any], trigger: Any) -> Any:
    """What the run of the trigger's first firing put out."""

    def run() -> Any:
        firings = runs.api.triggers_firings(trigger["id"])["firings"]
        found = runs.api.runs_get_run(firings[-1]["run_id"]) if firings and firings[-1]["run_id"] else None
        return found if found and found["status"] == "succeeded" else None

    return eventually(run)


def targets_of(bus: Any, trigger: Any) -> Any:
    """EventBridge takes a rule first, and what it calls after it."""
    names = [rule["Name"] for rule in bus.list_rules()["Rules"] if rule["Name"].endswith(trigger["id"])]
    return names and bus.list_targets_by_rule(Rule=names[0])["Targets"]


@pytest.fixture
def eventually() -> Callable[..., Any]:
    import time

    def wait(found: Callable[[], Any]) -> Any:
        until = time.monotonic() + 60
        while not (value := found()):
            assert time.monotonic() < until, "it did not happen within a minute"
            time.sleep(0.1)
        return value

    return wait


def test_it_fires_a_schedule_at_its_time(runs: LocalRuns, eventually: Callable[..., Any]) -> None:
    at = (datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0, tzinfo=None).isoformat()
    trigger = added(runs, "echo", "once", "$schedule.at", schedule={"at": at})
    run = heard(runs, eventually, trigger)
    assert (run["output"], run["started_by"]) == ({"heard": f"{at}.000Z"}, "schedule:once")


def test_it_takes_a_signed_call_and_refuses_others(stack: LocalStack, runs: LocalRuns, eventually: Callable[..., Any]) -> None:
    trigger = added(runs, "echo", "hook", "$body.text", webhook={"scheme": "sha256", "secret": SECRET})
    body = json.dumps({"text": "grüß dich\r\n"}, ensure_ascii=False).encode()
    signed = {"X-Hub-Signature-256": f"sha256={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}", "X-GitHub-Delivery": "d-1"}
    url = f"{stack.url}{trigger['webhook']['path']}"
    with httpx2.Client(timeout=30) as http:
        answers = [http.post(url, content=body, headers={**signed, "Content-Type": "application/json"}) for _ in range(2)]
        refused = http.post(url, content=body + b" ", headers=signed)
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert (refused.status_code, refused.json()["code"]) == (401, "signature-invalid")
    assert heard(runs, eventually, trigger)["output"] == {"heard": "grüß dich\r\n"}


def test_it_fires_for_an_event_of_the_bus(runs: LocalRuns, eventually: Callable[..., Any]) -> None:
    trigger = added(runs, "echo", "event", "$event.detail.text", event={"pattern": {"source": ["shop"], "detail": {"text": [{"prefix": "h"}]}}})
    bus = boto3.client("events", region_name="eu-central-1")
    eventually(lambda: targets_of(bus, trigger))
    entries = [{"Source": "shop", "DetailType": "said", "Detail": json.dumps({"text": text})} for text in ("no", 'hi "there" <b>')]
    bus.put_events(Entries=entries)
    assert heard(runs, eventually, trigger)["output"] == {"heard": 'hi "there" <b>'}


def test_it_fires_when_a_budget_is_used_to_a_share(runs: LocalRuns, eventually: Callable[..., Any]) -> None:
    """All the way: a settled call, the counter, the table's stream, the alert, the bus."""
    pattern = {"source": ["sluice"], "detail-type": ["Budget alert"], "detail": {"level": [80]}}
    trigger = added(runs, "echo", "spent", "{{ $event.detail.scope }}: {{ $event.detail.spent }}", event={"pattern": pattern})
    eventually(lambda: targets_of(boto3.client("events", region_name="eu-central-1"), trigger))
    organisation_id, workflow_id = runs.api.sign_in_me()["organisation_id"], runs.workflow_ids["listen"]
    Api(runs.as_("ann")).budgets_set_of_workflow(workflow_id, {"per_day": 100})
    held = reserve(organisation_id, call_key="spent", amount=90, workflow_id=workflow_id)
    assert held is not None
    settle(held, 85)
    assert heard(runs, eventually, trigger)["output"] == {"heard": "workflow: 85"}


def test_it_has_its_schedules_and_webhooks_back_after_a_restart(tmp_path: Path) -> None:
    """In a process of its own: there is one stack in each."""
    script = (
        "import sys, time, json, boto3, httpx2\n"
        "from infra.local.stack import LocalStack\n"
        "from tests.factories.local_runs import LocalRuns\n"
        "from tests.scenario.test_triggers import ECHO, SECRET, TICK, added\n"
        "with LocalStack(sys.argv[1]) as stack:\n"
        "    runs = LocalRuns(stack.url); runs.publish(ECHO)\n"
        "    timed = added(runs, 'echo', 'often', '$schedule.at', schedule={'cron': '* * * * *', 'catch_up': 'all'})\n"
        "    hook = added(runs, 'echo', 'hook', '$body', webhook={'scheme': 'token', 'secret': SECRET})\n"
        "    runs.close()\n"
        "with LocalStack(sys.argv[1]) as stack:\n"
        "    boto3.client('lambda', region_name='eu-central-1').invoke(FunctionName='sweeper', Payload=json.dumps(TICK))\n"
        "    held = boto3.client('scheduler', region_name='eu-central-1').list_schedules()['Schedules']\n"
        "    url = stack.url + hook['webhook']['path']\n"
        "    taken = httpx2.post(url, json={'a': 1}, headers={'Authorization': f'Bearer {SECRET}'})\n"
        "    print(json.dumps({'held': [each['Name'] for each in held] == [timed['id']], 'taken': taken.status_code}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout.splitlines()[-1]) == {"held": True, "taken": 202}


def test_it_fires_at_the_end_of_another_run(runs: LocalRuns, eventually: Callable[..., Any]) -> None:
    trigger = added(
        runs,
        "listen",
        "after",
        "{{ $ended.workflow }} {{ $ended.status }}: {{ $ended.output.heard }}",
        run_end={"workflow": "echo", "statuses": ["succeeded"]},
    )
    runs.start("echo", {"said": "bye"})
    run = heard(runs, eventually, trigger)
    assert (run["output"], run["trigger"]["depth"]) == ({"heard": "echo succeeded: bye"}, 1)
    runs.api.triggers_pause(trigger["id"])
