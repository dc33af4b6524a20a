"""SQS queues delivered to the app's functions.

In: the queues that functions subscribed to (`on_sqs_message`). Out: invocations with batches; what a function handled is deleted, the rest comes
back after the queue's visibility time-out and goes to its dead-letter queue after too many receives (both are moto's business).
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from chalice.app import SQSEventConfig

from infra.local.application import Function
from infra.local.invocation import Answer, Invoker, report
from infra.local.template import ACCOUNT, REGION, Template
from infra.local.threads import Threads

_POLL_SECONDS: Final = 0.2  # moto knows no long polling worth the name


@dataclass(frozen=True, slots=True)
class QueueSubscription:
    function: str
    queue_url: str
    queue_arn: str
    batch_size: int = 10
    partial: bool = False


def queue_subscriptions(functions: Mapping[str, Function], template: Template) -> list[QueueSubscription]:
    sources = [function for function in functions.values() if isinstance(function.source, SQSEventConfig)]
    return [_subscription(function, template) for function in sources]


def _subscription(function: Function, template: Template) -> QueueSubscription:
    events = template.resolve(template.properties(function.logical_id).get("Events", {}))
    added: dict[str, Any] = next((event.get("Properties", {}) for name, event in events.items() if name.endswith("SqsEventSource")), {})
    declared = function.source.queue_arn or f"arn:aws:sqs:{REGION}:{ACCOUNT}:{function.source.queue}"
    arn = str(added.get("Queue", declared))
    return QueueSubscription(
        function=function.name,
        queue_url=url_of(arn),
        queue_arn=arn,
        batch_size=min(10, int(added.get("BatchSize", function.source.batch_size or 10))),
        partial="ReportBatchItemFailures" in added.get("FunctionResponseTypes", []),
    )


class Queues:
    """One thread per subscription."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._wanted: list[QueueSubscription] = []
        self._closed = threading.Event()
        self._threads = Threads()

    def use(self, wanted: list[QueueSubscription]) -> None:
        new = [subscription for subscription in wanted if subscription not in self._wanted]
        self._wanted = wanted
        for subscription in new:
            self._threads.begin(partial(self._poll, subscription, queue_client()), f"queue {subscription.function}")

    def start(self) -> None:
        """Threads start with their subscriptions."""

    def close(self) -> None:
        self._closed.set()
        self._threads.wait()

    def _poll(self, to: QueueSubscription, sqs: Any) -> None:
        while to in self._wanted and not self._closed.wait(_POLL_SECONDS):
            while messages := self._receive(sqs, to):
                self._deliver(sqs, to, messages)

    def _receive(self, sqs: Any, to: QueueSubscription) -> list[dict[str, Any]]:
        if self._closed.is_set():
            return []
        received = sqs.receive_message(
            QueueUrl=to.queue_url, MaxNumberOfMessages=to.batch_size, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=0
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    def _deliver(self, sqs: Any, to: QueueSubscription, messages: list[dict[str, Any]]) -> None:
        records = [_record(message, to) for message in messages]
        answer = self._invoker.invoke(to.function, json.dumps({"Records": records}).encode())
        if answer.failed:
            report(to.function, answer)
            return
        failed = _failed(answer) if to.partial else set()
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=to.queue_url, ReceiptHandle=message["ReceiptHandle"])


def url_of(queue_arn: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue_arn.rpartition(':')[2]}"


def queue_client() -> Any:
    """Made before its thread begins: it reads the environment, which a stack that closes at once puts back meanwhile."""
    import boto3

    session: Any = boto3.session.Session(region_name=REGION)
    return session.client("sqs")


def _failed(answer: Answer) -> set[str]:
    return {failure["itemIdentifier"] for failure in (answer.value() or {}).get("batchItemFailures", [])}


def _record(message: Mapping[str, Any], to: QueueSubscription) -> dict[str, Any]:
    attributes = {
        name: {"dataType": value["DataType"], **({"stringValue": value["StringValue"]} if "StringValue" in value else {})}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": to.queue_arn,
        "awsRegion": REGION,
    }
