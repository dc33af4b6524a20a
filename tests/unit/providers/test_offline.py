"""The offline provider on texts as businesses write them: sensible, marked, the same every time."""

import base64
import json
from dataclasses import replace

import pytest

from chalicelib.providers.model import (
    Attachment,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Role,
    StopReason,
    ToolOffer,
    ToolResult,
    ToolUse,
    assistant,
    user,
)
from chalicelib.providers.offline import MARK, OfflineProvider
from chalicelib.providers.structured import schema_faults
from chalicelib.spec.model import Json, JsonObject

TEXT: JsonObject = {"type": "string"}
NUMBER: JsonObject = {"type": "number"}
TRUTH: JsonObject = {"type": "boolean"}
DAY: JsonObject = {"type": "string", "format": "date"}
TEXTS: JsonObject = {"type": "array", "items": TEXT}

INVOICE = """Nordwind Office Supplies GmbH
Hafenstrasse 12, 20457 Hamburg

Invoice No. NW-2026-0483
Invoice date: 12 November 2026
Due date: 12 December 2026

Bill to: Alster Consulting Ltd

Description            Qty   Unit price   Total
Desk chair "Ergo 4"     4      289.00     1,156.00
Standing desk           2      549.50     1,099.00
Cable tray             10       12.90       129.00

Subtotal               2,384.00
VAT 19%                  452.96
Total due: EUR 2,836.96

Please pay by bank transfer. IBAN DE89 3704 0044 0532 0130 00
Questions: billing@nordwind.example
"""
MAIL = """From: Maria Lopez <maria.lopez@example.com>
Subject: Charged twice for order #A-10293

Hi,

I was charged twice for my order #A-10293 last week. This is unacceptable, please refund the second payment today!

Kind regards,
Maria Lopez
"""
REVIEW = "The chair arrived late and one wheel was broken. Support was friendly but slow. Not worth the 289 EUR."


def ask(prompt: str, schema: JsonObject | None = None, *, system: str | None = None) -> ModelResponse:
    request = ModelRequest(messages=(user(prompt),), system=system, output=schema)
    return OfflineProvider().call(request, model="claude-opus-5-5", seconds=1)


