"""What the offline provider finds in a text, kind by kind."""

import pytest

from chalicelib.providers.reading import find
from chalicelib.providers.reading.fill import fill
from chalicelib.providers.reading.judge import choose, holds, quality, sentiment, urgency, weak_points, without_hype
from chalicelib.providers.reading.material import read_material
from chalicelib.providers.reading.rows import prices, quantity, rows
from chalicelib.providers.reading.writing import language, noun_phrase, shortened
from chalicelib.spec.model import Json, JsonObject

TEXT: JsonObject = {"type": "string"}


def asked(text: str, name: str, schema: JsonObject | None = None) -> Json:
    """What one field comes out as; None where the text has nothing for it."""
    found = fill({"type": "object", "properties": {name: schema or TEXT}}, read_material(text))
    assert isinstance(found, dict)
    return found.get(name)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1 234,50", 1234.5),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("1,234", 1234),
        ("1.234.567", 1234567),
        ("0.123", 0.123),
        ("-7", -7),
        ("−3", -3),
        ("1'000.00", 1000),
    ],
)
def test_it_reads_numbers_of_many_countries(text: str, number: float) -> None:
    assert find.to_number(text) == number


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("$1,200.00 and 45 EUR, 3.50€, £12", [1200, 45, 3.5, 12]),
        ("EUR 2.836,96", [2836.96]),
        ("12 dollars", [12]),
        ("on 2026-03-04 at 12:30", []),
        ("USD", []),
    ],
)
def test_it_finds_amounts_of_money(text: str, amounts: list[float]) -> None:
    assert find.amounts(text) == amounts


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-04", "2026-03-04"),
        ("04.03.2026", "2026-03-04"),
        ("4/3/2026", "2026-03-04"),
        ("3/14/2026", "2026-03-14"),
        ("03/04/2026 for $10", "2026-03-04"),
        ("4th of March 2026", "2026-03-04"),
        ("March 4, 2026", "2026-03-04"),
        ("4. März 2026", "2026-03-04"),
        ("31.02.2026", None),
        ("soon", None),
    ],
)
def test_it_reads_dates_of_many_countries(text: str, iso: str | None) -> None:
    assert next(iter(find.dates(text)), None) == iso


@pytest.mark.parametrize(
    ("text", "code"), [("12 €", "EUR"), ("USD 3 and $4", "USD"), ("five pounds sterling", "GBP"), ("ten euros", "EUR"), ("nothing", None)]
)
def test_it_finds_the_currency(text: str, code: str | None) -> None:
    assert find.currency(text) == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kind regards,\nJane Doe", "Jane Doe"),
        ("Thanks, Tom", "Tom"),
        ("My name is Ana García and", "Ana García"),
        ("From: Max van der Berg <m@x.example>", "Max van der Berg"),
        ("It works.\n\nLena Hartmann", "Lena Hartmann"),
        ("nobody here", None),
    ],
)
def test_it_finds_people(text: str, name: str | None) -> None:
    assert next(iter(find.people(text)), None) == name


