"""DynamoDB's time to live: items whose time has come are deleted, some time later, as on AWS.

In: the tables. Out: deletions, which pass through the stream like any other. Never promises when.
"""

import threading
import time
from typing import Any, Final

from infra.local.patches.storage import LOCK
from infra.local.template import ACCOUNT, REGION
from infra.local.threads import Threads

_EVERY_SECONDS: Final = 30.0


class Expiry:
    def __init__(self, every_seconds: float = _EVERY_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._closed = threading.Event()
        self._threads = Threads()

    def start(self) -> None:
        self._threads.begin(self._sweep, "expiry")

    def close(self) -> None:
        self._closed.set()
        self._threads.wait()

    def _sweep(self) -> None:
        from moto.dynamodb.models import dynamodb_backends

        while not self._closed.wait(self._every_seconds):
            with LOCK:
                for table in list(dynamodb_backends[ACCOUNT][REGION].tables.values()):
                    delete_expired(table, time.time())


def delete_expired(table: Any, now: float) -> int:
    """Delete what has expired; returns how many."""
    attribute = table.ttl.get("AttributeName")
    if table.ttl.get("TimeToLiveStatus") != "ENABLED" or not attribute:
        return 0
    rows = [row for rows in table.items.values() for row in (rows.values() if table.range_key_attr else (rows,))]
    expired = [row for row in rows if (held := row.attrs.get(attribute)) is not None and held.type == "N" and float(held.value) < now]
    for row in expired:
        table.delete_item(row.hash_key, row.range_key)
    return len(expired)