def shape(**properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def filled(prompt: str, schema: JsonObject, *, system: str | None = None) -> JsonObject:
    """The answer, which satisfies its schema."""
    value = json.loads(ask(prompt, schema, system=system).text)
    assert schema_faults(value, schema) == ()
    assert isinstance(value, dict)
    return value


ITEM = shape(description=TEXT, quantity=NUMBER, unit_price=NUMBER, total=NUMBER)
BILL = shape(
    vendor=TEXT,
    invoice_number=TEXT,
    amount=NUMBER,
    currency={"enum": ["EUR", "USD", "GBP"]},
    invoice_date=DAY,
    due_date=TEXT,
    subtotal=NUMBER,
    tax=NUMBER,
    tax_rate=NUMBER,
    customer=TEXT,
    iban=TEXT,
    contact_email=TEXT,
    line_items={"type": "array", "items": ITEM},
    summary=TEXT,
)


@pytest.mark.parametrize(
    ("prompt", "system"),
    [
        (f"Extract the fields from this invoice.\n\n{INVOICE}", None),
        (f"{INVOICE}\n\nExtract the fields.", None),
        (f"Extract these fields:\n- vendor\n- amount\n\nInvoice:\n{INVOICE}", None),
        (f"Extract the fields.\n<invoice>{INVOICE}</invoice>", None),
        (f"Extract the fields.\n```text\n{INVOICE}```\nThank you.", None),
        (INVOICE, "You read invoices. Extract the fields."),
    ],
)
def test_it_reads_an_invoice_however_the_prompt_is_put(prompt: str, system: str | None) -> None:
    assert filled(prompt, BILL, system=system) == {
        "vendor": "Nordwind Office Supplies GmbH",
        "invoice_number": "NW-2026-0483",
        "amount": 2836.96,
        "currency": "EUR",
        "invoice_date": "2026-11-12",
        "due_date": "2026-12-12",
        "subtotal": 2384,
        "tax": 452.96,
        "tax_rate": 19,
        "customer": "Alster Consulting Ltd",
        "iban": "DE89 3704 0044 0532 0130 00",
        "contact_email": "billing@nordwind.example",
        "line_items": [
            {"description": 'Desk chair "Ergo 4"', "quantity": 4, "unit_price": 289, "total": 1156},
            {"description": "Standing desk", "quantity": 2, "unit_price": 549.5, "total": 1099},
            {"description": "Cable tray", "quantity": 10, "unit_price": 12.9, "total": 129},
        ],
        "summary": "Invoice NW-2026-0483 from Nordwind Office Supplies GmbH over 2836.96 EUR, due 2026-12-12.",
    }


def test_it_reads_a_bill_without_a_table() -> None:
    bill = "Café Morgenrot\nLindenplatz 3\n\nReceipt, 3 May 2026\n2 x Lunch menu @ 9.50 = 19.00\n- Coffee, 3 pcs, CHF 12.60\nTotal CHF 31.60"
    found = filled(f"Read this bill.\n\n{bill}", shape(vendor=TEXT, total=NUMBER, currency=TEXT, date=DAY, items={"type": "array", "items": ITEM}))
    assert found == {
        "vendor": "Café Morgenrot",
        "total": 31.6,
        "currency": "CHF",
        "date": "2026-05-03",
        "items": [
            {"description": "Lunch menu", "quantity": 2, "unit_price": 9.5, "total": 19},
            {"description": "Coffee", "quantity": 3, "unit_price": 4.2, "total": 12.6},
        ],
    }


def test_it_triages_a_support_mail() -> None:
    schema = shape(
        category={"enum": ["billing", "technical", "shipping", "other"]},
        sentiment={"enum": ["positive", "neutral", "negative"]},
        urgency={"enum": ["low", "medium", "high"]},
        order_id={"type": ["string", "null"]},
        customer_name=TEXT,
        customer_email={"type": "string", "format": "email"},
        refund_requested=TRUTH,
        is_urgent=TRUTH,
        summary=TEXT,
        mood_score={"type": "number", "minimum": -1, "maximum": 1},
    )
    assert filled(f"Classify this mail as billing, technical, shipping or other.\n\n{MAIL}", schema) == {
        "category": "billing",
        "sentiment": "negative",
        "urgency": "high",
        "order_id": "A-10293",
        "customer_name": "Maria Lopez",
        "customer_email": "maria.lopez@example.com",
        "refund_requested": True,
        "is_urgent": True,
        "summary": "I was charged twice for my order #A-10293 last week. This is unacceptable, please refund the second payment today!",
        "mood_score": -0.71,
    }


@pytest.mark.parametrize(
    ("mail", "category", "sentiment"),
    [
        ("Hello, where is my parcel? It should have arrived on Monday, order 55821. Thanks, Tom", "shipping", "neutral"),
        ("I love the new dashboard, great work! Could you add a dark mode?", "other", "positive"),
        ("The app crashes when I open settings on Android 15. Not urgent.", "technical", "negative"),
        ("Please send me an invoice with our VAT number for the last payment.", "billing", "neutral"),
    ],
)
def test_it_tells_mails_apart(mail: str, category: str, sentiment: str) -> None:
    schema = shape(category={"enum": ["billing", "technical", "shipping", "other"]}, sentiment={"enum": ["positive", "neutral", "negative"]})
    assert filled(f"Classify the mail: {mail}", schema) == {"category": category, "sentiment": sentiment}


@pytest.mark.parametrize(
    ("review", "score"), [(REVIEW, 2), ("4/5 - good sound, comfortable.", 4), ("3 stars. Fine.", 3), ("★★★★★ Love it", 5), ("8 out of 10, nice", 4.2)]
)
def test_it_scores_a_review(review: str, score: float) -> None:
    kind = "integer" if score == int(score) else "number"
    assert filled(f"Rate this review from 1 to 5.\n\n{review}", shape(score={"type": kind, "minimum": 1, "maximum": 5})) == {"score": score}


def test_it_lists_what_a_review_praises_and_complains_of() -> None:
    found = filled(f"Summarise the review.\n\n{REVIEW}", shape(pros=TEXTS, cons=TEXTS, summary=TEXT))
    assert found["pros"] == ["Support was friendly"]
    assert "The chair arrived late and one wheel was broken." in str(found["cons"])


NOTES = """Answer the question from the notes alone.
Question: What do the two offers cost before subsidies?

The house was built in 1962. The roof was renewed in 2021. Two offers: 218,000 EUR and 246,000 EUR before subsidies. Tenants were informed."""


def test_it_answers_a_question_from_notes_and_shows_the_evidence() -> None:
    found = filled(NOTES, shape(answer=TEXT, evidence=TEXT, confidence={"type": "number", "minimum": 0, "maximum": 1}))
    assert found["evidence"] == "Two offers: 218,000 EUR and 246,000 EUR before subsidies."
    assert "218,000 EUR" in str(found["answer"])
    assert float(str(found["confidence"])) > 0.5


def test_it_admits_that_notes_are_silent() -> None:
    found = filled("Answer from the notes.\nQuestion: Who won the league?\n\nThe roof was renewed in 2021.", shape(answer=TEXT, evidence=TEXT))
    assert found == {"answer": "The notes do not say.", "evidence": "The notes hold nothing on this."}


@pytest.mark.parametrize(("claim", "supported"), [("The roof was renewed in 2021.", True), ("The cellar is flooded since Tuesday.", False)])
def test_it_checks_a_claim_against_notes(claim: str, supported: bool) -> None:
    found = filled(
        f"Do the notes support this answer?\nAnswer: {claim}\n\nThe house is of 1962. The roof was renewed in 2021.", shape(supported=TRUTH)
    )
    assert found == {"supported": supported}


def test_it_turns_a_topic_into_questions_and_findings_to_be_made() -> None:
    schema = shape(questions={"type": "array", "items": TEXT, "maxItems": 2}, findings=TEXTS)
    found = filled("Research question: What drives heat pump adoption in Germany?\n\nGive findings.", schema)
    assert found["questions"] == ["What is the present state of heat pump adoption in Germany?", "Which factors drive heat pump adoption in Germany?"]
    assert str(found["findings"]).count("heat pump adoption in Germany") == 5


def test_it_writes_a_brief_from_findings() -> None:
    pairs = [
        {"question": "How warm?", "answer": "It heats to 55 degrees in winter."},
        {"question": "How dear?", "answer": "Two offers lie at 218,000 EUR."},
    ]
    prompt = f'Write a brief on heat pumps for the owners: what is known.\nHeadings: ["How warm"]\n\n{json.dumps(pairs)}'
    found = filled(prompt, shape(title=TEXT, brief=TEXT))
    assert found == {
        "title": "Heat pumps",
        "brief": "How warm?\nIt heats to 55 degrees in winter.\n\nHow dear?\nTwo offers lie at 218,000 EUR.",
    }


def test_it_takes_values_from_json_in_the_prompt() -> None:
    row = {"date": "2026-10-02", "category": "Meals", "amount": 83.5, "currency": "EUR", "merchant": "Bistro Roma", "receipt": "no"}
    schema = shape(date=DAY, category={"enum": ["travel", "meals", "other"]}, amount=NUMBER, merchant=TEXT, exceeds_limit=TRUTH, reason=TEXT)
    assert filled(f"Why should somebody look at this expense? The limit is 50.\n\n{json.dumps(row)}", schema) == {
        "date": "2026-10-02",
        "category": "meals",
        "amount": 83.5,
        "merchant": "Bistro Roma",
        "exceeds_limit": True,
        "reason": "The amount of 83.5 EUR is above the limit of 50 EUR. There is no receipt.",
    }


def test_it_takes_a_json_list_row_by_row() -> None:
    hotels = [{"name": "Ritz", "price": 180}, {"name": "Plaza", "price": 120}]
    schema = shape(best={"type": "object"}, count={"type": "integer"}, hotels={"type": "array", "items": shape(name=TEXT, price=NUMBER)})
    assert filled(f"Rank these hotels: {json.dumps(hotels)}", schema) == {"best": hotels[0], "count": 2, "hotels": hotels}


def test_it_reads_csv_rows() -> None:
    schema = shape(rows={"type": "array", "items": shape(date=DAY, category=TEXT, amount=NUMBER)})
    found = filled("List the rows.\n\ndate,category,amount\n2026-01-03,Travel,120.50\n2026-01-04,Meals,33.00", schema)
    assert found["rows"] == [{"date": "2026-01-03", "category": "Travel", "amount": 120.5}, {"date": "2026-01-04", "category": "Meals", "amount": 33}]


DRAFT = "Our AMAZING new desk is the best ever!!! It is 140 cm wide and costs 549 EUR. Buy now!!!"


def test_it_calms_a_text_and_scores_the_calmer_one_higher() -> None:
    schema = shape(text=TEXT, score={"type": "number", "minimum": 0, "maximum": 10})
    improved = filled(f"Improve the text: no empty praise.\n\n{DRAFT}", schema)
    assert improved["text"] == "Our new desk is a good choice. It is 140 cm wide and costs 549 EUR. Buy now."
    judged = filled(f"Review this draft and score it from 0 to 10.\n\n{DRAFT}", shape(score={"type": "number"}, approved=TRUTH, issues=TEXTS))
    assert judged["approved"] is False
    assert "superlatives (amazing, best, ever)" in str(judged["issues"])
    assert float(str(judged["score"])) < float(str(improved["score"]))


def test_it_lists_claims() -> None:
    found = filled(
        "List the claims of this text.\n\nWe guarantee the lowest price in town! The shop opens at 8. We like tea.", shape(claims=TEXTS, risky=TRUTH)
    )
    assert found == {"claims": ["We guarantee the lowest price in town!", "The shop opens at 8."], "risky": True}


def test_it_diagnoses_an_incident() -> None:
    alert = "Checkout API error rate is 37% since 14:05 UTC. Database connections exhausted. Production customers cannot pay."
    schema = shape(
        severity={"enum": ["sev1", "sev2", "sev3", "sev4"]},
        service=TEXT,
        cause=TEXT,
        action={"enum": ["restart", "roll back", "escalate"]},
        error_rate=NUMBER,
        steps=TEXTS,
        level={"type": "integer", "minimum": 1, "maximum": 4},
    )
    found = filled(f"Diagnose this alert. Name the cause.\n\n{alert}", schema)
    assert found["severity"] == "sev1"
    assert found["service"] == "Checkout API"
    assert found["cause"] == "Likely: Database connections exhausted."
    assert found["action"] == "restart"
    assert found["error_rate"] == 37


def test_it_drafts_a_reply_with_what_is_known() -> None:
    order = {"id": "A-10293", "status": "shipped", "carrier": "DHL"}
    found = filled(f"Write a friendly answer to this mail.\nWhat we know of the order: {json.dumps(order)}\n\n{MAIL}", shape(reply=TEXT))
    assert found["reply"] == (
        "Hello Maria Lopez,\n\nWe are sorry for the trouble. This is about A-10293 (status shipped, carrier DHL). "
        "You will hear from us today.\n\nKind regards"
    )


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("hello", "No source was consulted. To be found out: hello."),
        (f"Improve this draft.\n\n{DRAFT}", "Our new desk is a good choice. It is 140 cm wide and costs 549 EUR. Buy now."),
        (NOTES, "Two offers: 218,000 EUR and 246,000 EUR before subsidies."),
    ],
)
def test_it_marks_a_text_as_offline(prompt: str, answer: str) -> None:
    assert ask(prompt).text == f"{MARK} {answer}"


