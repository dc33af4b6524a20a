"""What Meta would refuse in a message template, and what a person would see of one."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.template_preview import Preview, preview
from chalicelib.channels.template_rules import CODES, Finding, findings
from tests.factories.repository import text

GOOD: Any = {
    "name": "gate_ask_2",
    "language": "pt_BR",
    "category": "UTILITY",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Trip to {{1}}", "example": {"header_text": ["Rome"]}},
        {
            "type": "BODY",
            "text": "Hello {{1}}, somebody asks for your word: shall {{2}} be booked for you now?",
            "example": {"body_text": [["Ada", "Hotel Roma"]]},
        },
        {"type": "FOOTER", "text": "Silence never approves."},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Approve"}, {"type": "QUICK_REPLY", "text": "Reject"}]},
    ],
}
NAMED: Any = {
    **GOOD,
    "parameter_format": "NAMED",
    "components": [
        {
            "type": "BODY",
            "text": "Hello {{who}}, shall {{what}} be booked for you?",
            "example": {"body_text_named_params": [{"param_name": "who", "example": "Ada"}, {"param_name": "what", "example": "Hotel Roma"}]},
        }
    ],
}
URL = {"type": "URL", "text": "Look", "url": "https://example.com/{{1}}", "example": ["a"]}
REPLY = {"type": "QUICK_REPLY", "text": "Yes"}
PHONE = {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+49301234"}


def changed(path: str, value: object) -> Any:
    """The good template with something else in one place: `components.1.text`."""
    template = copy.deepcopy(GOOD)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = template
    for step in way:
        holder = holder[step]
    holder[last] = value
    return template


def body(words: str, *examples: str) -> Any:
    return changed("components.1", {"type": "BODY", "text": words, "example": {"body_text": [list(examples)]}})


def buttons(*told: object) -> Any:
    return changed("components.3.buttons", list(told))


BODY, BUTTONS = "components[1].text", "components[3].buttons"
REFUSED: list[tuple[Any, Finding]] = [
    (changed("name", "Gate-Ask"), Finding("template-name", "name")),
    (changed("name", "a" * 513), Finding("template-name", "name")),
    (changed("language", "English"), Finding("template-language", "language")),
    (changed("category", "SERVICE"), Finding("template-category", "category")),
    (changed("parameter_format", "MIXED"), Finding("template-format", "parameter_format")),
    (changed("components.2", {"type": "CAROUSEL"}), Finding("template-component", "components[2]", "CAROUSEL")),
    (changed("components.2", {"type": "HEADER", "format": "LOCATION"}), Finding("template-component", "components[2]", "HEADER")),
    (changed("components.1.text", " "), Finding("template-body", "components")),
    (body("a" * 1_025), Finding("template-length", BODY, "1025 characters, of 1024")),
    (changed("components.2.text", "😀" * 31), Finding("template-length", "components[2].text", "62 characters, of 60")),
    (buttons({**REPLY, "text": "a" * 26}), Finding("template-length", f"{BUTTONS}[0].text", "26 characters, of 25")),
    (changed("components.0.format", "SONG"), Finding("template-header", "components[0].format", "TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION")),
    (changed("components.0.text", "a\nb"), Finding("template-header", "components[0].text", "at most one variable, no line break")),
    (changed("components.0", {"type": "HEADER", "format": "IMAGE"}), Finding("template-header", "components[0]", "example.header_handle is missing")),
    (changed("components.2.text", "For {{1}} alone"), Finding("template-footer", "components[2].text")),
    (body("Hello {{1}, how are you today?"), Finding("template-braces", BODY)),
    (body("Hello {{a#b}}, how are you today?"), Finding("template-variable", BODY, "a#b")),
    (body("Hello {{who}}, how are you today?"), Finding("template-variable", BODY, "who")),
    (body("Hello {{1}}, how are {{3}} today, and where?", "a", "b", "c"), Finding("template-sequence", BODY, "1, 3")),
    (body("Hello {{2}}, how are you today, and where?", "a", "b"), Finding("template-sequence", BODY, "2")),
    (body("{{1}}, how are you today?", "Ada"), Finding("template-dangling", BODY)),
    (body("How are you today, dear {{1}}", "Ada"), Finding("template-dangling", BODY)),
    (body("Hello {{1}} {{2}}, how are you today and where?", "a", "b"), Finding("template-adjacent", BODY)),
    (body("Hello {{1}} you", "a"), Finding("template-crowded", BODY, "2 words, 1 variables")),
    (body("Hello {{1}}, how are {{2}} today, and where?", "a"), Finding("template-example", "components[1].example", "2")),
    (buttons({"type": "SPIN", "text": "Turn"}), Finding("template-button", f"{BUTTONS}[0].type", "SPIN")),
    (buttons({"type": "URL", "text": "Look"}), Finding("template-button", f"{BUTTONS}[0]", "url")),
    (
        buttons(*({**REPLY, "text": str(number)} for number in range(11))),
        Finding("template-button-count", f"{BUTTONS}[10]", "11 buttons, of 10"),
    ),
    (buttons(*({**URL, "text": each} for each in "abc")), Finding("template-button-count", f"{BUTTONS}[2]", "3 URL, of 2")),
    (buttons(PHONE, {**PHONE, "text": "Ring"}), Finding("template-button-count", f"{BUTTONS}[1]", "2 PHONE_NUMBER, of 1")),
    (buttons(REPLY, URL, {**REPLY, "text": "No"}), Finding("template-button-order", f"{BUTTONS}[2]")),
    (buttons({**URL, "url": "https://example.com/{{1}}/a"}), Finding("template-button-url", f"{BUTTONS}[0].url")),
    (buttons({**URL, "example": []}), Finding("template-button-url", f"{BUTTONS}[0].url")),
    (buttons(REPLY, REPLY), Finding("template-button-text", f"{BUTTONS}[1].text", "Yes")),
]


@pytest.mark.parametrize(
    "template",
    [
        GOOD,
        NAMED,
        buttons(REPLY, {**REPLY, "text": "No"}, URL, PHONE),
        buttons(URL, PHONE, REPLY),
        changed("components.0", {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::a"]}}),
        {"name": "code", "language": "en", "category": "AUTHENTICATION", "components": [{"type": "BODY", "add_security_recommendation": True}]},
    ],
)
def test_it_finds_nothing_in_a_good_template(template: Any) -> None:
    assert findings(template) == ()


@pytest.mark.parametrize(("template", "finding"), REFUSED, ids=[f"{found.code}-{number}" for number, (_, found) in enumerate(REFUSED)])
def test_it_finds_what_meta_would_refuse_and_nothing_else(template: Any, finding: Finding) -> None:
    assert findings(template) == (finding,)


def test_it_has_a_case_and_an_entry_for_every_code() -> None:
    assert {finding.code for _, finding in REFUSED} == set(CODES)
    assert set(re.findall(r"`(template-[a-z-]+)`", text(Path("docs/flows/channels-whatsapp.md")))) == set(CODES)


def test_it_says_what_it_found() -> None:
    assert Finding("template-length", "x", "5 characters, of 4").message == "the text is too long: 5 characters, of 4"
    assert Finding("template-dangling", "x").message == "the text begins or ends with a variable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["BODY", "HEADER", "BUTTONS", "{{1}}", "URL", "TEXT"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "buttons", "url", "example"]), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "language", "category", "parameter_format", "components"]), JSON, max_size=5))
def test_it_never_raises(template: Any) -> None:
    assert {found.code for found in findings(template)} <= set(CODES)
    assert isinstance(preview(template, {}), Preview)


@given(st.lists(st.sampled_from(["{{1}}", "{{2}}", "{{3}}", "word ", "other ", "and ", "{", "}", "\n"]), max_size=12))
def test_it_lets_no_variable_stand_at_an_end_or_next_to_another(pieces: list[str]) -> None:
    words = "".join(pieces)
    if not findings(body(words, "a", "b", "c")):
        assert re.sub(r"\{\{[123]\}\}", "", words).count("{") == 0
        assert re.search(r"^\s*\{\{|\}\}\s*(\{\{|$)", words) is None


# --- previews ---------------------------------------------------------------------------------------------------


def test_it_shows_a_template_with_its_values() -> None:
    assert preview(GOOD, {"1": "Bob", "2": "a room\nat sea"}, header={"1": "Nice"}) == Preview(
        "Trip to Nice",
        "Hello Bob, somebody asks for your word: shall a room at sea be booked for you now?",
        "Silence never approves.",
        ("Approve", "Reject"),
    )


def test_it_shows_examples_where_there_are_no_values() -> None:
    assert preview(NAMED, {"who": "Bob"}).body == "Hello Bob, shall Hotel Roma be booked for you?"


def test_it_says_what_has_neither() -> None:
    found = preview(body("Hello {{1}}, how are {{2}} and {{2}}?", "Ada"), {})
    assert (found.body, found.missing) == ("Hello Ada, how are {{2}} and {{2}}?", ("2",))


def test_it_shows_what_a_header_and_a_button_hold() -> None:
    found = preview(changed("components.0", {"type": "HEADER", "format": "IMAGE"}), {})
    assert found.header == "IMAGE"
    assert preview(buttons({"type": "COPY_CODE", "example": "A1"}), {}).buttons == ("COPY_CODE",)
    assert preview({}, {}) == Preview("", "", "", ())
