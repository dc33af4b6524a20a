"""Paths into values, as JSONata walks them."""

import pytest
from jsonata import Jsonata

from chalicelib.spec.model import Json
from chalicelib.store.walk import walk
from chalicelib.workers.payload import PayloadInvalid
from chalicelib.workers.values import rendered, rendered_members, rendered_text

VALUE: Json = {
    "a": {"b": [1, 2, 3], "c": None},
    "rows": [{"n": 1, "tags": ["x", "y"]}, {"n": 2}, {"m": 3, "tags": ["z"]}],
    "one": [{"n": 5}],
    "text": "t",
    "nested": [[{"n": 1}], [{"n": 2}]],
}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "$v"),
        (("a", "b"), "$v.a.b"),
        (("a", "c"), "$v.a.c"),
        (("a", "b", 0), "$v.a.b[0]"),
        (("a", "b", -1), "$v.a.b[-1]"),
        (("a", "b", 9), "$v.a.b[9]"),
        (("rows", "n"), "$v.rows.n"),
        (("rows", "tags"), "$v.rows.tags"),
        (("rows", "absent"), "$v.rows.absent"),
        (("one", "n"), "$v.one.n"),
        (("nested", "n"), "$v.nested.n"),
        (("text", "x"), "$v.text.x"),
        (("text", 0), "$v.text[0]"),
        (("absent", "x"), "$v.absent.x"),
    ],
)
def test_it_walks_as_jsonata_does(path: tuple[str | int, ...], text: str) -> None:
    expression = Jsonata(text)
    frame = expression.create_frame()
    frame.bind("v", VALUE)
    assert walk(VALUE, path) == expression.evaluate(None, frame)


def test_it_renders_bindings() -> None:
    values: dict[str, Json] = {"$a": {"b": 1}, "$b": None}
    assert rendered({"x": "$a", "y": ["$b"]}, values) == {"x": {"b": 1}, "y": [None]}
    assert rendered_text("{{ $a }} and {{ $b }}.", values) == '{"b":1} and .'
    assert rendered_members({"x": "$b", "y": 1}, values) == {"x": None, "y": 1}


def test_it_says_what_the_payload_lacks() -> None:
    with pytest.raises(PayloadInvalid, match=r"\$x"):
        rendered("$x", {})
    with pytest.raises(PayloadInvalid, match=r"\$x"):
        rendered_text("{{ $x }}", {})
