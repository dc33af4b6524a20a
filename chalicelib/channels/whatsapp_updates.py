"""What WhatsApp's webhook tells, as what came in.

In: a verified body. Out: one value for everything in it, in its order, over all entries, changes, messages and statuses: Meta batches as it likes. An
item stands for itself: what it becomes does not depend on what came with it, but for the card of its sender. What is not known here, or is not as
Meta documents it, is `Unknown`. Never raises but ValueError for a body that is none of WhatsApp's. Pure.

The number that a message came to is told by each change by itself. What is about no number (templates, the business account) has the id of the
business account as its account.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.channels.inbound import AccountCame, Address, Came, ConsentCame, DeliveryCame, DeliveryStatus, Origin, TemplateCame, Unknown
from chalicelib.channels.vendor_json import digest, each_at, load, object_at, text_at
from chalicelib.channels.whatsapp_address import addresses_of, moment
from chalicelib.channels.whatsapp_content import content_of
from chalicelib.spec.model import JsonObject

NAME = "whatsapp"
_OBJECT = "whatsapp_business_account"
_STATUSES: dict[str, DeliveryStatus] = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
_WANTED = {"stop": False, "resume": True, "signup": True}
_ACCOUNT_FIELDS = frozenset(
    (
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
    )
)


@dataclass(frozen=True, slots=True)
class _Change:
    """One change with what stands around it. `id` makes it known again where it names nothing."""

    field: str
    value: JsonObject
    origin: Origin
    id: str

    def told(self, at: str = "") -> Origin:
        """The origin of what Meta itself tells."""
        return replace(self.origin, vendor_id=self.id, at=at or self.origin.at)


def updates_of(body: bytes) -> tuple[Came, ...]:
    """Raises ValueError for what is no webhook of WhatsApp's."""
    told = load(body)
    if told.get("object") != _OBJECT:
        raise ValueError("the body is no webhook of WhatsApp's")
    return tuple(came for entry in each_at(told, "entry") for change in _changes(entry) for came in _came(change))


def _changes(entry: JsonObject) -> Iterator[_Change]:
    account, at_ = text_at(entry, "id"), moment(text_at(entry, "time"))
    for told in each_at(entry, "changes") if "changes" in entry else ({},):
        value = object_at(told, "value")
        origin = Origin(NAME, text_at(value, "metadata", "phone_number_id") or account, "", at_)
        yield _Change(text_at(told, "field"), value, origin, digest([account, at_, told]))


def _came(change: _Change) -> Iterator[Came]:
    field = change.field
    if field == "messages":
        yield from _conversation(change)
    elif field == "smb_message_echoes":
        yield from _echoes(change)
    elif field == "user_preferences":
        yield from _preferences(change)
    elif field in _ACCOUNT_FIELDS:
        event = text_at(change.value, "event")
        yield AccountCame(change.told(), f"{field}/{event}" if event else field, change.value)
    else:
        yield _template(change) or Unknown(change.told(), field)


def _conversation(change: _Change) -> Iterator[Came]:
    value = change.value
    yield from _errors(change)
    for message in each_at(value, "messages"):
        yield from content_of(message, _sender(change, message))
    for status in each_at(value, "statuses"):
        yield _delivery(change, status)
    if not any(key in value for key in ("messages", "statuses", "errors")):
        yield Unknown(change.told(), change.field)


def _errors(change: _Change) -> Iterator[Came]:
    """What went wrong with something that nobody can be told of any more."""
    for error in each_at(change.value, "errors"):
        yield AccountCame(replace(change.told(), vendor_id=digest([change.origin.at, error])), f"error/{text_at(error, 'code')}", error)


def _sender(change: _Change, message: JsonObject) -> Origin:
    stated = addresses_of(message, "from", "from_user_id", "from_parent_user_id")
    card, known = next(_cards(change.value, stated), ({}, stated))
    return replace(
        change.origin,
        vendor_id=text_at(message, "id") or digest(message),
        at=moment(text_at(message, "timestamp"), change.origin.at),
        sender=known,
        name=text_at(card, "profile", "name") or text_at(card, "profile", "username"),
        reply_to=text_at(message, "context", "id") or None,
    )


