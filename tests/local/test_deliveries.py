"""Streams, queues, schedules and expiry: what reaches functions without a caller."""

import json
import time
from datetime import UTC, datetime

import boto3
import pytest

from infra.local.expiry import delete_expired
from infra.local.schedules import Schedule, next_time, schedules
from infra.local.template import ACCOUNT, REGION
from tests.local.tiny_stack import LocalStack, eventually, notes

pytestmark = pytest.mark.usefixtures("stack")
_AT = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)  # a Saturday


def _write(kind: str, sort_key: str, text: str) -> None:
    boto3.resource("dynamodb").Table("tiny-notes").put_item(Item={"PK": kind, "SK": sort_key, "text": text})


def test_it_delivers_a_stream_in_order_and_filtered() -> None:
    for number in range(15):
        _write("watched", f"order-{number:02}", f"order {number}")
        _write("unwatched", f"{number:02}", "unseen")
    seen = eventually(lambda: len(found := [text for text in notes("streamed") if text.startswith("order")]) == 15 and found)
    assert seen == [f"order {number}" for number in range(15)]
    assert "unseen" not in notes("streamed")


def test_it_delivers_again_from_the_first_record_that_failed() -> None:
    for number, text in enumerate(("before", "fail once", "after")):
        _write("watched", f"retry-{number}", text)
    assert eventually(lambda: "after" in notes("streamed"))
    assert [text for text in notes("streamed") if text in {"before", "fail once", "after"}] == ["before", "fail once", "after"]


def test_it_delivers_queues() -> None:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="tiny-queue")["QueueUrl"]
    for number in range(7):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    assert sorted(eventually(lambda: len(found := notes("received")) == 7 and found)) == [f"message {number}" for number in range(7)]


def test_it_delivers_groups_of_a_queue_in_order_and_what_failed_again_with_all_behind_it() -> None:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="tiny-line.fifo")["QueueUrl"]
    sent = ["0", "fail once 1", "2", "3", "4"]
    for text in sent:
        for group in ("a", "b"):
            body = text.replace("fail once", "number") if group == "b" else text
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"{group} {text}")
    assert eventually(lambda: len(found := notes("ordered b")) == len(sent) and found) == ["0", "number 1", "2", "3", "4"]
    assert eventually(lambda: len(found := notes("ordered a")) == len(sent) and found) == sent


@pytest.mark.scenario
def test_it_keeps_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_TICKS", "yes")
    assert eventually(lambda: notes("tick"))[0] == "Scheduled Event"


def test_it_reads_schedules_of_decorators_and_template(stack: LocalStack) -> None:
    found = schedules(stack.invoker.application.functions, stack.template)
    assert found == [Schedule("tick", "rate(1 second)"), Schedule("step", "rate(1 hour)", '{"do": "nothing"}')]


def test_it_knows_when_a_schedule_is_next_due() -> None:
    assert next_time(Schedule("tick", "cron(0/15 * * * ? *)"), _AT) == datetime(2026, 11, 21, 10, 45, tzinfo=UTC)
    assert next_time(Schedule("tick", "at(2026-11-21T10:00:00)"), _AT) is None


def test_it_deletes_what_has_expired() -> None:
    from moto.dynamodb.models import dynamodb_backends

    table = boto3.resource("dynamodb").Table("tiny-notes")
    now = int(time.time())
    for name, at in (("past", now - 10), ("future", now + 1000)):
        table.put_item(Item={"PK": "expiring", "SK": name, "text": name, "expires_at": at})
    assert delete_expired(dynamodb_backends[ACCOUNT][REGION].tables["tiny-notes"], time.time()) == 1
    assert notes("expiring") == ["future"]


@pytest.mark.scenario
def test_it_leaves_what_a_function_failed_at_in_the_queue_that_the_template_names(stack: LocalStack) -> None:
    stack.invoker.send("step", b'{"do": "fail"}')
    left = eventually(lambda: [text for text in notes("received") if "requestPayload" in text])
    record = json.loads(left[0])
    assert (record["requestPayload"], record["responsePayload"]["errorType"]) == ({"do": "fail"}, "LookupError")