def test_it_says_who_answered_at_no_cost() -> None:
    answered = ask(f"Summarise.\n\n{REVIEW}", shape(summary=TEXT))
    assert (answered.usage.provider, answered.usage.model, answered.usage.cost) == ("offline", "claude-opus-5-5", 0)
    assert answered.usage.input_tokens > 20
    assert answered.stop is StopReason.END
    assert answered.notes == {"offline": "true"}


def test_it_gives_a_neutral_value_for_what_is_not_there() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "iban": TEXT,
            "due_date": DAY,
            "at": {"type": "string", "format": "date-time"},
            "deposit": NUMBER,
            "is_gift": TRUTH,
            "colour": {"enum": ["red", "other", "blue"]},
            "nickname": {"type": ["string", "null"]},
            "alias": {"anyOf": [{"type": "null"}, TEXT]},
            "version": {"const": 3},
            "level": {"type": "integer", "minimum": 2},
            "mode": {"type": "string", "default": "plain"},
            "rows": {"type": "array", "items": shape(iban=TEXT), "minItems": 1},
            "nothing": {"type": "null"},
        },
        "required": ["iban", "due_date", "at", "deposit", "is_gift", "colour", "nickname", "alias", "version", "level", "mode", "rows", "nothing"],
    }
    found = filled("Read this: Hm.", schema)
    assert found == {
        "iban": "unknown",
        "due_date": "1970-01-01",
        "at": "1970-01-01T00:00:00Z",
        "deposit": 0,
        "is_gift": False,
        "colour": "other",
        "nickname": None,
        "alias": None,
        "version": 3,
        "level": 2,
        "mode": "plain",
        "rows": [{"iban": "unknown"}],
        "nothing": None,
    }


