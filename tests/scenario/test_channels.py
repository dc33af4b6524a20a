"""Channels on the local stack: a signed webhook starts a run of the channel's workflow, which has the text."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from cli.api_client import Api
from infra.local.stack import LocalStack
from tests.factories.channel_stories import ACCOUNT, OTHER, SECRET, signature
from tests.factories.local_runs import LocalRuns, eventually
from tests.factories.repository import text

pytestmark = pytest.mark.scenario

ANSWER: Final[dict[str, Any]] = {
    "sluice": 1,
    "name": "answer",
    "input": {"type": "object", "properties": {"text": {"type": "string"}, "contact": {"type": "object"}}, "additionalProperties": False},
    "nodes": {"say": {"type": "transform", "value": {"heard": "$context.text", "from": "$context.contact.name"}}},
    "output": "$say",
}


def told(texts: list[str]) -> bytes:
    """What WhatsApp posts of messages of one person, several at once."""
    document = json.loads(text(Path("tests/fixtures/channels/whatsapp/text.json")))
    value = document["entry"][0]["changes"][0]["value"]
    (message,) = value["messages"]
    value["messages"] = [{**message, "id": f"wamid.{number}", "text": {"body": said}} for number, said in enumerate(texts)]
    return json.dumps(document).encode()


def test_it_runs_the_channels_workflow_for_a_signed_message(stack: LocalStack, runs: LocalRuns) -> None:
    runs.publish(ANSWER)
    made = runs.api.channels_create(
        {"type": "whatsapp", "name": "support", "account": ACCOUNT, "app_secret": SECRET, "workflow_id": runs.workflow_ids["answer"]}
    )
    url = f"{stack.url}{made['webhook_path']}"
    texts = [f"grüß dich, {number}" for number in range(12)]
    body = told(texts)
    with httpx2.Client(timeout=30) as http:
        hello = http.get(url, params={"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": made["verify_token"]})
        answers = [http.post(url, content=body, headers={**signature(body), "Content-Type": "application/json"}) for _ in range(2)]
        forged = http.post(url, content=body, headers=signature(body, OTHER))
    assert (hello.status_code, hello.text) == (200, "42")
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"queued_count": 12})] * 2
    assert (forged.status_code, forged.json()["code"]) == (401, "signature-invalid")
    messages = eventually(lambda: answered(runs.api, len(texts)), seconds=60)
    assert [each["text"] for each in reversed(messages)] == texts  # in the order in which they were written
    found = [eventually(partial(succeeded, runs.api, each["run_id"]), seconds=60) for each in reversed(messages)]
    assert [run["output"] for run in found] == [{"heard": said, "from": "Ada Byron"} for said in texts]
    assert {run["trigger"]["type"] for run in found} == {"message"}


def answered(api: Api, count: int) -> Any:
    """The messages of the one conversation, the latest first, once each has its run."""
    conversations = api.channels_list_conversations()["conversations"]
    if not conversations:
        return None
    messages = api.channels_get_conversation(conversations[0]["id"])["messages"]
    return messages if len([each for each in messages if each["run_id"]]) == count else None


def succeeded(api: Api, run_id: str) -> Any:
    run = api.runs_get_run(run_id)
    return run if run["status"] == "succeeded" else None
