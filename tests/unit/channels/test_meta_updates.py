"""What Messenger and Instagram tell, from files with one update each, alone, in batches and damaged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.inbound import (
    Address,
    Came,
    ChoiceCame,
    ConsentCame,
    DeletionCame,
    DeliveryCame,
    EditCame,
    LocationCame,
    MediaCame,
    Origin,
    ReactionCame,
    TextCame,
    Unknown,
)
from chalicelib.channels.meta_updates import Source, updates
from chalicelib.channels.meta_values import moment

FIXTURES = Path(__file__).parents[2] / "fixtures" / "channels"
PAGE, PSID, OTHER_PSID, OTHER_PAGE = "1029384756", "7300112233445566", "7300112233440000", "5647382910"
IG, IGSID = "17841400008460056", "9988776655443322"
AT = "2025-11-27T23:00:00.123Z"
CDN = "https://cdn.example/attachments/"
SOURCES = {"messenger": Source("messenger", "page", "555000111"), "instagram": Source("instagram", "instagram", "555000111")}


def fixture(channel: str, name: str) -> bytes:
    return (FIXTURES / channel / f"{name}.json").read_bytes()


def parsed(channel: str, name: str) -> tuple[Came, ...]:
    return updates(fixture(channel, name), SOURCES[channel])


def origin(channel: str, vendor_id: str, *, at: str = AT, person: str | None = "", **more: Any) -> Origin:
    """Of the person whom the files are about; `person` None: of nobody."""
    account, usual = (PAGE, PSID) if channel == "messenger" else (IG, IGSID)
    sender = () if person is None else (Address("scoped_id", person or usual),)
    return Origin(channel, more.pop("account", account), vendor_id, at, sender, **more)


def m(vendor_id: str, **more: Any) -> Origin:
    return origin("messenger", vendor_id, **more)


def i(vendor_id: str, **more: Any) -> Origin:
    return origin("instagram", vendor_id, **more)


CAME: dict[tuple[str, str], tuple[Came, ...]] = {
    ("messenger", "text"): (TextCame(m("m_text"), "Is room 12 free? 🏨"),),
    ("messenger", "reply"): (TextCame(m("m_reply", reply_to="m_asked"), "yes"),),
    ("messenger", "quick_reply"): (ChoiceCame(m("m_tap"), "g1.gate_7.approve.c2ln", "Approve"),),
    ("messenger", "image"): (MediaCame(m("m_image"), "image", url=f"{CDN}a.jpg"),),
    ("messenger", "sticker"): (MediaCame(m("m_thumb"), "sticker", url=f"{CDN}thumb.png"),),
    ("messenger", "album"): (
        TextCame(m("m_album"), "all of it"),
        MediaCame(m("m_album#1"), "image", url=f"{CDN}1.jpg"),
        MediaCame(m("m_album#2"), "video", url=f"{CDN}2.mp4"),
        MediaCame(m("m_album#3"), "audio", url=f"{CDN}3.m4a"),
        MediaCame(m("m_album#4"), "document", url=f"{CDN}4.pdf"),
    ),
    ("messenger", "location"): (LocationCame(m("m_place"), 52.52, 13.405, "The office"),),
    ("messenger", "link"): (TextCame(m("m_link"), "A page\nhttps://a.example/p"),),
    ("messenger", "link_in_text"): (TextCame(m("m_link2"), "see https://a.example/p"),),
    ("messenger", "template_attachment"): (Unknown(m("m_card"), "attachment:template"),),
    ("messenger", "postback"): (ChoiceCame(m("m_pressed"), "g1.gate_7.reject.c2ln", "Reject"),),
    ("messenger", "delivery"): (
        DeliveryCame(m("delivered:m_ours_1"), "delivered", "m_ours_1"),
        DeliveryCame(m("delivered:m_ours_2"), "delivered", "m_ours_2"),
    ),
    ("messenger", "deleted"): (DeletionCame(m("deleted:m_text"), "m_text"),),
    ("messenger", "echo_ours"): (DeliveryCame(m("sent:m_ours_1"), "sent", "m_ours_1", "run_1/ask//0"),),
    ("messenger", "echo_other_app"): (TextCame(m("m_theirs", echo=True), "We are closed"),),
    ("messenger", "echo_colleague"): (TextCame(m("m_desk", echo=True), "I look into it"),),
    ("instagram", "text"): (TextCame(i("aWdf_text"), "Do you ship?"),),
    ("instagram", "story_reply"): (TextCame(i("aWdf_story"), "lovely"),),
    ("instagram", "story_mention"): (MediaCame(i("aWdf_mention"), "document", url=f"{CDN}mention"),),
    ("instagram", "share"): (MediaCame(i("aWdf_share"), "document", url=f"{CDN}post"),),
    ("instagram", "reel"): (MediaCame(i("aWdf_reel"), "video", url=f"{CDN}reel.mp4"),),
    ("instagram", "like_heart"): (TextCame(i("aWdf_heart"), "❤️"),),
    ("instagram", "ephemeral"): (Unknown(i("aWdf_gone"), "attachment:image"),),
    ("instagram", "seen"): (DeliveryCame(i("read:aWdf_ours"), "read", "aWdf_ours"),),
    ("instagram", "deleted"): (DeletionCame(i("deleted:aWdf_text"), "aWdf_text"),),
    ("instagram", "postback"): (ChoiceCame(i("aWdf_pressed"), "g1.gate_7.approve.c2ln", "Approve"),),
    ("instagram", "seconds"): (TextCame(i("aWdf_s", at="2025-11-27T23:00:00.000Z"), "now"),),
    ("instagram", "iso_time"): (TextCame(i("aWdf_iso", at="2025-11-27T23:00:00.000Z"), "then"),),
    ("instagram", "no_time"): (TextCame(i("aWdf_no", at="2025-11-27T23:00:00.523Z"), "when"),),
    ("instagram", "echo_ours"): (DeliveryCame(i("sent:aWdf_ours"), "sent", "aWdf_ours", "run_1/ask//0"),),
    ("instagram", "echo_colleague"): (TextCame(i("aWdf_desk", echo=True), "I look into it"),),
    ("instagram", "echo_unsaid"): (TextCame(i("aWdf_self", echo=True), "from the phone"),),
}
# Those whose vendor_id is a digest: what they are is looked at apart from it.
DIGESTED: dict[tuple[str, str], Callable[[Origin], Came]] = {
    ("messenger", "postback_without_mid"): lambda told: ChoiceCame(told, "start", "Get Started"),
    ("messenger", "delivery_until"): lambda told: DeliveryCame(told, "delivered", until="2025-11-27T23:00:00.023Z"),
    ("messenger", "read"): lambda told: DeliveryCame(told, "read", until="2025-11-27T23:00:00.073Z"),
    ("messenger", "reaction"): lambda told: ReactionCame(told, "m_ours_1", "❤️"),
    ("messenger", "reaction_by_word"): lambda told: ReactionCame(told, "m_ours_1", "😮"),
    ("messenger", "unreaction"): lambda told: ReactionCame(told, "m_ours_1", None),
    ("messenger", "referral"): lambda told: Unknown(told, "referral"),
    ("messenger", "optin"): lambda told: ConsentCame(told, wanted=True, category="notification_messages"),
    ("messenger", "optin_stopped"): lambda told: ConsentCame(told, wanted=False, category="notification_messages"),
    ("messenger", "message_edit"): lambda told: EditCame(told, "m_text", "Is room 13 free?"),
    ("messenger", "unsupported"): lambda told: Unknown(told, "unsupported"),
    ("messenger", "pass_thread_control"): lambda told: Unknown(told, "pass_thread_control"),
    ("messenger", "standby"): lambda told: Unknown(told, "standby:message"),
    ("instagram", "reaction"): lambda told: ReactionCame(told, "aWdf_ours", "🎉"),
    ("instagram", "unsupported"): lambda told: Unknown(told, "unsupported"),
    ("instagram", "message_edit"): lambda told: EditCame(told, "aWdf_text", "Do you ship to Oslo?"),
    ("instagram", "edit_without_text"): lambda told: Unknown(told, "message_edit"),
}
KINDS: dict[tuple[str, str], tuple[str, ...]] = {  # of what no conversation is about
    ("messenger", "optin_of_a_box"): ("optin",),
    ("messenger", "feed_change"): ("feed",),
    ("instagram", "comment"): ("comments",),
    ("instagram", "dashboard_test"): ("test",),
    ("instagram", "dashboard_test_of_a_field"): ("test",),
}
BATCHES = {("messenger", "batch"), ("messenger", "duplicate")}
SINGLES = sorted({*CAME, *DIGESTED, *KINDS})


def test_it_knows_every_file() -> None:
    files = {(path.parent.name, path.stem) for channel in SOURCES for path in (FIXTURES / channel).glob("*.json")}
    assert files == {*SINGLES, *BATCHES}


@pytest.mark.parametrize(("channel", "name"), CAME, ids="/".join)
def test_it_reads(channel: str, name: str) -> None:
    assert parsed(channel, name) == CAME[channel, name]


@pytest.mark.parametrize(("channel", "name"), DIGESTED, ids="/".join)
def test_it_reads_what_has_no_id_of_its_own(channel: str, name: str) -> None:
    (came,) = parsed(channel, name)
    assert came == DIGESTED[channel, name](origin(channel, came.origin.vendor_id))
    assert len(came.origin.vendor_id.rpartition(":")[2]) == 32


@pytest.mark.parametrize(("channel", "name"), KINDS, ids="/".join)
def test_it_knows_nothing_of(channel: str, name: str) -> None:
    came = parsed(channel, name)
    assert tuple(one.kind for one in came if isinstance(one, Unknown)) == KINDS[channel, name]
    assert len(came) == len(KINDS[channel, name])


def test_it_tells_a_comment_of_nobody() -> None:
    assert [came.origin.sender for came in parsed("instagram", "comment")] == [()]


def test_it_reads_all_of_a_batch_in_its_order() -> None:
    came = parsed("messenger", "batch")
    assert came[:3] == (
        TextCame(m("m_b1"), "one"),
        TextCame(m("m_b2", person=OTHER_PSID, at="2025-11-27T23:00:00.124Z"), "two"),
        TextCame(m("m_b3", account=OTHER_PAGE, at="2025-11-27T23:00:00.125Z"), "three"),
    )
    assert [type(one) for one in came[3:]] == [DeliveryCame, Unknown]


def test_it_gives_what_comes_twice_the_same_id() -> None:
    first, second = parsed("messenger", "duplicate")[:2], parsed("messenger", "duplicate")[2:]
    assert first == second
    assert first[0].origin.vendor_id == "m_twice"


def test_it_gives_no_two_updates_one_id() -> None:
    ids = [came.origin.vendor_id for channel, name in SINGLES if channel == "messenger" for came in parsed(channel, name)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("app_id", "told", "ours"),
    [
        ("555000111", {"app_id": 555000111}, True),
        ("555000111", {"app_id": "555000111", "metadata": "d"}, True),
        ("555000111", {"app_id": 777, "metadata": "d"}, False),
        ("555000111", {"metadata": "d"}, True),
        ("555000111", {}, False),
        ("", {"app_id": 777, "metadata": "d"}, True),
        ("", {"app_id": 777}, False),
    ],
)
def test_it_tells_our_echo_from_a_colleagues(app_id: str, told: dict[str, Any], ours: bool) -> None:
    item = {"sender": {"id": PAGE}, "recipient": {"id": PSID}, "message": {"mid": "m", "is_echo": True, "text": "x", **told}}
    (came,) = updates(packed([item]), Source("messenger", "page", app_id))
    assert isinstance(came, DeliveryCame) is ours
    assert came.origin.echo is not ours
    assert came.origin.sender == (Address("scoped_id", PSID),)


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"1", b"{}", b'{"object": "user"}', b'{"object": "page", "entry": NaN}', b"\xff", b"[" * 99_999])
def test_it_refuses_what_is_not_of_the_vendor(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        updates(body, SOURCES["messenger"])


@pytest.mark.parametrize("entry", [None, [], 7, "x", [None], [{"id": PAGE}], [{"messaging": [7, None]}], [{"messaging": "x", "changes": 3}]])
def test_it_takes_what_holds_nothing(entry: object) -> None:
    came = updates(json.dumps({"object": "page", "entry": entry}).encode(), SOURCES["messenger"])
    assert all(isinstance(one, Unknown) for one in came)
    assert bool(came) is bool(entry)


def test_it_takes_a_postback_without_a_payload_for_no_tap() -> None:
    (came,) = updates(packed([{"sender": {"id": PSID}, "postback": {"mid": "m", "title": "Approve"}}]), SOURCES["messenger"])
    assert isinstance(came, Unknown)


@pytest.mark.parametrize("place", [{"lat": 91, "long": 1}, {"lat": 1, "long": -181}, {"lat": True, "long": 1}, {"lat": 1}, {}, None])
def test_it_knows_no_place_outside_of_the_world(place: Any) -> None:
    attachment = {"type": "location", "payload": {"coordinates": place}}
    (came,) = updates(packed([{"sender": {"id": PSID}, "message": {"mid": "m", "attachments": [attachment]}}]), SOURCES["messenger"])
    assert isinstance(came, Unknown)
    assert came.kind == "attachment:location"


def test_it_takes_a_number_that_no_float_holds() -> None:
    body = fixture("messenger", "text").replace(b"1764284400123", b"1e999").replace(b"1764284400523", b"1e999")
    assert updates(body, SOURCES["messenger"]) == (TextCame(m("m_text", at="1970-01-01T00:00:00.000Z"), "Is room 12 free? 🏨"),)


def test_it_takes_halves_of_signs_out_of_texts() -> None:
    item = {"sender": {"id": PSID}, "message": {"mid": "m", "text": "a\ud83db"}}
    (came,) = updates(packed([item]), SOURCES["messenger"])
    assert isinstance(came, TextCame)
    assert came.text == "a\ufffdb"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1764284400123, AT),
        ("1764284400123", AT),
        (1764284400, "2025-11-27T23:00:00.000Z"),
        ("2025-11-28T00:00:00.123+0100", AT),
        ("2025-11-27T23:00:00.123", AT),
        (True, None),
        (None, None),
        ({}, None),
        ("soon", None),
        ("²", None),
        (10**400, None),
        (float("inf"), None),
        (float("nan"), None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_it_reads_moments(told: Any, expected: str | None) -> None:
    assert moment(told) == expected


def packed(items: list[Any]) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": items}]}).encode()


def document(single: tuple[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(fixture(*single))
    return told


@given(st.lists(st.sampled_from([single for single in SINGLES if single[0] == "messenger"]), min_size=1, max_size=8))
def test_it_reads_a_batch_as_it_reads_its_updates_one_by_one(names: list[tuple[str, str]]) -> None:
    together = {"object": "page", "entry": [entry for name in names for entry in document(name)["entry"]]}
    assert updates(json.dumps(together).encode(), SOURCES["messenger"]) == tuple(came for name in names for came in parsed(*name))


@given(st.lists(st.sampled_from([single for single in CAME if single[0] == "instagram" and single[1] != "no_time"]), min_size=1, max_size=8))
def test_it_reads_several_items_of_an_entry_as_it_reads_each_alone(names: list[tuple[str, str]]) -> None:
    together = document(names[0])
    together["entry"][0]["messaging"] = [item for name in names for item in document(name)["entry"][0]["messaging"]]
    assert updates(json.dumps(together).encode(), SOURCES["instagram"]) == tuple(came for name in names for came in parsed(*name))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from([PAGE, "0", "react", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.sampled_from(["id", "mid", "url", "type"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def damaged(told: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    told[path[0]] = damaged(told[path[0]], path[1:], value)
    return told


@given(st.data())
def test_it_takes_damaged_updates_without_an_error(data: st.DataObject) -> None:
    channel, name = data.draw(st.sampled_from(SINGLES))
    told = document((channel, name))
    path = data.draw(st.sampled_from([place for place in places(told) if place and place != ("object",)]))
    body = json.dumps(damaged(told, path, data.draw(ANYTHING))).encode()
    for came in updates(body, SOURCES[channel]):
        assert came.origin.channel == channel
        assert came.origin.vendor_id
        json.dumps(came.origin.vendor_id, ensure_ascii=False).encode()
        assert moment(came.origin.at) == came.origin.at
