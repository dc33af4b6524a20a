"""What SES tells of mails that went out.

In: an event of a configuration set, bare or as SNS, SQS or EventBridge carry it, alone or many. Out: deliveries and wishes. What a person never
did is not made of it: an opened mail or a followed link is `Unknown`, since programs open mails and follow links. `error_code` is
`<act>/<what happened>`: `act_of` tells what is to be done.

Source: Amazon SES Developer Guide, "Examples of event data that Amazon SES publishes to Amazon SNS"; "Amazon SES events in EventBridge".
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, cast

from chalicelib.channels.failures import Act
from chalicelib.channels.inbound import Address, Came, ConsentCame, DeliveryCame, Origin, Unknown
from chalicelib.channels.mail_addresses import ses_message_id
from chalicelib.channels.mail_headers import ADDRESS
from chalicelib.channels.mail_render import DELIVERY_TAG, delivery_of_tag
from chalicelib.spec.model import Json, JsonObject

_SOFT: Final[dict[str, Act]] = {
    "MessageTooLarge": "dead_letter",
    "ContentRejected": "dead_letter",
    "AttachmentRejected": "dead_letter",
}
_ACTS: Final = frozenset(("retry", "suppress", "dead_letter", "use_other_channel"))
_MOST_TEXT: Final = 1_000
_MAX_DEPTH: Final = 4  # SQS holds SNS holds the event


def parse_events(body: bytes, *, channel: str, account: str, region: str) -> tuple[Came, ...]:
    """Raises ValueError for what is no event of SES at all."""
    return tuple(came for event in _events(_loaded(body), 0) for came in _Event(event, channel, account, region).came())


def act_of(error_code: str) -> Act | None:
    """What is to be done after a delivery that failed so."""
    act = error_code.partition("/")[0]
    return cast("Act", act) if act in _ACTS else None


def _loaded(text: str | bytes) -> JsonObject:
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("the event is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("no event of SES")
    return value


def _events(carried: JsonObject, depth: int) -> Iterator[JsonObject]:
    """The events in whatever carries them."""
    records = carried.get("Records")
    if depth > _MAX_DEPTH:
        raise ValueError("no event of SES")
    if isinstance(records, list):
        for record in records:
            yield from _readable(_object(record), depth + 1)
    elif isinstance(inner := _inner(carried), str):
        yield from _events(_loaded(inner), depth + 1)
    elif isinstance(carried.get("mail"), dict):
        yield carried
    elif isinstance(detail := carried.get("detail"), dict) and carried.get("source") == "aws.ses":
        yield from _events(detail, depth + 1)
    else:
        raise ValueError("no event of SES")


def _readable(record: JsonObject, depth: int) -> tuple[JsonObject, ...]:
    """The events in one record of many: where there are none, one that nobody knows, so that it takes no others with it."""
    try:
        return tuple(_events(record, depth))
    except ValueError:
        return ({"eventType": "unreadable record"},)


def _inner(carried: JsonObject) -> Json:
    """SNS to Lambda, SNS to a queue, the queue to Lambda."""
    return _object(carried.get("Sns")).get("Message") or carried.get("Message") or carried.get("body")


class _Event:
    """One event of one mail."""

    def __init__(self, event: JsonObject, channel: str, account: str, region: str) -> None:
        self._event = event
        self._mail = _object(event.get("mail"))
        self._kind = _text(event.get("eventType") or event.get("notificationType"))
        self._channel, self._account, self._region = channel, account, region

    def came(self) -> tuple[Came, ...]:
        return self._subscription() if self._kind == "Subscription" else (self._one(),)

    def _one(self) -> Came:
        match self._kind:
            case "Send":
                return self._delivery("sent")
            case "Delivery":
                return self._delivery("delivered")
            case "Bounce":
                return self._bounce()
            case "Complaint":
                return self._complaint()
            case "Reject":
                return self._failed("dead_letter", "Reject", _text(self._about("reject").get("reason")))
            case "Rendering Failure":
                return self._failed("dead_letter", "RenderingFailure", _text(self._about("failure").get("errorMessage")))
            case _:  # DeliveryDelay, Open, Click, and whatever SES adds
                return Unknown(self._origin(), self._kind or "nameless")

    def _bounce(self) -> Came:
        bounce = self._about("bounce")
        lasting, kind = _text(bounce.get("bounceType")), _text(bounce.get("bounceSubType"))
        act: Act = "suppress" if lasting == "Permanent" else _SOFT.get(kind, "retry") if lasting == "Transient" else "use_other_channel"
        told = "; ".join(_text(_object(each).get("diagnosticCode")) for each in _list(bounce.get("bouncedRecipients")))
        return self._failed(act, f"Bounce.{lasting or 'Undetermined'}.{kind or 'Undetermined'}", told)

    def _complaint(self) -> Came:
        complaint = self._about("complaint")
        complainers = _addresses([_object(each).get("emailAddress") for each in _list(complaint.get("complainedRecipients"))])
        if _text(complaint.get("complaintFeedbackType")) == "not-spam":
            return Unknown(self._origin(), "Complaint.not-spam")
        return ConsentCame(self._origin(complainers or self._recipients()), wanted=False)

    def _subscription(self) -> tuple[Came, ...]:
        """One wish for each topic that changed, or one for all."""
        about = self._about("subscription")
        now = _object(about.get("newTopicPreferences"))
        if now.get("unsubscribeAll") is True:
            return (ConsentCame(self._origin(self._recipients()), wanted=False),)
        topics = [_object(each) for each in _list(now.get("topicSubscriptionStatus"))]
        before = [_object(each) for each in _list(_object(about.get("oldTopicPreferences")).get("topicSubscriptionStatus"))]
        changed = [each for each in topics if each not in before and _text(each.get("topicName"))]
        return tuple(self._topic(each) for each in changed) or (Unknown(self._origin(), "Subscription"),)

    def _topic(self, topic: JsonObject) -> ConsentCame:
        origin, name = self._origin(self._recipients()), _text(topic.get("topicName"))
        wanted = _text(topic.get("subscriptionStatus")).replace("_", "").lower() == "optin"
        return ConsentCame(replace(origin, vendor_id=f"{origin.vendor_id}:{name}"), wanted, name)

    def _failed(self, act: Act, what: str, text: str) -> DeliveryCame:
        return DeliveryCame(
            self._origin(), "failed", self._message_id(), self._delivery_id(), error_code=f"{act}/{what}", error_text=f"{act}: {text}"[:_MOST_TEXT]
        )

    def _delivery(self, status: str) -> DeliveryCame:
        return DeliveryCame(self._origin(), "sent" if status == "sent" else "delivered", self._message_id(), self._delivery_id())

    def _origin(self, sender: tuple[Address, ...] = ()) -> Origin:
        return Origin(self._channel, self._account, self._vendor_id(), self._at(), sender)

    def _vendor_id(self) -> str:
        """One event has one, however often it comes: SES numbers mails and some events only."""
        about = self._about_any()
        feedback = _text(about.get("feedbackId")) or _text(about.get("timestamp"))
        return f"{_text(self._mail.get('messageId'))}:{self._kind}:{feedback}"

    def _at(self) -> str:
        return _text(self._about_any().get("timestamp")) or _text(self._mail.get("timestamp"))

    def _about(self, name: str) -> JsonObject:
        return _object(self._event.get(name))

    def _about_any(self) -> JsonObject:
        names = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
        return self._about(names.get(self._kind, self._kind.lower()))

    def _message_id(self) -> str:
        ses_id = _text(self._mail.get("messageId"))
        return ses_message_id(ses_id, self._region) if ses_id else ""

    def _delivery_id(self) -> str:
        values = _list(_object(self._mail.get("tags")).get(DELIVERY_TAG))
        return delivery_of_tag(_text(values[0])) if values else ""

    def _recipients(self) -> tuple[Address, ...]:
        return _addresses(_list(self._mail.get("destination")))


def _addresses(values: list[Json]) -> tuple[Address, ...]:
    return tuple(Address("email", found[-1].lower()) for value in values[:100] if (found := ADDRESS.findall(_text(value)[:_MOST_TEXT])))


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
