"""DynamoDB streams delivered to the app's functions: in order per item, filtered, again when a batch fails.

In: committed changes. Out: invocations with batches of records. As on AWS a function that fails holds its stream up until its records are too old
or were tried too often; `ReportBatchItemFailures` resumes at the first failed record.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from chalice.app import DynamoDBEventConfig

from infra.local.application import Function
from infra.local.event_pattern import matches
from infra.local.invocation import Invoker, report
from infra.local.patches.storage import Change
from infra.local.template import REGION, Template
from infra.local.threads import Threads

_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Subscription:
    """How one function reads one table's stream."""

    function: str
    table: str
    stream_arn: str
    batch_size: int = 100
    attempts: int = 10
    partial: bool = False
    filters: tuple[Mapping[str, Any], ...] = ()


def subscriptions(functions: Mapping[str, Function], template: Template) -> list[Subscription]:
    """From the decorators and what the template adds to the functions' events."""
    sources = [function for function in functions.values() if isinstance(function.source, DynamoDBEventConfig)]
    return [_subscription(function, template) for function in sources]


def _subscription(function: Function, template: Template) -> Subscription:
    events = template.resolve(template.properties(function.logical_id).get("Events", {}))
    added: dict[str, Any] = next((event.get("Properties", {}) for name, event in events.items() if name.endswith("DynamodbEventSource")), {})
    stream = str(added.get("Stream", function.source.stream_arn))
    return Subscription(
        function=function.name,
        table=stream.partition(":table/")[2].partition("/")[0],
        stream_arn=stream,
        batch_size=int(added.get("BatchSize", function.source.batch_size or 100)),
        attempts=1 + int(added.get("MaximumRetryAttempts", 10)),
        partial="ReportBatchItemFailures" in added.get("FunctionResponseTypes", []),
        filters=tuple(json.loads(each["Pattern"]) for each in added.get("FilterCriteria", {}).get("Filters", [])),
    )


@dataclass(eq=False)
class _Reader:
    subscription: Subscription
    records: deque[dict[str, Any]] = field(default_factory=deque)
    ready: threading.Event = field(default_factory=threading.Event)


class TableStreams:
    """One thread per subscription; the order of a table's changes is kept."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._readers: list[_Reader] = []
        self._closed = threading.Event()
        self._threads = Threads()
        self._number = 0

    def use(self, wanted: list[Subscription]) -> None:
        """Start reading; a subscription that goes on as it was keeps its records."""
        kept = [reader for reader in self._readers if reader.subscription in wanted]
        new = [_Reader(subscription) for subscription in wanted if subscription not in [reader.subscription for reader in kept]]
        dropped = [reader for reader in self._readers if reader not in kept]
        self._readers = kept + new
        for reader in dropped:
            reader.ready.set()
        for reader in new:
            self._threads.begin(partial(self._read, reader), f"stream {reader.subscription.function}")

    def tell(self, changes: list[Change]) -> None:
        """Called under the storage lock, with the changes of one unit of work."""
        for change in changes:
            readers = [reader for reader in self._readers if reader.subscription.table == change.table.name]
            if not readers:
                continue
            record = self._record(change)
            for reader in readers:
                if not reader.subscription.filters or any(matches(each, record) for each in reader.subscription.filters):
                    reader.records.append({**record, "eventSourceARN": reader.subscription.stream_arn})
                    reader.ready.set()

    def start(self) -> None:
        """Threads start with their subscriptions."""

    def close(self) -> None:
        self._closed.set()
        for reader in self._readers:
            reader.ready.set()
        self._threads.wait()

    def _record(self, change: Change) -> dict[str, Any]:
        self._number += 1
        old, new = (item.to_json()["Attributes"] if item is not None else None for item in (change.before, change.after))
        table, image = change.table, new or old or {}
        images = {"NewImage": new} if new else {}
        images |= {"OldImage": old} if old else {}
        return {
            "eventID": f"{self._number:032x}",
            "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": {
                "ApproximateCreationDateTime": int(time.time()),
                "Keys": {name: image[name] for name in (table.hash_key_attr, table.range_key_attr) if name},
                "SequenceNumber": str(10**20 + self._number),
                "SizeBytes": len(str(images)),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                **images,
            },
        }

    def _read(self, reader: _Reader) -> None:
        while not self._closed.is_set() and reader in self._readers:
            reader.ready.wait()
            reader.ready.clear()
            while reader.records and not self._closed.is_set():
                batch = [reader.records[index] for index in range(min(len(reader.records), reader.subscription.batch_size))]
                self._deliver(reader.subscription, batch)
                for _ in batch:
                    reader.records.popleft()

    def _deliver(self, to: Subscription, batch: list[dict[str, Any]]) -> None:
        for attempt in range(to.attempts):
            answer = self._invoker.invoke(to.function, json.dumps({"Records": batch}).encode())
            if not answer.failed:
                batch = batch[_first_failed(answer.value(), batch) :] if to.partial else []
                if not batch:
                    return
            if attempt == to.attempts - 1 or self._closed.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
                if answer.failed:
                    report(to.function, answer)
                return


def _first_failed(answer: Any, batch: list[dict[str, Any]]) -> int:
    failed = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])}
    return next((index for index, record in enumerate(batch) if record["dynamodb"]["SequenceNumber"] in failed), len(batch))