@pytest.mark.parametrize(
    ("text", "word", "number"),
    [
        ("order no. A-1234", "order", "A-1234"),
        ("Order #88", "order", "88"),
        ("my order 55821.", "order", "55821"),
        ("about ORD-5521 please", "order", "ORD-5521"),
        ("Invoice number is 2026/114", "invoice", "2026/114"),
        ("order of 2026-03-04", "order", None),
        ("in order to", "order", None),
    ],
)
def test_it_finds_identifiers(text: str, word: str, number: str | None) -> None:
    assert find.identifier(text, [word]) == number


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("phone", "Call +49 40 123456-7 today.", "+49 40 123456-7"),
        ("website", "See https://example.com/a?b=1.", "https://example.com/a?b=1"),
        ("start_time", "We meet at 9:05 in the hall.", "09:05:00"),
        ("language", "Der Drucker ist kaputt und ich kann nicht drucken.", "de"),
        ("sentiment", "It is great.", "positive"),
        ("sentiment", "It is there.", "neutral"),
        ("priority", "This is urgent, the shop is down!", "high"),
        ("priority", "Whenever you like, it is minor.", "low"),
        ("topic", "Research solar roofs.\n\nTopic: Solar roofs in Spain", "Solar roofs in Spain"),
        ("question", "Find out: what is known about tides?", "What is the present state of known about tides?"),
        ("category", "My parcel has not been delivered by the courier.", "shipping"),
        ("ticket", "Ticket T-77 is open.", "T-77"),
        ("service", "The service payments is slow.", "payments"),
        ("service", "The Billing API is slow.", "Billing API"),
        ("feedback", "Review the text.\n\nBUY NOW!!! It is the BEST!!", None),
        ("next_action", "Please call back today, it is urgent!", "Handle “Please call back today, it is urgent!” today."),
        ("colour", "Colour: dark red", "dark red"),
        ("colour", "It has none.", None),
        ("vendor", "From: Blue Shop\nTotal 3.00", "Blue Shop"),
        ("vendor", "it is dear.", None),
        ("customer", "Bill to:\nAnna Weiss\nTotal 3.00", "Anna Weiss"),
        ("customer", "Blue GmbH sells to Red Ltd for 3.00 EUR.", "Red Ltd"),
        ("due_date", "Deliver by 3 May 2026.", "2026-05-03"),
        ("due_date", "Soon.", None),
        ("reported_at", "Seen on 3 May 2026 at 14:05.", "2026-05-03"),
    ],
)
def test_it_finds_a_text_by_the_fields_name(name: str, text: str, value: Json) -> None:
    if name == "feedback":
        assert "superlatives" in str(asked(text, name))
        return
    schema: JsonObject = {"type": "string", "format": "date"} if name == "reported_at" else TEXT
    assert asked(text, name, schema) == value


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string", "format": "date-time"}, "On 3 May 2026 at 14:05.", "2026-05-03T14:05:00Z"),
        ({"type": "string", "format": "time"}, "At 14:05:09.", "14:05:09"),
        ({"type": "string", "format": "uri"}, "See http://a.example/x", "http://a.example/x"),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "fly to HAM now", "HAM"),
        ({"type": "string", "pattern": "["}, "fly", None),
        ({"type": "string", "description": "The date of the flight"}, "on 3 May 2026", "2026-05-03"),
    ],
)
def test_it_finds_a_text_by_its_schema(schema: JsonObject, text: str, value: Json) -> None:
    assert asked(text, "x", schema) == value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("nights", "We stay 3 nights.", 3),
        ("nights", "Nights: 4", 4),
        ("error_rate", "The error rate is 12.5 % today.", 12.5),
        ("rate", "It is there.", None),
        ("discount", "Discount 10 % 5.00\nTotal 45.00", 5),
        ("shipping_cost", "It costs much.", None),
        ("confidence", "Short.", 0.6),
        ("risk", "This is critical!", 0.79),
        ("item_count", "- a\n- b\n- c", 3),
        ("count", "none", None),
        ("satisfaction", "It is great.", 1),
        ("quality", "Review the draft.\n\nIt is fine.", 0.7),
        ("height", "It is 140 cm.", None),
    ],
)
def test_it_finds_a_number_by_the_fields_name(name: str, text: str, value: Json) -> None:
    schema: JsonObject = {"type": "number", "minimum": 0, "maximum": 1} if name in {"risk", "quality", "satisfaction"} else {"type": "number"}
    found = asked(text, name, schema)
    assert found == (pytest.approx(value, abs=0.11) if isinstance(value, float) else value)


def test_it_falls_back_on_the_description_of_a_number() -> None:
    assert asked("There are 12 guests.", "n", {"type": "number", "description": "guests expected"}) == 12


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("approved", "Approved: yes", True),
        ("is_gift", "Gift: no", False),
        ("contains_alcohol", "There was wine, no alcohol otherwise.", False),
        ("has_attachment", "See the attachment.", True),
        ("is_", "Anything.", None),
        ("is_complaint", "It is terrible.", True),
        ("is_happy", "It is terrible.", False),
        ("needs_escalation", "Urgent, production is down!", True),
        ("is_spam", "You are the lottery winner!", True),
        ("text_ok", "BUY NOW!!! It is the BEST!!", False),
    ],
)
def test_it_finds_whether_something_is_so(name: str, text: str, value: Json) -> None:
    assert asked(text, name, {"type": "boolean"}) is value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("emails", "a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
        ("links", "http://a.example and https://b.example/c.", ["http://a.example", "https://b.example/c"]),
        ("dates", "3 May 2026 and 2026-05-04", ["2026-05-03", "2026-05-04"]),
        ("people", "Regards,\nJane Doe", ["Jane Doe"]),
        ("companies", "Blue GmbH and Red Ltd", ["Blue GmbH", "Red Ltd"]),
        ("tags", "Solar solar roof.", ["solar", "roof"]),
        ("headings", "Outline it.\n\n- What is it?\n- Who pays?", ["What is it", "Who pays"]),
        ("steps", "Do:\n1. Open it\n2. Shut it", ["Open it", "Shut it"]),
        ("steps", "Plan the move.", ["Confirm the facts about Plan the move", "Contain the effect on those concerned", "Find the cause"]),
        ("findings", "- one point\n- two point", ["one point", "two point"]),
        ("questions", "Is it far away? Is it dear to buy? Yes it is.", ["Is it far away?", "Is it dear to buy?"]),
        ("products", "2 x Pen 1.00\n3 x Ink 4.00", ["Pen", "Ink"]),
    ],
)
def test_it_lists_by_the_fields_name(name: str, text: str, value: list[str]) -> None:
    found = asked(text, name, {"type": "array", "items": TEXT, "maxItems": 3})
    assert found == value


