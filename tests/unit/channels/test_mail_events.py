"""What SES tells of mails that went out."""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.inbound import Address, Came, ConsentCame, DeliveryCame, Origin, Unknown
from chalicelib.channels.mail_events import act_of, parse_events
from chalicelib.spec.model import Json, JsonObject
from tests.factories.mails import EVENTS, event

NAMES = sorted(path.stem for path in EVENTS.glob("*.json") if path.stem != "receipt")
ANNA = (Address("email", "anna@client.example"),)
OURS = "<0102018f-aaaa@eu-west-1.amazonses.com>"
DELIVERY = "msg_01J0000000000000000000000A"


def parsed(value: object) -> tuple[Came, ...]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse_events(body, channel="email", account="robot@in.example.com", region="eu-west-1")


def origin(vendor_id: str, at: str, sender: tuple[Address, ...] = ()) -> Origin:
    return Origin("email", "robot@in.example.com", f"0102018f-aaaa:{vendor_id}", f"2026-05-04T{at}.000Z", sender)


def failed(vendor_id: str, at: str, code: str, text: str) -> DeliveryCame:
    return DeliveryCame(origin(vendor_id, at), "failed", OURS, DELIVERY, error_code=code, error_text=text)


EXPECTED: dict[str, tuple[Came, ...]] = {
    "send": (DeliveryCame(origin("Send:", "09:00:00"), "sent", OURS, DELIVERY),),
    "delivery": (DeliveryCame(origin("Delivery:2026-05-04T09:00:02.000Z", "09:00:02"), "delivered", OURS, DELIVERY),),
    "bounce_permanent": (failed("Bounce:0102018f-f1", "09:00:03", "suppress/Bounce.Permanent.General", "suppress: smtp; 550 5.1.1 user unknown"),),
    "bounce_transient": (failed("Bounce:0102018f-f2", "09:00:03", "retry/Bounce.Transient.MailboxFull", "retry: smtp; 452 4.2.2 mailbox full"),),
    "bounce_too_large": (failed("Bounce:0102018f-f3", "09:00:03", "dead_letter/Bounce.Transient.MessageTooLarge", "dead_letter: "),),
    "bounce_undetermined": (failed("Bounce:0102018f-f4", "09:00:03", "use_other_channel/Bounce.Undetermined.Undetermined", "use_other_channel: "),),
    "complaint": (ConsentCame(origin("Complaint:0102018f-c1", "10:00:00", ANNA), wanted=False),),
    "complaint_not_spam": (Unknown(origin("Complaint:0102018f-c2", "10:00:00"), "Complaint.not-spam"),),
    "reject": (failed("Reject:", "09:00:00", "dead_letter/Reject", "dead_letter: Bad content"),),
    "rendering_failure": (
        failed(
            "Rendering Failure:",
            "09:00:00",
            "dead_letter/RenderingFailure",
            "dead_letter: Attribute 'name' is not present in the rendering data.",
        ),
    ),
    "delivery_delay": (Unknown(origin("DeliveryDelay:2026-05-04T09:10:00.000Z", "09:10:00"), "DeliveryDelay"),),
    "subscription": (ConsentCame(origin("Subscription:2026-05-04T11:00:00.000Z:news", "11:00:00", ANNA), wanted=False, category="news"),),
    "subscription_all": (ConsentCame(origin("Subscription:2026-05-04T11:00:00.000Z", "11:00:00", ANNA), wanted=False),),
    "open": (Unknown(origin("Open:2026-05-04T09:01:00.000Z", "09:01:00"), "Open"),),
    "click": (Unknown(origin("Click:2026-05-04T09:01:10.000Z", "09:01:10"), "Click"),),
}


def test_it_has_a_case_for_each_fixture() -> None:
    assert set(EXPECTED) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_what_an_event_says(name: str) -> None:
    assert parsed(event(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_an_event_in_whatever_carries_it(name: str) -> None:
    told = json.dumps(event(name))
    notification = {"Type": "Notification", "MessageId": "sns-1", "Message": told}
    queued = {"messageId": "sqs-1", "body": json.dumps(notification)}
    bridged = {"source": "aws.ses", "detail-type": "Email Bounced", "detail": event(name)}
    for carrier in (notification, {"Records": [{"Sns": notification}]}, {"Records": [queued]}, bridged, {"Records": [{"body": json.dumps(bridged)}]}):
        assert parsed(carrier) == EXPECTED[name]


def test_it_reads_feedback_that_names_its_kind_otherwise() -> None:
    told = event("bounce_permanent")
    told["notificationType"] = told.pop("eventType")
    assert parsed(told) == EXPECTED["bounce_permanent"]


def test_it_says_what_is_to_be_done() -> None:
    codes = {name: came.error_code for name, (came, *_) in EXPECTED.items() if isinstance(came, DeliveryCame)}
    assert {name: act_of(code) for name, code in codes.items()} == {
        "send": None,
        "delivery": None,
        "bounce_permanent": "suppress",
        "bounce_transient": "retry",
        "bounce_too_large": "dead_letter",
        "bounce_undetermined": "use_other_channel",
        "reject": "dead_letter",
        "rendering_failure": "dead_letter",
    }
    assert act_of("nonsense/x") is None


def test_it_loses_no_event_beside_one_that_it_cannot_read() -> None:
    records: list[Json] = [{"body": "{"}, {"Sns": {"Message": json.dumps(event("send"))}}, "x", {"body": "[]"}]
    found = parsed({"Records": records})
    assert [came.kind for came in found if isinstance(came, Unknown)] == ["unreadable record"] * 3
    assert found[1:2] == EXPECTED["send"]


@given(st.lists(st.sampled_from(NAMES), max_size=8))
def test_it_reads_many_as_it_reads_each(names: list[str]) -> None:
    batch = {"Records": [{"Sns": {"Message": json.dumps(event(name))}} for name in names]}
    assert parsed(batch) == tuple(came for name in names for came in EXPECTED[name])


def places(value: Json, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Json]] = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [at, *(place for key, each in items for place in places(each, (*at, key)))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@given(st.sampled_from(NAMES), st.data())
def test_it_reads_events_with_anything_in_any_place(name: str, data: st.DataObject) -> None:
    told: JsonObject = deepcopy(event(name))
    place = data.draw(st.sampled_from(places(told)[1:]))
    inner: Json = told
    for key in place[:-1]:
        inner = inner[key]  # type: ignore[index]
    inner[place[-1]] = data.draw(JSON)  # type: ignore[index]
    if isinstance(told.get("mail"), dict):
        assert parsed(told)
    else:
        with pytest.raises(ValueError, match="no event of SES"):
            parsed(told)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"Message": "{}"}', b'{"detail": {}}', b"\xff", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_it_refuses_what_is_no_event(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (JSON's own among them)
        parsed(body)


def test_it_opens_no_carrier_without_end() -> None:
    told = json.dumps(event("send"))
    for _ in range(6):
        told = json.dumps({"Message": told})
    with pytest.raises(ValueError, match="no event of SES"):
        parsed(told.encode())