def _cards(value: JsonObject, stated: tuple[Address, ...]) -> Iterator[tuple[JsonObject, tuple[Address, ...]]]:
    """The cards that share an address with a sender, each with all addresses of both: the number, then the ids."""
    for card in each_at(value, "contacts"):
        told = addresses_of(card, "wa_id", "user_id", "parent_user_id")
        if set(told) & set(stated):
            both = dict.fromkeys((*stated, *told))
            yield card, tuple(sorted(both, key=lambda address: address.kind != "phone"))


def _echoes(change: _Change) -> Iterator[Came]:
    """What a colleague wrote in WhatsApp's own app. Its sender is the person whom it went to: in whose conversation it stands."""
    for message in each_at(change.value, "message_echoes"):
        to = addresses_of(message, "to", "to_user_id", "to_parent_user_id")
        yield from content_of(message, replace(_sender(change, message), sender=to, name="", echo=True))
    if "message_echoes" not in change.value:
        yield Unknown(change.told(), change.field)


def _delivery(change: _Change, status: JsonObject) -> Came:
    told, stamp, message_id = text_at(status, "status"), text_at(status, "timestamp"), text_at(status, "id")
    parts = (message_id or digest(status), told, stamp, text_at(status, "recipient_participant_id"))
    origin = replace(change.origin, vendor_id="/".join(part for part in parts if part), at=moment(stamp, change.origin.at))
    if told not in _STATUSES or not message_id:
        return Unknown(origin, f"status/{told}")
    error = next(each_at(status, "errors"), {})
    words = (text_at(error, "title") or text_at(error, "message"), text_at(error, "error_data", "details"))
    return DeliveryCame(
        origin,
        _STATUSES[told],
        message_id=message_id,
        delivery_id=text_at(status, "biz_opaque_callback_data"),
        error_code=text_at(error, "code"),
        error_text=": ".join(word for word in words if word),
    )


def _preferences(change: _Change) -> Iterator[Came]:
    for told in each_at(change.value, "user_preferences"):
        stated = addresses_of(told, "wa_id", "user_id", "parent_user_id")
        card, known = next(_cards(change.value, stated), ({}, stated))
        stamp = moment(text_at(told, "timestamp"), change.origin.at)
        origin = replace(change.told(stamp), vendor_id=digest([change.origin.account, told]), sender=known, name=text_at(card, "profile", "name"))
        value = text_at(told, "value")
        if value in _WANTED and known:
            yield ConsentCame(origin, _WANTED[value], text_at(told, "category"))
        else:
            yield Unknown(origin, f"user_preferences/{value}")
    if "user_preferences" not in change.value:
        yield Unknown(change.told(), change.field)


def _template(change: _Change) -> TemplateCame | None:
    """None where it is about no template, or says nothing of it."""
    value = change.value
    found = TemplateCame(
        change.told(),
        template_id=text_at(value, "message_template_id"),
        name=text_at(value, "message_template_name"),
        language=text_at(value, "message_template_language"),
        change="content",
        value="",
    )
    match change.field:
        case "message_template_status_update":
            reason = text_at(value, "rejection_info", "reason") or text_at(value, "reason")
            found = replace(found, change="status", value=text_at(value, "event"), reason="" if reason == "NONE" else reason)
        case "message_template_quality_update":
            found = replace(found, change="quality", value=text_at(value, "new_quality_score"))
        case "template_category_update":
            planned = text_at(value, "correct_category")  # what it will be, told a day before
            category = text_at(value, "new_category")
            found = replace(found, change="category", value=category or planned, reason="" if category else "planned")
        case "message_template_components_update":
            found = replace(found, value="changed")
        case _:
            return None
    return found if found.value and (found.template_id or found.name) else None
