"""What WhatsApp's webhook tells, a file for each kind of update, alone and in batches."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.inbound import (
    AccountCame,
    Address,
    AddressChanged,
    Came,
    ChoiceCame,
    ConsentCame,
    ContactsCame,
    DeletionCame,
    DeliveryCame,
    EditCame,
    FormCame,
    LocationCame,
    MediaCame,
    Origin,
    ReactionCame,
    TemplateCame,
    TextCame,
    Unknown,
)
from chalicelib.channels.whatsapp_address import EPOCH
from chalicelib.channels.whatsapp_updates import updates_of
from chalicelib.spec.model import Json

FILES = Path(__file__).parents[2] / "fixtures" / "channels" / "whatsapp"
ANY = Origin("whatsapp", "", "", "")  # where it comes from is compared by itself
CAME: dict[str, tuple[Came, ...]] = {
    "account_capability": (AccountCame(ANY, event="business_capability_update", details={"max_daily_conversation_per_phone": 2000}),),
    "account_error": (
        AccountCame(
            ANY,
            event="error/130429",
            details={"code": 130429, "title": "Rate limit hit", "message": "Rate limit hit", "error_data": {"details": "Too many messages"}},
        ),
    ),
    "account_quality": (
        AccountCame(
            ANY,
            event="phone_number_quality_update/DOWNGRADE",
            details={"display_phone_number": "15550001111", "event": "DOWNGRADE", "current_limit": "TIER_250"},
        ),
    ),
    "account_update": (
        AccountCame(
            ANY,
            event="account_update/ACCOUNT_RESTRICTION",
            details={
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1790604800}],
            },
        ),
    ),
    "button_reply": (ChoiceCame(ANY, payload="g1.gate_1.approve.mac", title="Approve"),),
    "call_permission_reply": (Unknown(ANY, kind="interactive/call_permission_reply"),),
    "contacts": (
        ContactsCame(
            ANY,
            cards=(
                {
                    "name": {"formatted_name": "Bob Kahn", "first_name": "Bob"},
                    "phones": [{"phone": "+49 30 1234", "type": "WORK", "wa_id": "49301234"}],
                },
                {"name": {"formatted_name": "Vint"}},
            ),
        ),
    ),
    "document": (
        MediaCame(
            ANY,
            kind="document",
            media_id="5",
            mime_type="application/pdf",
            sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            file_name="offer.pdf",
            caption="our offer",
        ),
    ),
    "echo": (TextCame(ANY, text="Hier ist Eva vom Team"),),
    "edit": (EditCame(ANY, of="wamid.A1", text="Guten Tag, passt Mittwoch?"),),
    "edit_of_a_caption": (EditCame(ANY, of="wamid.B1", text="the old roof"),),
    "form_reply": (FormCame(ANY, values={"flow_token": "t1", "seats": 2, "note": "am Fenster"}),),
    "form_reply_broken": (Unknown(ANY, kind="interactive/nfm_reply"),),
    "image": (
        MediaCame(
            ANY,
            kind="image",
            media_id="1479537139650973",
            mime_type="image/jpeg",
            sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            caption="the roof",
        ),
    ),
    "image_with_url": (
        MediaCame(
            ANY,
            kind="image",
            media_id="1479537139650974",
            url="https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            mime_type="image/png",
            sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ),
    "interactive_with_errors": (
        AccountCame(
            ANY,
            event="error/131000",
            details={
                "code": 131000,
                "title": "Something went wrong",
                "message": "Something went wrong",
                "error_data": {"details": "The message could not be read"},
            },
        ),
        Unknown(ANY, kind="interactive"),
    ),
    "list_reply": (ChoiceCame(ANY, payload="g1.gate_1.later.mac", title="Later"),),
    "location": (LocationCame(ANY, latitude=52.52, longitude=13.405, name="Office", address="Main Street 1"),),
    "location_bare": (LocationCame(ANY, latitude=-33.0, longitude=151.2),),
    "order": (
        FormCame(
            ANY,
            values={
                "order": {
                    "catalog_id": "c9",
                    "text": "as always",
                    "product_items": [{"product_retailer_id": "tea-1", "quantity": 2, "item_price": 4.5, "currency": "EUR"}],
                }
            },
        ),
    ),
    "preferences_new": (Unknown(ANY, kind="user_preferences/pause"),),
    "preferences_resume": (ConsentCame(ANY, wanted=True, category="marketing_messages"),),
    "preferences_stop": (ConsentCame(ANY, wanted=False, category="marketing_messages"),),
    "reaction": (ReactionCame(ANY, to="wamid.OUT6", emoji="👍"),),
    "reaction_taken_back": (ReactionCame(ANY, to="wamid.OUT6", emoji=None),),
    "reaction_taken_back_empty": (ReactionCame(ANY, to="wamid.OUT6", emoji=None),),
    "revoke": (DeletionCame(ANY, of="wamid.A1"),),
    "status_deleted": (Unknown(ANY, kind="status/deleted"),),
    "status_delivered": (DeliveryCame(ANY, status="delivered", message_id="wamid.S1", delivery_id="dlv_1"),),
    "status_failed": (
        DeliveryCame(
            ANY,
            status="failed",
            message_id="wamid.S1",
            delivery_id="dlv_3",
            error_code="131047",
            error_text="Re-engagement message: More than 24 hours have passed since the customer last replied.",
        ),
    ),
    "status_in_group": (DeliveryCame(ANY, status="read", message_id="wamid.S1"),),
    "status_played": (DeliveryCame(ANY, status="read", message_id="wamid.S1", delivery_id="dlv_2"),),
    "status_read": (DeliveryCame(ANY, status="read", message_id="wamid.S1"),),
    "status_sent": (DeliveryCame(ANY, status="sent", message_id="wamid.S1", delivery_id="dlv_1"),),
    "sticker": (
        MediaCame(
            ANY, kind="sticker", media_id="6", mime_type="image/webp", sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
    ),
    "system_identity": (Unknown(ANY, kind="system/customer_identity_changed"),),
    "system_number": (AddressChanged(ANY, before=Address(kind="phone", value="491511234567"), after=Address(kind="phone", value="491517654321")),),
    "system_number_and_user_id": (
        AddressChanged(ANY, before=Address(kind="phone", value="491511234567"), after=Address(kind="phone", value="491517654321")),
        AddressChanged(ANY, before=Address(kind="scoped_id", value="DE.1111"), after=Address(kind="scoped_id", value="DE.2222")),
    ),
    "system_user_id": (AddressChanged(ANY, before=Address(kind="scoped_id", value="DE.1111"), after=Address(kind="scoped_id", value="DE.2222")),),
    "template_approved": (TemplateCame(ANY, template_id="594425479261596", name="gate_ask", language="de", change="status", value="APPROVED"),),
    "template_button": (ChoiceCame(ANY, payload="g1.gate_2.reject.mac", title="Reject"),),
    "template_button_without_context": (ChoiceCame(ANY, payload="g1.gate_2.approve.mac", title="Approve"),),
    "template_category": (TemplateCame(ANY, template_id="594425479261596", name="gate_ask", language="de", change="category", value="MARKETING"),),
    "template_category_planned": (
        TemplateCame(ANY, template_id="594425479261596", name="gate_ask", language="de", change="category", value="MARKETING", reason="planned"),
    ),
    "template_content": (TemplateCame(ANY, template_id="594425479261596", name="gate_ask", language="de", change="content", value="changed"),),
    "template_quality": (TemplateCame(ANY, template_id="594425479261596", name="gate_ask", language="de", change="quality", value="YELLOW"),),
    "template_rejected": (
        TemplateCame(
            ANY,
            template_id="594425479261596",
            name="gate_ask",
            language="de",
            change="status",
            value="REJECTED",
            reason="Variables stand side by side",
        ),
    ),
    "text": (TextCame(ANY, text="Guten Tag, passt Dienstag? 😀"),),
    "text_in_group": (Unknown(ANY, kind="group/text"),),
    "text_milliseconds": (TextCame(ANY, text="in ms"),),
    "text_of_an_ad": (TextCame(ANY, text="More about this?"),),
    "text_of_nobody": (Unknown(ANY, kind="text"),),
    "text_reply": (TextCame(ANY, text="ja"),),
    "text_user_id_in_from": (TextCame(ANY, text="hi"),),
    "text_user_id_only": (TextCame(ANY, text="hidden number"),),
    "unknown_field": (Unknown(ANY, kind="calls"),),
    "unknown_type": (Unknown(ANY, kind="hologram"),),
    "unsupported": (Unknown(ANY, kind="unsupported/poll"),),
    "video": (MediaCame(ANY, kind="video", media_id="3", mime_type="video/mp4", caption="look"),),
    "voice": (
        MediaCame(
            ANY,
            kind="audio",
            media_id="4",
            mime_type="audio/ogg; codecs=opus",
            sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            is_voice=True,
        ),
    ),
}
NUMBER, ACCOUNT = "106540352242922", "102290129340398"
PHONE, USER_ID = Address("phone", "491511234567"), Address("scoped_id", "DE.13491208655302741918")
AT = "2026-09-21T14:13:20.000Z"


def told(name: str) -> Any:
    return json.loads((FILES / f"{name}.json").read_bytes())


def came(body: object) -> tuple[Came, ...]:
    return updates_of(json.dumps(body).encode())


def origin(name: str) -> Origin:
    return came(told(name))[0].origin


@pytest.mark.parametrize("name", CAME)
def test_it_reads_a_kind_of_update(name: str) -> None:
    assert tuple(replace(each, origin=ANY) for each in came(told(name))) == CAME[name]


def test_it_reads_every_file() -> None:
    assert {path.stem for path in FILES.glob("*.json")} == set(CAME)


def test_it_says_where_a_message_comes_from() -> None:
    assert origin("text") == Origin("whatsapp", NUMBER, "wamid.A1", AT, (PHONE, USER_ID), "Ada Byron")
    assert origin("button_reply") == Origin("whatsapp", NUMBER, "wamid.C1", AT, (PHONE, USER_ID), "Ada Byron", reply_to="wamid.OUT2")
    assert origin("template_button_without_context").reply_to is None


def test_it_knows_people_by_their_id_alone() -> None:
    parent = Address("scoped_id", "DE.ENT.11815799212886844830")
    assert (origin("text_user_id_only").sender, origin("text_user_id_only").name) == ((USER_ID, parent), "Ada")
    assert (origin("text_user_id_in_from").sender, origin("text_user_id_in_from").name) == ((USER_ID,), "ada")


def test_it_takes_a_number_from_the_card_of_an_id() -> None:
    body = told("text")
    (message,) = body["entry"][0]["changes"][0]["value"]["messages"]
    del message["from"]
    assert came(body)[0].origin.sender == (PHONE, USER_ID)


def test_it_reads_milliseconds_and_seconds() -> None:
    assert origin("text_milliseconds").at == "2026-09-21T14:13:20.123Z"
    assert origin("text").at == AT


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "99999999999999999", "9999999999999999", None, [1], 1.5])
def test_it_takes_no_time_for_a_very_old_one(stamp: Json) -> None:
    body = told("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = stamp
    assert came(body)[0].origin.at == EPOCH


def test_it_knows_a_status_by_message_status_and_time() -> None:
    assert origin("status_sent") == Origin("whatsapp", NUMBER, "wamid.S1/sent/1790000100", "2026-09-21T14:15:00.000Z")
    assert origin("status_in_group").vendor_id == "wamid.S1/read/1790000100/491511234567"


def test_it_takes_what_is_about_no_number_for_the_business_account() -> None:
    found = origin("template_approved")
    assert (found.account, found.at, found.sender) == (ACCOUNT, "2026-09-21T14:21:40.000Z", ())
    assert len(found.vendor_id) == 32
    assert found == origin("template_approved")
    assert found.vendor_id != origin("template_rejected").vendor_id


def test_it_says_who_asks_for_no_more() -> None:
    assert (origin("preferences_stop").sender, origin("preferences_stop").account) == ((PHONE, USER_ID), NUMBER)


def test_it_tells_what_a_colleague_wrote_from_what_people_write() -> None:
    assert origin("echo") == Origin("whatsapp", NUMBER, "wamid.J1", "2026-09-21T14:18:20.000Z", (PHONE,), echo=True)


def test_it_gives_each_change_of_address_its_own_id() -> None:
    new = (Address("phone", "491517654321"), Address("scoped_id", "DE.2222"))
    both = [each.origin for each in came(told("system_number_and_user_id"))]
    assert [(each.vendor_id, each.sender) for each in both] == [("wamid.H2", new), ("wamid.H2/1", new)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"{}", b'{"object": "page", "entry": []}', b'{"a": NaN}', b'{"a":' * 100_000, b"\xff"])
def test_it_refuses_what_is_no_webhook_of_whatsapps(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        updates_of(body)


@pytest.mark.parametrize("depth", [10, 100, 300, 400, 480, 600, 900, 990, 5_000, 100_000])
def test_it_reads_or_refuses_what_is_nested_deeply(depth: int) -> None:
    """Nothing in between: a body that is read can be walked through by whoever gets it."""
    body = b'{"object": "whatsapp_business_account", "entry": [' + b'{"a":' * depth + b"1" + b"}" * depth + b"]}"
    try:
        found = updates_of(body)
    except ValueError as error:
        assert "deeply" in str(error)  # noqa: PT017  (one of both, depending on how deep Python goes)
    else:
        assert [type(each) for each in found] == [Unknown]


def test_it_mends_what_no_store_holds() -> None:
    body = (FILES / "text.json").read_bytes().replace(b"\\ude00", b"")
    (text,) = updates_of(body)
    assert isinstance(text, TextCame)
    assert text.text.encode().decode() == "Guten Tag, passt Dienstag? \ufffd"
    (alert,) = updates_of((FILES / "account_capability.json").read_bytes().replace(b"2000", b"1e999"))
    assert isinstance(alert, AccountCame)
    assert alert.details == {"max_daily_conversation_per_phone": None}


def test_it_routes_each_change_by_its_own_number() -> None:
    body, other = told("text"), told("status_read")
    other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2"
    body["entry"][0]["changes"] += other["entry"][0]["changes"]
    assert [each.origin.account for each in came(body)] == [NUMBER, "2"]


# --- batches ----------------------------------------------------------------------------------------------------

NAMES = st.lists(st.sampled_from(sorted(CAME)), min_size=1, max_size=8)


def alone(names: list[str]) -> list[Came]:
    return [each for name in names for each in came(told(name))]


@given(NAMES)
def test_it_reads_a_batch_of_entries_as_each_by_itself(names: list[str]) -> None:
    entries = [entry for name in names for entry in told(name)["entry"]]
    assert list(came({"object": "whatsapp_business_account", "entry": entries})) == alone(names)


@given(NAMES)
def test_it_reads_a_batch_of_changes_as_each_by_itself(names: list[str]) -> None:
    """Changes of one entry share its time."""
    entries = [copy.deepcopy(told(name)["entry"][0]) for name in names]
    for entry in entries:
        entry["time"] = 1790000500
    whole = {"id": ACCOUNT, "time": 1790000500, "changes": [change for entry in entries for change in entry["changes"]]}
    single = [each for entry in entries for each in came({"object": "whatsapp_business_account", "entry": [entry]})]
    assert list(came({"object": "whatsapp_business_account", "entry": [whole]})) == single


def value_of(name: str) -> Any:
    (change,) = told(name)["entry"][0]["changes"]
    return change["value"] if change["field"] == "messages" else {}


def in_one_change(value: object) -> list[Came]:
    return list(came({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [{"field": "messages", "value": value}]}]}))


@given(st.lists(st.sampled_from(sorted(name for name in CAME if value_of(name))), min_size=1, max_size=8))
def test_it_reads_messages_and_statuses_of_one_change_as_each_by_itself(names: list[str]) -> None:
    """Each has the cards of all: what is known of its sender may stand next to another one."""
    values = [value_of(name) for name in names]
    lists = {key: [each for value in values for each in value.get(key, [])] for key in ("errors", "contacts", "messages", "statuses")}
    whole = {"metadata": values[0]["metadata"], **{key: found for key, found in lists.items() if found}}
    single = [
        each
        for key in ("errors", "messages", "statuses")
        for item in lists[key]
        for each in in_one_change({"metadata": whole["metadata"], "contacts": lists["contacts"], key: [item]})
    ]
    assert in_one_change(whole) == single


# --- what was changed on the way ----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, str | int]]:
    """Every place of a document that can hold something else."""
    for key, inner in [*value.items()] if isinstance(value, dict) else [*enumerate(value)] if isinstance(value, list) else []:
        yield value, key
        yield from places(inner)


@given(st.sampled_from(sorted(CAME)), st.data())
def test_it_never_raises_on_what_was_changed(name: str, data: st.DataObject) -> None:
    """Any places of any kind of update, with anything else there, or nothing."""
    body = told(name)
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(body.get("entry")))
        holder, key = data.draw(st.sampled_from(found)) if found else (body, "entry")
        holder[key] = data.draw(JSON)
        if data.draw(st.booleans()):
            del holder[key]
    for each in came(body):
        assert each.origin.channel == "whatsapp"
        assert each.origin.vendor_id
        assert each.origin.at.endswith("Z")


@given(JSON)
def test_it_never_raises_on_any_json(anything: Json) -> None:
    for each in came({"object": "whatsapp_business_account", "entry": anything}):
        assert isinstance(each, Unknown)


@pytest.mark.parametrize("name", CAME)
def test_it_loses_no_message_to_a_part_that_cannot_be_read(name: str) -> None:
    """An update next to broken ones is read, and the broken ones are told of."""
    entries = [None, *told(name)["entry"], {"id": "1", "changes": ["x"]}]
    found = came({"object": "whatsapp_business_account", "entry": entries})
    assert found[1:-1] == came(told(name))
    assert isinstance(found[0], Unknown)
    assert isinstance(found[-1], Unknown)
