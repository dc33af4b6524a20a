"""Occasions that reached nobody fire once the sweeper finds them; what cannot fire keeps no other waiting."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.settings import settings
from chalicelib.store import triggers
from chalicelib.store.clients import client
from chalicelib.store.trigger_records import TriggerRecord
from chalicelib.triggers.missed import take_missed
from chalicelib.triggers.sync import sync
from tests.factories.cloud import Cloud
from tests.factories.trigger_stories import QUEUE, QUEUE_ARN, a_trigger, held_schedules, trigger_cloud


@pytest.fixture(autouse=True)
def aws() -> Iterator[Cloud]:
    with trigger_cloud() as found:
        yield found


def told(trigger: TriggerRecord, hour: int = 0) -> dict[str, Any]:
    at = datetime.now(UTC).replace(hour=hour, minute=0, second=0)
    return {
        "source": "schedule",
        "organisation_id": "org_local",
        "trigger_id": trigger.id,
        "revision": trigger.revision,
        "scheduled_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def leave(*bodies: str) -> None:
    for body in bodies:
        client("sqs").send_message(QueueUrl=QUEUE, MessageBody=body)


def left() -> int:
    """Messages that are there, seen by somebody or not."""
    found = client("sqs").get_queue_attributes(QueueUrl=QUEUE, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def firings(trigger: TriggerRecord) -> int:
    return len(triggers.list_firings("org_local", trigger.id, limit=200).firings)


def test_a_schedule_is_given_the_queue() -> None:
    trigger = a_trigger()
    sync("org_local", trigger.id)
    assert held_schedules()[trigger.id]["Target"]["DeadLetterConfig"] == {"Arn": QUEUE_ARN}


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_fires_for_what_scheduler_or_lambda_gave_up_on(wrapped: bool) -> None:
    trigger = a_trigger()
    occasion = told(trigger)
    leave(json.dumps({"version": "1.0", "requestContext": {}, "requestPayload": occasion, "responsePayload": {}} if wrapped else occasion))
    assert take_missed() == 1
    assert (firings(trigger), left(), take_missed()) == (1, 0, 0)


def test_it_fires_once_for_an_occasion_that_lies_there_twice() -> None:
    trigger = a_trigger()
    leave(json.dumps(told(trigger)), json.dumps({"requestPayload": told(trigger)}))
    assert take_missed() == 2
    assert (firings(trigger), left()) == (1, 0)


def test_it_takes_more_than_sqs_hands_over_at_once() -> None:
    trigger = a_trigger()
    leave(*(json.dumps(told(trigger, hour)) for hour in range(12)))
    assert take_missed() == 12
    assert (firings(trigger), left()) == (12, 0)


def test_it_puts_away_what_nobody_could_read() -> None:
    leave("{", "[]", '"text"', '{"requestPayload": 7}')
    assert (take_missed(), left()) == (4, 0)


def test_it_keeps_what_fails_again_and_goes_on_with_the_others(aws: Cloud) -> None:
    first, second = a_trigger(), a_trigger(name="other")
    leave(json.dumps(told(first)), json.dumps(told(second)))
    aws.refuse("dynamodb:TransactWriteItems", "AccessDeniedException")
    assert take_missed() == 1
    assert (firings(first) + firings(second), left()) == (1, 1)


def test_it_asks_nobody_where_there_is_no_queue(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_MISSED_QUEUE", "")
    settings.cache_clear()
    assert take_missed() == 0
    assert aws.calls.count("sqs:ReceiveMessage") == 0
