"""Messages in WhatsApp's form, held against a description of what WhatsApp refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.inbound import Address
from chalicelib.channels.outbound import Choice, Choices, Content, Cut, Location, Media, Message, Reaction, Rendered, Seen, Template, Text
from chalicelib.channels.whatsapp_choices import MAX_BODIES
from chalicelib.channels.whatsapp_messages import rendered
from tests.fixtures.whatsapp_rules import faults

PHONE, USER_ID = Address("phone", "491511234567"), Address("scoped_id", "DE.13491208655302741918")
ENVELOPE = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": PHONE.value, "biz_opaque_callback_data": "dlv_1"}


def shown(content: Content, *, to: tuple[Address, ...] = (PHONE, USER_ID), reply_to: str | None = None) -> Rendered:
    found = rendered(Message(to, content, "dlv_1", reply_to))
    assert [fault for body in found.bodies for fault in faults(body)] == []
    return found


def contents(content: Content) -> list[Any]:
    """The bodies without what all of them have."""
    return [{key: value for key, value in body.items() if key not in ENVELOPE} for body in shown(content).bodies]


def choices(*titles: str, **fields: str) -> tuple[Choice, ...]:
    return tuple(Choice(f"g1.{number}", title, **fields) for number, title in enumerate(titles, 1))


def test_it_writes_a_text() -> None:
    assert shown(Text("**Hi** Ada")) == Rendered((PHONE, USER_ID), "dlv_1", ({**ENVELOPE, "type": "text", "text": {"body": "*Hi* Ada"}},))
    assert contents(Text("Booked.", subject="Your *trip*\n")) == [{"type": "text", "text": {"body": "*Your trip*\n\nBooked."}}]
    assert contents(Text(" \n")) == []


def test_it_sends_to_numbers_and_to_ids() -> None:
    (body,) = shown(Text("Hi"), to=(Address("email", "a@example.com"), USER_ID, PHONE)).bodies
    assert (body["recipient"], "to" in body) == (USER_ID.value, False)
    with pytest.raises(ValueError, match="no address"):
        rendered(Message((Address("email", "a@example.com"),), Text("Hi"), "dlv_1"))


def test_it_answers_a_message_with_the_first_body() -> None:
    bodies = shown(Text("a " * 4_000), reply_to="wamid.A1").bodies
    assert [body.get("context") for body in bodies] == [{"message_id": "wamid.A1"}, None]


@pytest.mark.parametrize("delivery_id", ["", "x" * 513])
def test_it_refuses_a_delivery_id_that_would_not_come_back(delivery_id: str) -> None:
    with pytest.raises(ValueError, match="512"):
        rendered(Message((PHONE,), Text("Hi"), delivery_id))


def test_it_sends_a_long_text_in_parts() -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 100 for number in range(30))
    found = shown(Text(text))
    assert found.cuts == ()
    assert "".join("".join(json.loads(json.dumps(body))["text"]["body"].split()) for body in found.bodies) == "".join(text.split())


def test_it_says_what_is_too_long_for_any_number_of_parts() -> None:
    found = shown(Text("x" * 50_000))
    assert len(found.bodies) == MAX_BODIES
    assert found.cuts == (Cut("shortened", "text", 50_000 - 40_960 + 2),)


def test_it_asks_with_buttons() -> None:
    assert contents(Choices("Book it?", choices("Approve", "Reject"), subject="Trip", footer="Silence never approves.")) == [
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "header": {"type": "text", "text": "Trip"},
                "body": {"text": "Book it?"},
                "footer": {"text": "Silence never approves."},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "g1.1", "title": "Approve"}},
                        {"type": "reply", "reply": {"id": "g1.2", "title": "Reject"}},
                    ]
                },
            },
        }
    ]


def test_it_tells_in_the_text_what_buttons_cannot_hold() -> None:
    (body,) = contents(Choices("Book it?", choices("Yes", "No", description="at once")))
    assert body["interactive"]["body"]["text"] == "Book it?\n\nYes: at once\nNo: at once"


@pytest.mark.parametrize("titles", [("a", "b", "c", "d"), ("a", "b" * 21), ("Same", "Same"), tuple("abcdefghij")])
def test_it_asks_with_a_list_where_buttons_do_not_do(titles: tuple[str, ...]) -> None:
    (body,) = contents(Choices("Which?", choices(*titles)))
    assert body["interactive"]["type"] == "list"
    assert body["interactive"]["action"]["button"] == "Choose"
    assert [row["id"] for row in body["interactive"]["action"]["sections"][0]["rows"]] == [f"g1.{n}" for n in range(1, len(titles) + 1)]


def row(title: str, description: str = "") -> tuple[dict[str, str], tuple[Cut, ...]]:
    found = shown(Choices("Which?", (Choice("g1.1", title, description), *choices("b", "c", "d")[1:], Choice("g1.9", "e"))))
    body: Any = found.bodies[0]
    first = body["interactive"]["action"]["sections"][0]["rows"][0]
    return {key: text for key, text in first.items() if key != "id"}, found.cuts


def test_it_puts_the_whole_title_of_a_row_into_its_description() -> None:
    long = "Approve and send it to the customer"
    cut = Cut("shortened", "title 1", 13)
    assert row(long) == ({"title": "Approve and send it to…", "description": long}, (cut,))
    assert row(long, "Costs 3") == ({"title": "Approve and send it to…", "description": f"{long}: Costs 3"}, (cut,))
    assert row(long, "d" * 40) == ({"title": "Approve and send it to…", "description": long}, (cut, Cut("dropped", "description 1", 40)))
    assert row("t" * 80) == ({"title": "t" * 23 + "…", "description": "t" * 71 + "…"}, (Cut("shortened", "title 1", 57),))
    assert row("Approve", "d" * 80) == ({"title": "Approve", "description": "d" * 71 + "…"}, (Cut("shortened", "description 1", 9),))
    assert row(" ", "") == ({"title": "1"}, ())


def test_it_asks_with_numbers_where_a_list_does_not_do() -> None:
    found = shown(Choices("Which?", choices(*map(str.upper, "abcdefghijk"), description="no\nhurry"), footer="Answer by noon."))
    (body,) = found.bodies
    lines = "\n".join(f"{number}. {title}: no hurry" for number, title in enumerate("ABCDEFGHIJK", 1))
    assert body["text"] == {"body": f"Which?\n\n{lines}\n\nAnswer by noon."}
    assert found.cuts == (Cut("numbered", "choices", 11),)


@pytest.mark.parametrize("payloads", [("a", "a"), ("", "b"), (" a", "b"), ("a" * 201, "b")])
def test_it_asks_with_numbers_where_a_tap_could_not_be_known_again(payloads: tuple[str, str]) -> None:
    found = shown(Choices("Which?", tuple(Choice(payload, f"T{payload[:1]}") for payload in payloads)))
    assert found.cuts == (Cut("numbered", "choices", 2),)


def test_it_asks_in_the_last_body() -> None:
    found = shown(Choices("It is long. " * 300, choices("Yes", "No")))
    assert [body["type"] for body in found.bodies] == ["text", "interactive"]
    assert found.cuts == ()


def test_it_asks_nothing_without_choices() -> None:
    assert contents(Choices("Hm?", (), footer="Soon.")) == [{"type": "text", "text": {"body": "Hm?\n\nSoon."}}]


def test_it_says_which_header_and_footer_were_too_long() -> None:
    found = shown(Choices("Book?", choices("Yes"), subject="s" * 70, footer="f" * 61))
    assert found.cuts == (Cut("shortened", "subject", 11), Cut("shortened", "footer", 2))


def test_it_sends_files() -> None:
    assert contents(Media("image", url="https://example.com/a.png", caption="**Here**")) == [
        {"type": "image", "image": {"link": "https://example.com/a.png", "caption": "*Here*"}}
    ]
    assert contents(Media("document", media_id="7", url="https://example.com", file_name="a.pdf")) == [
        {"type": "document", "document": {"id": "7", "filename": "a.pdf"}}
    ]
    assert contents(Media("audio", media_id="7", file_name="a.ogg", caption="Listen")) == [
        {"type": "audio", "audio": {"id": "7"}},
        {"type": "text", "text": {"body": "Listen"}},
    ]
    with pytest.raises(ValueError, match="id or an address"):
        rendered(Message((PHONE,), Media("image"), "dlv_1"))


def test_it_sends_after_a_file_what_is_too_long_for_its_caption() -> None:
    found = shown(Media("video", media_id="7", caption="c" * 1_025))
    assert [body["type"] for body in found.bodies] == ["video", "text"]
    assert found.cuts == ()


def test_it_sends_places_reactions_and_marks_of_reading() -> None:
    assert contents(Location(52.5, 13.4, "Office")) == [{"type": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Office"}}]
    assert contents(Reaction("wamid.A1", "👍")) == [{"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": "👍"}}]
    assert contents(Reaction("wamid.A1", "")) == [{"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": ""}}]
    assert "context" not in shown(Reaction("wamid.A1", "👍"), reply_to="wamid.A1").bodies[0]
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A1"}
    assert shown(Seen("wamid.A1")).bodies == (read,)
    assert shown(Seen("wamid.A1", typing=True), to=()).bodies == ({**read, "typing_indicator": {"type": "text"}},)


def test_it_fills_a_template_in_order() -> None:
    template = Template("gate_ask", "de", {"2": "zwei", "10": "zehn", "1": "eins"}, {"text": "Reise"}, payloads=("g1.1", "g1.2"))
    (body,) = contents(template)
    assert (body["type"], body["template"]["name"], body["template"]["language"]) == ("template", "gate_ask", {"code": "de"})
    assert body["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "text", "text": "Reise"}]},
        {"type": "body", "parameters": [{"type": "text", "text": text} for text in ("eins", "zwei", "zehn")]},
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "g1.1"}]},
        {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [{"type": "payload", "payload": "g1.2"}]},
    ]


def components(template: Template) -> Any:
    return contents(template)[0]["template"].get("components")


def test_it_fills_a_template_by_name() -> None:
    assert components(Template("a", "en", {"who": "Ada", "what": " "}, is_named=True)) == [
        {
            "type": "body",
            "parameters": [{"type": "text", "parameter_name": "who", "text": "Ada"}, {"type": "text", "parameter_name": "what", "text": "-"}],
        }
    ]
    assert components(Template("a", "en")) is None


@pytest.mark.parametrize(
    ("header", "parameter"),
    [
        ({"image": "https://example.com/a.png"}, {"type": "image", "image": {"link": "https://example.com/a.png"}}),
        ({"video": "77"}, {"type": "video", "video": {"id": "77"}}),
        ({"document": "77", "file_name": "a.pdf"}, {"type": "document", "document": {"id": "77", "filename": "a.pdf"}}),
    ],
)
def test_it_puts_a_file_over_a_template(header: dict[str, str], parameter: dict[str, Any]) -> None:
    assert components(Template("a", "en", header=header)) == [{"type": "header", "parameters": [parameter]}]


def test_it_puts_values_on_one_line_and_says_what_is_too_long() -> None:
    found = shown(Template("a", "en", {"1": "a\n\n\tb      c", "2": "x" * 1_100}, {"1": "y" * 61}))
    template: Any = found.bodies[0]["template"]
    assert template["components"][1]["parameters"][0]["text"] == "a b c"
    assert found.cuts == (Cut("shortened", "value 1", 2), Cut("shortened", "value 2", 77))


@pytest.mark.parametrize("payloads", [("x",) * 11, ("x" * 257,), ("",)])
def test_it_refuses_payloads_that_would_come_back_as_others(payloads: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="quick replies"):
        rendered(Message((PHONE,), Template("a", "en", payloads=payloads), "dlv_1"))


# --- any message ------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=40) | st.text(alphabet="ab *_\n😀.", max_size=12_000) | st.integers(0, 60_000).map(lambda count: "word " * (count // 5))
TITLES = st.text(max_size=100)
CHOICES = st.builds(
    Choices,
    WORDS,
    st.lists(st.builds(Choice, st.text(alphabet="ab. ", max_size=210), TITLES, TITLES), max_size=14).map(tuple),
    subject=TITLES,
    footer=TITLES,
)
CONTENTS = st.one_of(
    st.builds(Text, WORDS, TITLES),
    CHOICES,
    st.builds(Media, st.sampled_from(["image", "video", "audio", "document", "sticker"]), st.just("7"), file_name=TITLES, caption=WORDS),
    st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), TITLES, TITLES),
    st.builds(Template, st.just("a"), st.just("en"), st.dictionaries(TITLES, WORDS, max_size=3), st.dictionaries(TITLES, TITLES, max_size=1)),
)


@given(CONTENTS)
def test_it_never_goes_beyond_a_limit(content: Content) -> None:
    found = shown(content)
    assert len(found.bodies) <= MAX_BODIES + 1


def visible(value: Any) -> str:
    """All texts of a body, without what is no letter."""
    if isinstance(value, dict | list):
        return "".join(map(visible, value.values() if isinstance(value, dict) else value))
    return letters(value) if isinstance(value, str) else ""


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


@given(CHOICES)
def test_it_shows_all_of_what_it_does_not_report_as_cut(asked: Choices) -> None:
    found = shown(asked)
    bodies: Any = found.bodies
    cut = {each.what for each in found.cuts if each.kind != "numbered"}
    texts = "".join(visible(body["text"] if body["type"] == "text" else body["interactive"]["body"]) for body in bodies)
    everything = "".join(map(visible, bodies))
    assert letters(asked.text) in texts or "text" in cut
    assert letters(asked.subject) in everything or "subject" in cut
    if "choices" not in cut and (asked.choices or "text" not in cut):
        assert letters(asked.footer) in everything or "footer" in cut
        for number, choice in enumerate(asked.choices, 1):
            assert letters(choice.title) in everything or f"title {number}" in cut
            assert letters(choice.description) in everything or f"description {number}" in cut