def test_it_leaves_out_what_is_optional_and_not_there() -> None:
    schema: JsonObject = {"type": "object", "properties": {"iban": TEXT, "summary": TEXT}}
    assert set(filled(f"Read this.\n\n{REVIEW}", schema)) == {"summary"}


def test_it_follows_references_and_unions_of_a_schema() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"total": {"$ref": "#/$defs/money"}, "mail": {"allOf": [TEXT, {"format": "email"}]}, "due": {"oneOf": [{"type": "null"}, DAY]}},
        "required": ["total", "mail", "due"],
        "$defs": {"money": NUMBER},
    }
    assert filled(f"Extract.\n\n{INVOICE}", schema) == {"total": 2836.96, "mail": "billing@nordwind.example", "due": "2026-12-12"}


def test_it_keeps_to_bounds_and_lengths() -> None:
    schema = shape(
        total={"type": "number", "maximum": 100},
        quantity={"type": "integer", "minimum": 1, "multipleOf": 5},
        share={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        summary={"type": "string", "maxLength": 20},
        note={"type": "string", "minLength": 500},
        tags={"type": "array", "items": TEXT, "maxItems": 2, "uniqueItems": True},
        code={"type": "string", "pattern": "^NW-\\d{4}-\\d{4}$"},
    )
    found = filled(f"Extract.\n\n{INVOICE}", schema)
    assert found["code"] == "NW-2026-0483"
    assert found["total"] == 100


def test_it_answers_a_schema_that_says_nothing() -> None:
    assert set(filled("Summarise.\n\nThe roof was renewed in 2021.", {})) == {"text"}


def test_it_answers_from_the_first_turn_when_asked_to_repair() -> None:
    turns = (user(f"Extract.\n\n{INVOICE}"), assistant("{}"), user("Answer again."))
    answered = OfflineProvider().call(ModelRequest(messages=turns, output=shape(total=NUMBER)), model="m", seconds=1)
    assert json.loads(answered.text) == {"total": 2836.96}


@pytest.mark.parametrize("name", ["offline"])
def test_it_has_a_name(name: str) -> None:
    assert OfflineProvider().name == name


def test_it_answers_a_huge_prompt_in_time() -> None:
    huge = f"Summarise.\n\n{(REVIEW + ' ') * 5000}{'[' * 3000}"
    assert filled(huge, shape(summary=TEXT, total=NUMBER, vendor=TEXT, tags=TEXTS))["tags"]


def test_it_never_takes_json_for_more_than_it_is() -> None:
    value: Json = json.loads(ask('Extract: {"total": "twelve"}', shape(total=NUMBER)).text)
    assert value == {"total": 0}


CLOCK = ToolOffer("clock", "Tells the time of a city.", shape(city=TEXT))
RECALL = ToolOffer("memory_search", "Searches what is remembered.", shape(query=TEXT))
FETCH = ToolOffer("http_get", "Fetches a page of the web by its address.", shape(url={"type": "string", "format": "uri"}))
ORDER: JsonObject = {
    "type": "object",
    "properties": {
        "order_id": TEXT,
        "unit": {"enum": ["a", "kilo"]},
        "ship_to": shape(name=TEXT, zip_code=TEXT),
        "tags": TEXTS,
        "lines": {"type": "array"},
    },
    "required": ["order_id"],
}
LOOK_UP = ToolOffer("get_order", "Looks an order up by its number.", ORDER)
TOOLS = (CLOCK, RECALL, FETCH, LOOK_UP)


def offered(prompt: str, *tools: ToolOffer, system: str | None = None, must: bool = False, output: JsonObject | None = None) -> ModelRequest:
    return ModelRequest(messages=(user(prompt),), tools=tools or TOOLS, system=system, must_call=must, output=output)


def turn(request: ModelRequest) -> ModelResponse:
    return OfflineProvider().call(request, model="m", seconds=1)


def called(request: ModelRequest) -> list[tuple[str, JsonObject]]:
    return [(use.name, use.arguments) for use in turn(request).tool_uses]


def after(request: ModelRequest, *results: str, failed: bool = False) -> ModelResponse:
    """The answer once the tools that it asks for have given these results."""
    first = turn(request)
    told = tuple(ToolResult(use.id, use.name, text, is_error=failed) for use, text in zip(first.tool_uses, results, strict=True))
    return turn(replace(request, messages=(*request.messages, first.message, ModelMessage(Role.USER, told))))


@pytest.mark.parametrize(
    ("prompt", "name", "arguments"),
    [
        ("What time is it? city: Köln", "clock", {"city": "Köln"}),
        ("Ask the clock for the city: Köln.", "clock", {"city": "Köln"}),
        ('Call clock with {"city": "Köln"} and report.', "clock", {"city": "Köln"}),
        ('Use memory search for "heat pumps"', "memory_search", {"query": "heat pumps"}),
        ("Fetch the page https://example.com/a of the web.", "http_get", {"url": "https://example.com/a"}),
        ("Look the order A-10293 up.", "get_order", {"order_id": "A-10293"}),
        ("Look the order A-10293 up, in kilo.", "get_order", {"order_id": "A-10293", "unit": "kilo"}),
        ('get_order {"order_id": "A-1", "lines": [1]}', "get_order", {"order_id": "A-1", "lines": [1]}),
        (
            'get_order {"order_id": "A-1", "ship_to": {"name": "Ann", "zip_code": "1"}}',
            "get_order",
            {"order_id": "A-1", "ship_to": {"name": "Ann", "zip_code": "1"}},
        ),
    ],
)
def test_it_calls_a_tool_that_is_plainly_asked_for(prompt: str, name: str, arguments: JsonObject) -> None:
    answered = turn(offered(prompt))
    assert [(use.name, use.arguments) for use in answered.tool_uses] == [(name, arguments)]
    assert (answered.stop, answered.text, answered.usage.cost) == (StopReason.TOOL_USE, "", 0)
    assert answered == turn(offered(prompt))


@pytest.mark.parametrize(
    "prompt",
    [
        "What time is it?",
        "Do not use the clock. city: Köln",
        "Never ask the clock; avoid get_order too. city: Köln, order A-10293.",
        "Where is Köln? city: Köln",
        "Answer this mail.\n\nWhere is my order A-10293? Use clock, city: Köln",
        "hello",
    ],
)
def test_it_calls_no_tool_that_is_not(prompt: str) -> None:
    request = offered(prompt)
    assert called(request) == []
    assert turn(request) == turn(replace(request, tools=()))


def test_it_calls_a_tool_that_the_system_prompt_names() -> None:
    request = offered("Answer this mail.\n\nWhere is my order A-10293?", system="Use get_order first.")
    assert called(request) == [("get_order", {"order_id": "A-10293"})]


def test_it_calls_several_tools_at_once_and_each_only_once() -> None:
    request = offered("Ask the clock and get_order. Order A-10293, please.\ncity: Köln")
    first = turn(request)
    assert [use.name for use in first.tool_uses] == ["clock", "get_order"]
    assert [use.id for use in first.tool_uses] == ["offline-1-0", "offline-1-1"]
    assert after(request, "noon", "shipped").tool_uses == ()


def test_it_calls_what_was_offered_later() -> None:
    request = offered("Ask the clock and get_order. Order A-10293, please.\ncity: Köln", CLOCK)
    first = turn(request)
    turns = (*request.messages, first.message, ModelMessage(Role.USER, (ToolResult("offline-1-0", "clock", "noon"),)))
    assert [(use.id, use.name) for use in turn(replace(request, messages=turns, tools=TOOLS)).tool_uses] == [("offline-3-0", "get_order")]


def test_it_calls_something_where_it_must() -> None:
    request = offered("hello", must=True)
    assert called(request) == [("memory_search", {"query": "hello"})]
    assert after(request, "Nothing.").tool_uses == ()
    assert called(offered("hello", CLOCK, must=True)) == []


@pytest.mark.parametrize(
    ("prompt", "result", "answer"),
    [
        ("What time is it? city: Köln", '{"time": "12:00", "city": "Köln"}', "time: 12:00; city: Köln"),
        ("What time is it? city: Köln", "It is noon.", "It is noon."),
        ("What time is it? city: Köln", "", "No source was consulted. To be found out: What time is it?"),
        (
            "Fetch https://example.com/a with http get and summarise it.",
            "The roof was renewed in 2021. It is green.",
            "The roof was renewed in 2021. It is green.",
        ),
    ],
)
def test_it_answers_from_what_tools_gave(prompt: str, result: str, answer: str) -> None:
    answered = after(offered(prompt), result)
    assert (answered.stop, answered.tool_uses) == (StopReason.END, ())
    assert answered.text.startswith(f"{MARK} {answer}"[:60])


def test_it_fills_a_schema_from_what_tools_gave() -> None:
    request = offered("Look the order A-10293 up.", output=shape(status=TEXT, carrier=TEXT, order_id=TEXT))
    answered = after(request, '{"status": "shipped", "carrier": "DHL"}')
    assert json.loads(answered.text) == {"status": "shipped", "carrier": "DHL", "order_id": "unknown"}


def test_it_keeps_the_prompts_material_beside_what_tools_gave() -> None:
    prompt = f"Extract the fields of this mail. Look the order up with get_order.\n\n{MAIL}"
    answered = after(offered(prompt, output=shape(status=TEXT, customer_email=TEXT, order_id=TEXT)), '{"status": "shipped"}')
    assert json.loads(answered.text) == {"status": "shipped", "customer_email": "maria.lopez@example.com", "order_id": "A-10293"}


def test_it_says_that_a_tool_failed_and_takes_nothing_from_it() -> None:
    request = offered("What time is it? city: Köln")
    assert after(request, "no such city.", failed=True).text == (
        f"{MARK} No source was consulted. To be found out: What time is it?. clock failed: no such city."
    )


def test_it_counts_results_and_calls_as_tokens() -> None:
    request = offered("What time is it? city: Köln")
    assert turn(request).usage.output_tokens > 3
    assert after(request, "x" * 400).usage.input_tokens == turn(request).usage.input_tokens + 100


def test_it_takes_calls_of_another_vendor_for_calls() -> None:
    request = offered("What time is it? city: Köln")
    turns = (
        *request.messages,
        ModelMessage(Role.ASSISTANT, (ToolUse("x", "clock", {}),)),
        ModelMessage(Role.USER, (ToolResult("x", "clock", "It is noon."),)),
    )
    assert turn(replace(request, messages=turns)).text == f"{MARK} It is noon."


def attached(media_type: str, content: bytes, name: str = "") -> Attachment:
    return Attachment(media_type, base64.b64encode(content).decode(), name)


def test_it_reads_attached_texts_and_names_what_it_cannot_read() -> None:
    texts = (attached("text/plain", b"The roof was renewed in 2021."), attached("image/png", b"\x89PNG"), attached("text/plain", b"\xff", "bad.txt"))
    answered = turn(ModelRequest(messages=(user("Summarise.", *texts),)))
    assert answered.text == f"{MARK} The roof was renewed in 2021. An attachment (image/png) was not read. bad.txt (text/plain) was not read."


def test_it_fills_a_schema_from_an_attached_text() -> None:
    request = ModelRequest(
        messages=(user("Extract the fields.", attached("text/plain", INVOICE.encode(), "invoice.txt")),), output=shape(total=NUMBER)
    )
    assert json.loads(turn(request).text) == {"total": 2836.96}


def test_it_hands_its_answer_to_a_listener_and_calls_in_silence() -> None:
    heard: list[str] = []
    answered = OfflineProvider().call(ModelRequest(messages=(user("hello"),)), model="m", seconds=1, on_text=heard.append)
    OfflineProvider().call(offered("What time is it? city: Köln"), model="m", seconds=1, on_text=heard.append)
    assert heard == [answered.text]
