"""Messages as Messenger and Instagram take them: what fits where, and what is said to be cut."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels import instagram, messenger
from chalicelib.channels.inbound import Address
from chalicelib.channels.meta_messages import MAX_METADATA, MAX_PAYLOAD, Limits, render
from chalicelib.channels.outbound import Choice, Choices, Content, Cut, Location, Media, Message, Reaction, Rendered, Seen, Template, Text
from chalicelib.channels.plain_text import plain
from chalicelib.channels.text_parts import size, utf8_bytes

MESSENGER, INSTAGRAM = messenger.PRODUCT.limits, instagram.PRODUCT.limits
TO = (Address("email", "ann@a.example"), Address("scoped_id", "7300"))
KEY = "run_1/ask//0"
YES, NO = Choice("g1.a", "Approve"), Choice("g1.r", "Reject")


def rendered(content: Content, limits: Limits = MESSENGER, key: str = KEY) -> Rendered:
    return render(Message(TO, content, key), limits)


def messages(content: Content, limits: Limits = MESSENGER) -> list[Any]:
    """Without our delivery's id, which all have."""
    bodies: list[Any] = list(rendered(content, limits).bodies)
    assert all(body["message"].pop("metadata") == KEY for body in bodies)
    return [body["message"] for body in bodies]


def buttons(text: str, *titled: tuple[str, str]) -> dict[str, Any]:
    told = [{"type": "postback", "title": title, "payload": payload} for title, payload in titled]
    return {"attachment": {"type": "template", "payload": {"template_type": "button", "text": text, "buttons": told}}}


def replies(*titled: tuple[str, str]) -> list[dict[str, str]]:
    return [{"content_type": "text", "title": title, "payload": payload} for title, payload in titled]


def test_it_answers_a_person_under_our_deliverys_id() -> None:
    assert rendered(Text("Hi *Ann*")) == Rendered(
        TO, KEY, ({"recipient": {"id": "7300"}, "messaging_type": "RESPONSE", "message": {"text": "Hi Ann", "metadata": KEY}},)
    )


def test_it_shows_a_subject_as_the_first_paragraph() -> None:
    assert messages(Text("It is done.", subject="Order 17")) == [{"text": "Order 17\n\nIt is done."}]


def test_it_splits_a_long_text() -> None:
    assert [len(message["text"]) for message in messages(Text("x" * 4000))] == [1999, 1999, 2]
    assert [len(message["text"]) for message in messages(Text("ü" * 1001), INSTAGRAM)] == [500, 500, 1]
    assert [len(message["text"]) for message in messages(Text("😀" * 1000))] == [999, 1]
    assert rendered(Text("x" * 4000)).cuts == ()


def test_it_cuts_what_nobody_would_read() -> None:
    long = rendered(Text("y" * 20_005))
    assert long.cuts == (Cut("shortened", "text", 7),)
    assert len(long.bodies) == 11
    assert rendered(Text("y" * 10_000), INSTAGRAM).cuts == ()
    assert rendered(Text("y" * 10_001), INSTAGRAM).cuts == (Cut("shortened", "text", 5),)


def test_it_sends_nothing_of_a_text_of_nothing_and_says_so() -> None:
    for content in (Text(" \n"), Choices("", ())):
        assert rendered(content) == Rendered(TO, KEY, (), (Cut("dropped", "text", 1),))


def test_it_asks_by_buttons_where_they_fit() -> None:
    assert messages(Choices("Book *it*?", (YES, NO), subject="Order 17", footer="Until noon")) == [
        buttons("Order 17\n\nBook it?\n\nUntil noon", ("Approve", "g1.a"), ("Reject", "g1.r"))
    ]
    assert messages(Choices("x" * 640, (YES,))) == [buttons("x" * 640, ("Approve", "g1.a"))]


def test_it_asks_by_quick_replies_where_the_text_or_the_choices_are_too_many_for_buttons() -> None:
    assert messages(Choices("x" * 641, (YES, NO))) == [{"text": "x" * 641, "quick_replies": replies(("Approve", "g1.a"), ("Reject", "g1.r"))}]
    assert "quick_replies" in messages(Choices("ü" * 321, (YES, NO)), INSTAGRAM)[0]
    many = tuple(Choice(f"p{n}", f"{n}") for n in range(13))
    assert messages(Choices("Which?", many)) == [{"text": "Which?", "quick_replies": replies(*((f"{n}", f"p{n}") for n in range(13)))}]


def test_it_puts_quick_replies_on_the_last_part_alone() -> None:
    first, last = messages(Choices("x" * 3000, (YES,)))
    assert first == {"text": "x" * 1999}
    assert last == {"text": "x" * 1001, "quick_replies": replies(("Approve", "g1.a"))}