def test_it_lists_numbers_choices_and_nothing() -> None:
    assert asked("3 EUR and 4.50 EUR", "x", {"type": "array", "items": {"type": "number"}}) == [3, 4.5]
    assert asked("red and dark blue", "x", {"type": "array", "items": {"enum": ["red", "green", "dark_blue"]}}) == ["red", "dark_blue"]
    assert asked("red", "x", {"type": "array", "items": {"type": "boolean"}}) == []
    assert asked("red red", "x", {"type": "array"}) != []


@pytest.mark.parametrize(
    ("line", "count", "each", "together"),
    [
        ("2 x Pen @ 1.50 = 3.00", 2, 1.5, 3),
        ("Pen, qty 3, EUR 4.50", 3, 1.5, 4.5),
        ("4 h Work, 95.00 each", 4, 95, 380),
        ("Pen 1.50", None, 1.5, 1.5),
        ("Pen 3 1.00 3.00", 3, 1, 3),
        ("Pen", None, None, None),
    ],
)
def test_it_reads_the_line_of_a_bill(line: str, count: float | None, each: float | None, together: float | None) -> None:
    row = (rows(read_material(f"{line}\n{line}")) or rows(read_material(f"- {line}")))[0]
    assert (quantity(row), *prices(row)) == (count, each, together)


def test_it_reads_a_table_of_bars_and_stops_at_its_total() -> None:
    table = "| Item | Qty | Price |\n|---|---|---|\n| Pen | 3 | 1.20 |\n| Ink | 1 | 9.00 |\n| Total | 4 | 10.20 |"
    assert [dict(row.cells) for row in rows(read_material(table))] == [
        {"item": "Pen", "qty": "3", "price": "1.20"},
        {"item": "Ink", "qty": "1", "price": "9.00"},
    ]
    assert rows(read_material('a,b\n"open,1\nx,2')) == []


def test_it_judges_by_words() -> None:
    assert sentiment("not good") < 0 < sentiment("very good")
    assert sentiment("") == 0
    assert urgency("not urgent") < urgency("fine") < urgency("urgent!")
    assert choose(["p1", "p2", "p3"], "We cannot work, everything is down, urgent!", field="priority") == "p1"
    assert choose(["low", "high"], "Priority: low", field="priority", lines=["Priority: low"]) == "low"
    assert choose(["positive", "negative"], "It is there.", field="mood") == "positive"
    assert choose(["a", "b"], "nothing", field="x") == "a"
    assert choose([1, 2, 3], "take 2", field="x") == 2
    assert holds("is_the", "x") is None


def test_it_knows_a_plain_text_from_a_loud_one() -> None:
    plain = "The desk is 140 cm wide and costs 549 EUR. It comes with a warranty of two years. You can try it in our shop on Saturday from nine."
    loud = "AMAZING!!! The BEST desk EVER!!! Unbelievable!!!"
    assert quality(plain) > 0.8 > 0.5 > quality(loud) > quality("")
    assert weak_points(plain) == []
    assert any("Split the sentence" in remark for remark in weak_points("word " * 40 + "end."))
    assert without_hype("It is always perfect, they say!") == "It is usually suitable, they say."


@pytest.mark.parametrize(
    ("question", "phrase"),
    [("What drives sales?", "sales"), ("How is it?", "it"), ("Sales in May", "Sales in May"), ("?", "the subject"), ("Why does it rain?", "it rain")],
)
def test_it_knows_what_a_question_is_about(question: str, phrase: str) -> None:
    assert noun_phrase(question) == phrase


def test_it_shortens_between_words_and_guesses_the_language() -> None:
    assert shortened("word " * 200).endswith("word …")
    assert language("") == "en"
