"""json.pick, text.template, time.now, kv and csv.parse."""

import pytest

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.csv_parse import MAX_COLUMNS
from chalicelib.tools.failures import ArgumentsInvalid, BodyTooLarge
from chalicelib.tools.registry import run_tool
from tests.factories.tool_surroundings import Memory, surroundings

VALUE: Json = {"items": [{"name": "Ritz"}, {"name": "Plaza"}], "a field": {"b.c": 1}, "null": None}


def run(name: str, **arguments: Json) -> JsonObject:
    output = run_tool(name, dict(arguments), surroundings())
    assert isinstance(output, dict)
    return output


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("items[0].name", "Ritz"),
        ("$.items[-1].name", "Plaza"),
        ('["a field"]["b.c"]', 1),
        ("", VALUE),
        ("null", None),
    ],
)
def test_json_pick_finds(path: str, expected: Json) -> None:
    assert run("json.pick", value=VALUE, path=path) == {"value": expected, "found": True}


@pytest.mark.parametrize("path", ["items[2]", "items[-3]", "absent", "items.name", "items[0].name.x", "null.x", "[0]"])
def test_json_pick_gives_the_default_where_nothing_is(path: str) -> None:
    assert run("json.pick", value=VALUE, path=path) == {"value": None, "found": False}
    assert run("json.pick", value=VALUE, path=path, default=7) == {"value": 7, "found": False}


@pytest.mark.parametrize("path", ["items[", "items[x]", "a..b", "a.[0]x]", '["open', "items[1]['name']", "a" + ".a" * 64])
def test_json_pick_refuses_a_path_that_cannot_be_read(path: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="cannot be read at character"):
        run("json.pick", value=VALUE, path=path)


def test_json_pick_reads_a_text_that_holds_json() -> None:
    assert run("json.pick", value='{"a": [1]}', path="a[0]") == {"value": 1, "found": True}
    assert run("json.pick", value="no json", path="") == {"value": "no json", "found": True}


def test_text_template_puts_values_in() -> None:
    template = "Dear {customer.name}, {{braces}} {n} {list.1} {nothing}{object}"
    values: JsonObject = {"customer": {"name": "Zoë"}, "n": 2, "list": ["a", "b"], "nothing": None, "object": {"ü": 1}}
    assert run("text.template", template=template, values=values) == {"text": 'Dear Zoë, {braces} 2 b {"ü":1}'}
    assert run("text.template", template="plain") == {"text": "plain"}


@pytest.mark.parametrize(
    ("template", "why"),
    [("{absent}", "names absent"), ("{}", "names nothing"), ("{a.b}", "names a.b"), ("a { b", "single brace at character 3"), ("}", "single")],
)
def test_text_template_leaves_no_hole(template: str, why: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=why):
        run("text.template", template=template, values={"a": 1})


def test_text_template_has_a_limit() -> None:
    with pytest.raises(BodyTooLarge):
        run("text.template", template="{a}" * 300, values={"a": "x" * 10_000})


def test_time_now_tells_the_present_and_other_times() -> None:
    assert run("time.now") == {
        "at": "2026-05-04T03:02:01Z",
        "date": "2026-05-04",
        "time": "03:02:01",
        "weekday": "monday",
        "epoch_seconds": 1777863721,
    }
    berlin = run("time.now", timezone="Europe/Berlin", plus_seconds=-3600 * 24)
    assert (berlin["at"], berlin["weekday"]) == ("2026-05-03T05:02:01+02:00", "sunday")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"timezone": "Mars/Base"}, "no time zone"), ({"timezone": "../etc"}, "no time zone"), ({"plus_seconds": 1e12}, "years away")],
)
def test_time_now_refuses_what_is_no_time(arguments: JsonObject, why: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=why):
        run("time.now", **arguments)


def test_kv_keeps_values() -> None:
    around = surroundings(memory=Memory())
    assert run_tool("kv.get", {"key": "k", "default": 1}, around) == {"key": "k", "value": 1, "found": False}
    assert run_tool("kv.put", {"key": "k", "value": {"a": None}}, around) == {"key": "k"}
    assert run_tool("kv.get", {"key": "k"}, around) == {"key": "k", "value": {"a": None}, "found": True}


def test_csv_parse_reads_a_table() -> None:
    text = '\ufeffname,amount,code\r\n"Zoë, ""Z""",12.50,007\r\n\r\nBob,-3,\n'
    assert run("csv.parse", text=text) == {
        "columns": ["name", "amount", "code"],
        "rows": [{"name": 'Zoë, "Z"', "amount": 12.5, "code": "007"}, {"name": "Bob", "amount": -3, "code": ""}],
        "count": 2,
    }


@pytest.mark.parametrize(
    ("text", "delimiter"), [("a;b\n1;2", None), ("a\tb\n1\t2", None), ("a|b\n1|2", None), ('"x,y";b\n1;2', None), ("a:b\n1:2", ":")]
)
def test_csv_parse_finds_the_delimiter(text: str, delimiter: str | None) -> None:
    rows = run("csv.parse", text=text, delimiter=delimiter)["rows"]
    assert isinstance(rows, list)
    assert isinstance(rows[0], dict)
    assert list(rows[0].values()) == [1, 2]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1),
        ("0", 0),
        ("-0.5", -0.5),
        ("007", "007"),
        ("1e5", "1e5"),
        ("+49 30", "+49 30"),
        ("1.", "1."),
        ("", ""),
        ("12345678901234567", "12345678901234567"),
    ],
)
def test_csv_parse_makes_numbers_of_plain_numbers_only(cell: str, value: Json) -> None:
    assert run("csv.parse", text=f"a,b\n{cell},x")["rows"] == [{"a": value, "b": "x"}]
    assert run("csv.parse", text=f"a,b\n{cell},x", numbers=False)["rows"] == [{"a": cell, "b": "x"}]


def test_csv_parse_names_columns_that_have_no_name() -> None:
    assert run("csv.parse", text="a,,b\n1,2")["rows"] == [{"a": 1, "c2": 2, "b": None}]
    assert run("csv.parse", text="1,2\n3", header=False) == {"columns": ["c1", "c2"], "rows": [{"c1": 1, "c2": 2}, {"c1": 3, "c2": None}], "count": 2}
    assert run("csv.parse", text="") == {"columns": [], "rows": [], "count": 0}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2,3", "row 1 has 3 cells"),
        ("a,a\n1,2", "column a is there twice"),
        ('a,b\n"open,2', "is no CSV"),
        (",".join(f"x{n}" for n in range(MAX_COLUMNS + 1)), "columns"),
        ("a\n" + "1\n" * 100_001, "more than 100000 rows"),
    ],
)
def test_csv_parse_refuses_what_is_no_table(text: str, why: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=why):
        run("csv.parse", text=text)