def test_it_numbers_choices_that_are_too_many() -> None:
    many = tuple(Choice(f"p{n}", f"Room {n}", "sea" if n == 14 else "") for n in range(1, 15))
    (message,) = messages(Choices("Which?", many, footer="Write the number"))
    assert message["text"].startswith("Which?\n\n1. Room 1\n2. Room 2\n")
    assert message["text"].endswith("13. Room 13\n14. Room 14: sea\n\nWrite the number")
    assert set(message) == {"text"}
    assert rendered(Choices("Which?", many)).cuts == (Cut("numbered", "choices", 14),)


def test_it_numbers_choices_whose_payload_no_button_holds() -> None:
    assert rendered(Choices("Which?", (Choice("p" * (MAX_PAYLOAD + 1), "a"),))).cuts == (Cut("numbered", "choices", 1),)
    assert rendered(Choices("Which?", (Choice("p" * MAX_PAYLOAD, "a"),))).cuts == ()


def test_it_lists_choices_whole_where_their_buttons_cannot_be() -> None:
    long = Choice("g1.b", "Approve for the whole year", "costs *more*")
    content = Choices("Well?", (YES, long))
    text = "Well?\n\n1. Approve\n2. Approve for the whole year: costs more"
    assert messages(content) == [buttons(text, ("1. Approve", "g1.a"), ("2. Approve for the …", "g1.b"))]
    assert rendered(content).cuts == ()


def test_it_lists_choices_whose_description_no_button_shows() -> None:
    assert messages(Choices("Well?", (Choice("g1.a", "Approve", "at once"),))) == [buttons("Well?\n\n1. Approve: at once", ("1. Approve", "g1.a"))]


def test_it_asks_without_words_by_its_choices() -> None:
    assert messages(Choices("", (YES, Choice("g1.n", "")))) == [buttons("1. Approve\n2.", ("1. Approve", "g1.a"), ("2.", "g1.n"))]


def test_it_shows_a_question_without_choices_as_a_text() -> None:
    assert messages(Choices("Well?", ())) == [{"text": "Well?"}]


def test_it_keeps_choices_whole_where_the_question_is_cut() -> None:
    many = tuple(Choice(f"p{n}", f"Room {n}") for n in range(20))
    shown = rendered(Choices("x" * 30_000, many))
    assert shown.cuts == (Cut("shortened", "text", 10_002), Cut("numbered", "choices", 20))
    assert "20. Room 19" in str(shown.bodies[-1])


def test_it_sends_media_before_their_caption() -> None:
    assert messages(Media("image", url="https://a.example/p.png", caption="The *plan*")) == [
        {"attachment": {"type": "image", "payload": {"url": "https://a.example/p.png"}}},
        {"text": "The plan"},
    ]
    assert messages(Media("audio", media_id="att_1")) == [{"attachment": {"type": "audio", "payload": {"attachment_id": "att_1"}}}]
    assert messages(Media("sticker", url="https://a.example/s.webp"))[0]["attachment"]["type"] == "image"


def test_it_sends_a_file_and_says_that_its_name_is_lost() -> None:
    content = Media("document", url="https://a.example/f", mime_type="text/csv", file_name="plan.csv")
    assert messages(content) == [{"attachment": {"type": "file", "payload": {"url": "https://a.example/f"}}}]
    assert rendered(content).cuts == (Cut("dropped", "file_name", 1),)


def test_it_sends_a_file_that_instagram_does_not_take_as_a_link() -> None:
    content = Media("document", url="https://a.example/f", mime_type="text/csv", file_name="plan.csv", caption="Here")
    assert messages(content, INSTAGRAM) == [{"text": "Here\n\nplan.csv\nhttps://a.example/f"}]
    assert rendered(content, INSTAGRAM).cuts == ()
    at_vendor = Media("document", media_id="att_1", mime_type="text/csv", caption="Here")
    assert (messages(at_vendor, INSTAGRAM), rendered(at_vendor, INSTAGRAM).cuts) == ([{"text": "Here"}], (Cut("dropped", "media", 1),))
    wordy = Media("document", url="https://a.example/f", caption="x" * 10_001)
    assert rendered(wordy, INSTAGRAM).cuts == (Cut("shortened", "text", 5),)
    assert str(rendered(wordy, INSTAGRAM).bodies[-1]).count("https://a.example/f") == 1
    pdf = Media("document", url="https://a.example/f", mime_type="application/pdf")
    assert messages(pdf, INSTAGRAM) == [{"attachment": {"type": "file", "payload": {"url": "https://a.example/f"}}}]


def test_it_refuses_media_that_are_nowhere() -> None:
    with pytest.raises(ValueError, match="an id or an address"):
        rendered(Media("image"))


def test_it_sends_a_place_as_a_link_to_a_map() -> None:
    link = "https://www.google.com/maps/search/?api=1&query=52.520000,-0.000010"
    assert messages(Location(52.52, -0.00001, "The_office_", "1 Way")) == [{"text": f"The_office_\n1 Way\n{link}"}]
    assert rendered(Location(52.52, 13.4)).cuts == ()


