"""EventBridge's default bus: events go to the functions whose pattern matches.

In: an event. Out: an asynchronous invocation of each function that subscribed (`on_cw_event`). Never waits for them.
"""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalice.app import CloudWatchEventConfig

from infra.local.event_pattern import matches
from infra.local.invocation import Invoker
from infra.local.template import ACCOUNT, REGION


def event(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }


class EventBus:
    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    def publish(self, published: dict[str, Any], *, then: Callable[[], None] | None = None) -> None:
        """Deliver to every subscriber; `then` is called once all have had it (whether or not they succeeded)."""
        functions = [
            function.name
            for function in self._invoker.application.functions.values()
            if isinstance(function.source, CloudWatchEventConfig) and matches(function.source.event_pattern, published)
        ]
        waiting = set(functions)

        def settle(name: str) -> None:
            waiting.discard(name)
            if not waiting and then is not None:
                then()

        payload = json.dumps(published, ensure_ascii=False).encode()
        for name in functions:
            self._invoker.send(name, payload, then=lambda _answer, name=name: settle(name))  # type: ignore[misc]
        if not functions and then is not None:
            then()

    def put_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """`events.PutEvents` of the app."""
        entries = json.loads(request["body"])["Entries"]
        for entry in entries:
            detail = json.loads(entry.get("Detail", "{}"))
            self.publish(event(entry.get("Source", ""), entry.get("DetailType", ""), detail, entry.get("Resources", [])))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(uuid.uuid4())} for _ in entries]}
