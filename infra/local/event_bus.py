"""EventBridge's default bus: events go to the functions whose pattern matches.

In: an event. Out: an asynchronous invocation of each function that subscribed (`on_cw_event`), and of the targets of rules that the app has put to
EventBridge. Never waits for them.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

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


WHOLE_EVENT: Final = "<aws.events.event.json>"


def _targets_of_rules(published: dict[str, Any], payload: str, functions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of the enabled rules of the default bus that match: each target that is a function, with what it is given."""
    from moto.events.models import events_backends

    for rule in list(events_backends[ACCOUNT][REGION].event_buses["default"].rules.values()):
        pattern = rule.event_pattern.get_pattern()
        if rule.state != "ENABLED" or not pattern or not matches(pattern, published):
            continue
        for target in rule.targets:
            name = str(target["Arn"]).rpartition(":")[2]
            template = (target.get("InputTransformer") or {}).get("InputTemplate")
            if name in functions:
                yield name, template.replace(WHOLE_EVENT, payload) if template else payload


class EventBus:
    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    def publish(self, published: dict[str, Any], *, then: Callable[[], None] | None = None) -> None:
        """Deliver to every subscriber; `then` is called once all have had it (whether or not they succeeded)."""
        payload = json.dumps(published, ensure_ascii=False)
        targets = [
            *((name, payload) for name in self._subscribed(published)),
            *_targets_of_rules(published, payload, self._invoker.application.functions),
        ]
        waiting = {number for number, _ in enumerate(targets)}

        def settle(number: int) -> None:
            waiting.discard(number)
            if not waiting and then is not None:
                then()

        for number, (name, given) in enumerate(targets):
            self._invoker.send(name, given.encode(), then=lambda _answer, number=number: settle(number))  # type: ignore[misc]
        if not targets and then is not None:
            then()

    def _subscribed(self, published: dict[str, Any]) -> list[str]:
        functions = self._invoker.application.functions.values()
        sources = [function for function in functions if isinstance(function.source, CloudWatchEventConfig)]
        return [function.name for function in sources if matches(function.source.event_pattern, published)]

    def put_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """`events.PutEvents` of the app."""
        entries = json.loads(request["body"])["Entries"]
        for entry in entries:
            detail = json.loads(entry.get("Detail", "{}"))
            self.publish(event(entry.get("Source", ""), entry.get("DetailType", ""), detail, entry.get("Resources", [])))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(uuid.uuid4())} for _ in entries]}