def test_it_shows_that_it_read_and_writes() -> None:
    seen = {"recipient": {"id": "7300"}, "sender_action": "mark_seen"}
    assert rendered(Seen("m1")).bodies == (seen,)
    assert rendered(Seen("m1", typing=True)).bodies == (seen, {"recipient": {"id": "7300"}, "sender_action": "typing_on"})


def test_it_reacts() -> None:
    def action(name: str, **payload: str) -> tuple[dict[str, Any], ...]:
        return ({"recipient": {"id": "7300"}, "sender_action": name, "payload": {"message_id": "m1", **payload}},)

    assert rendered(Reaction("m1", "🎉")).bodies == action("react", reaction="🎉")
    assert rendered(Reaction("m1", "❤️"), INSTAGRAM).bodies == action("react", reaction="love")
    assert rendered(Reaction("m1", ""), INSTAGRAM).bodies == action("unreact")


def test_it_drops_a_reaction_that_instagram_does_not_know_and_says_so() -> None:
    assert rendered(Reaction("m1", "🎉"), INSTAGRAM) == Rendered(TO, KEY, (), (Cut("dropped", "reaction", 1),))


def test_it_has_no_message_templates() -> None:
    with pytest.raises(TypeError, match="instagram has no message templates"):
        rendered(Template("order_done", "en"), INSTAGRAM)


def test_it_refuses_a_message_to_nobody_of_its_own() -> None:
    with pytest.raises(ValueError, match="nobody is named"):
        render(Message((Address("phone", "49"),), Text("Hi"), KEY), MESSENGER)


def test_it_never_sends_half_of_our_deliverys_id() -> None:
    shown = rendered(Text("Hi"), key="k" * (MAX_METADATA + 1))
    assert (shown.bodies[0]["message"], shown.cuts) == ({"text": "Hi"}, (Cut("dropped", "metadata", 1),))


PIECES = [*"ab. \n*_", "ü", "😀", "👩‍👧", "https://a.example/b_c", "[x](https://y.example)", "y" * 400]
WORDS = (st.lists(st.sampled_from(PIECES), max_size=5) | st.lists(st.sampled_from(PIECES), min_size=40, max_size=90)).map("".join)
CHOICES = st.builds(Choice, payload=st.text(max_size=200), title=WORDS, description=st.just("") | WORDS)
CONTENTS = st.one_of(
    st.builds(Text, WORDS, WORDS),
    st.builds(Choices, WORDS, st.lists(CHOICES, max_size=16).map(tuple), WORDS, WORDS),
    st.builds(
        Media,
        st.sampled_from(["image", "document"]),
        url=st.just("https://a.example/f"),
        mime_type=st.sampled_from(["", "application/pdf"]),
        caption=WORDS,
    ),
    st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), WORDS, WORDS),
)


def shown_text(body: Any) -> str:
    """All that a person reads of a body: its buttons stand for what is listed."""
    message = body["message"]
    attached = message.get("attachment", {}).get("payload", {})
    return str(message.get("text", attached.get("text", "")))


def titles_of(body: Any) -> list[str]:
    message = body["message"]
    attached = message.get("attachment", {}).get("payload", {})
    return [tap["title"] for tap in (*message.get("quick_replies", ()), *attached.get("buttons", ()))]


@given(CONTENTS, st.sampled_from([MESSENGER, INSTAGRAM]))
def test_it_never_goes_over_a_limit(content: Content, limits: Limits) -> None:
    measure, most = (utf8_bytes, 1000) if limits is INSTAGRAM else (size, 1999)
    for body in rendered(content, limits).bodies:
        message: Any = body["message"]
        taps = titles_of(body)
        assert all(0 < len(title) <= size(title) <= 20 for title in taps)
        if "text" in message:
            assert 0 < measure(message["text"]) <= most
            assert len(taps) <= 13
            assert "attachment" not in message
        elif message["attachment"]["type"] == "template":
            assert 0 < measure(shown_text(body)) <= 640
            assert 1 <= len(taps) <= 3


@given(st.builds(Choices, WORDS, st.lists(CHOICES, max_size=16).map(tuple), WORDS, WORDS), st.sampled_from([MESSENGER, INSTAGRAM]))
def test_it_shows_all_that_it_does_not_call_cut(content: Choices, limits: Limits) -> None:
    shown = rendered(content, limits)
    read = "".join("".join([shown_text(body), *titles_of(body)]) for body in shown.bodies)
    squeezed = "".join(read.split())
    told = [plain(content.footer), *(plain(text) for choice in content.choices for text in (choice.title, choice.description))]
    if not any(cut.kind == "shortened" for cut in shown.cuts):
        told += [plain(content.subject), plain(content.text)]
    if shown.bodies:
        assert all("".join(text.split()) in squeezed for text in told)
    taps = sum(len(titles_of(body)) for body in shown.bodies)
    assert taps == len(content.choices) or Cut("numbered", "choices", len(content.choices)) in shown.cuts
