"""Where pointer records may stand, and what the engine reads of what they stand for."""

from collections.abc import Mapping

import pytest

from chalicelib.compiler.code import CONTEXT, ENVELOPE, Key
from chalicelib.compiler.collecting import is_collected
from chalicelib.compiler.holdings import EACH, Holdings, Path, along, followed, is_whole, texts_of
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Map
from tests.factories.graphs import graph_of

WORK: JsonObject = {"type": "agent_call", "prompt": "x"}


def holdings(nodes: Mapping[str, JsonObject]) -> Holdings:
    return Holdings.of(graph_of({"work": WORK, **nodes}))


def transform(value: Json) -> JsonObject:
    return {"type": "transform", "value": value, "after": ["work"]}


def a_map(over: Json, **fields: Json) -> JsonObject:
    return {"type": "map", "over": over, "nodes": {"inner": WORK, "other": WORK}, "after": ["work"], **fields}


def output(name: str) -> Key:
    return Key("output", name)


def item(name: str) -> Key:
    return Key("item", name)


@pytest.mark.parametrize(
    ("value", "spots"),
    [
        ("$work", {()}),
        ("$work.text", set()),
        ({"a": ["$work", 1], "b": {"c": "$context"}}, {("a", EACH), ("b", "c")}),
        ("text {{ $work }}", set()),
        ("{% true ? $work : 1 %}", {("?",)}),
        ("{% $work = null %}", set()),
        ("{% null != $work %}", set()),
        ("{% $type($work) %}", set()),
        ("{% ($x := $work; $x) %}", {("?",)}),
        ("{% $count($work) %}", set()),
        (1, set()),
    ],
)
def test_a_transform_holds_what_it_moves(value: Json, spots: set[Path]) -> None:
    assert holdings({"t": transform(value)}).spots(output("t")) == spots


def test_the_run_holds_no_pointer_and_its_input_may_be_one() -> None:
    found = holdings({})
    assert [set(found.spots(key)) for key in (CONTEXT, ENVELOPE, output("work"))] == [{()}, set(), {()}]


@pytest.mark.parametrize(
    ("over", "spots"),
    [
        ("$work.rows", {()}),
        ("$work", {()}),
        ("$context.list", {()}),
        ("$work.`a-b`", set()),
        ("$work.rows[0]", set()),
        ("$work.rows[x = 1]", set()),
        ("$held.a.rows", {()}),
        ("$held.b", set()),
        ([{"a": "$work"}, "$work", 1], {(), ("a",)}),
    ],
)
def test_an_item_may_be_a_pointer_where_its_list_may_lie_in_s3(over: Json, spots: set[Path]) -> None:
    found = holdings({"held": transform({"a": "$work", "b": 1}), "m": a_map(over, after=["held"])})
    assert found.spots(item("m")) == spots


@pytest.mark.parametrize(
    ("fields", "spots"),
    [
        ({"output": "$inner"}, {(EACH,)}),
        ({"output": "$inner.text"}, {(EACH,)}),
        ({"output": {"a": "$inner.text", "b": "$inner", "c": "$item", "d": 1}}, {(EACH, "a"), (EACH, "b"), (EACH, "c")}),
        ({}, {(EACH, "inner"), (EACH, "other")}),
        ({"nodes": {"inner": WORK}}, {(EACH,)}),
        ({"output": "$inner", "mode": "distributed"}, {(), (EACH,)}),
        ({"output": "$inner", "mode": "distributed", "max_items": 40}, {(EACH,)}),
    ],
)
def test_a_map_holds_what_its_items_put_out(fields: JsonObject, spots: set[Path]) -> None:
    assert holdings({"m": a_map("$work.rows", **fields)}).spots(output("m")) == spots


def test_an_item_of_an_item_may_be_a_pointer() -> None:
    inner: JsonObject = {"type": "map", "over": "$row.lines", "as": "line", "nodes": {"deep": WORK}}
    found = holdings({"m": {"type": "map", "over": "$work.rows", "as": "row", "nodes": {"n": inner}, "after": ["work"]}})
    assert found.spots(item("n")) == {()}


def test_items_of_a_map_s_output_are_what_that_map_put_out() -> None:
    first = a_map("$work.rows", output={"a": "$inner"})
    second: JsonObject = {"type": "map", "over": "$m", "as": "again", "nodes": {"deep": WORK}, "after": ["m"]}
    assert holdings({"m": first, "n": second}).spots(item("n")) == {("a",)}


@pytest.mark.parametrize(
    ("path", "spot", "left"),
    [
        (("a", "b"), ("a",), (("b",), ())),
        (("a",), ("a", "b"), ((), ("b",))),
        (("a",), (EACH, "a"), ((), ())),
        ((EACH, "a"), ("a",), ((), ())),
        (("a",), ("b",), None),
        (("a",), ("?",), (("a",), ("?",))),
    ],
)
def test_it_walks_a_path_along_a_spot(path: Path, spot: Path, left: tuple[Path, Path] | None) -> None:
    assert along(path, spot) == left


@pytest.mark.parametrize(
    ("value", "read", "needed"),
    [
        ("$work", {("a", "b")}, {("a", "b")}),
        ("$work", {()}, {()}),
        ({"t": "$work", "u": 1}, {("t", "a")}, {("a",)}),
        ({"t": "$work", "u": 1}, {("u",)}, set()),
        ({"t": "$work", "u": 1}, {()}, {()}),
        (["$work"], {("a",)}, {("a",)}),
        (["$work"], {(EACH,)}, set()),
        ("{% true ? $work : 1 %}", {("a",)}, {()}),
    ],
)
def test_what_is_read_of_a_transform_is_read_of_what_it_holds(value: Json, read: set[Path], needed: set[Path]) -> None:
    found = followed({output("t"): read}, holdings({"t": transform(value)}))
    assert found.get(output("work"), set()) == needed


@pytest.mark.parametrize(
    ("read", "needed"),
    [({("a",)}, {("rows", EACH, "a")}), ({()}, {("rows",)}), ({("lines", EACH)}, {("rows", EACH, "lines", EACH)})],
)
def test_what_is_read_of_an_item_is_read_of_its_list(read: set[Path], needed: set[Path]) -> None:
    found = followed({item("m"): read}, holdings({"m": a_map("$work.rows")}))
    assert found[output("work")] == needed


def test_a_field_that_goes_on_by_pointer_is_kept_whole_where_a_part_of_it_is_read() -> None:
    made = holdings({"m": a_map("$work.rows", output="$inner.best")})
    assert followed({output("m"): {("name",)}}, made)[output("inner")] == {("best",), ("best", "name")}
    assert followed({output("inner"): {("other",)}}, made)[output("inner")] == {("other",)}


@pytest.mark.parametrize(
    ("paths", "texts"),
    [
        ({()}, ["*"]),
        ({("a", "b"), ("rows", EACH), ("rows", EACH, "c")}, ["a.b", "rows[]", "rows[].c"]),
        ({("rows",), ("rows", EACH), ("rows", EACH, "c")}, ["rows"]),
        ({(EACH,), (EACH, "c", EACH)}, ["[]", "[].c[]"]),
    ],
)
def test_it_tells_a_worker_what_to_keep(paths: set[Path], texts: list[str]) -> None:
    assert texts_of(paths) == texts


def test_a_path_is_whole_where_it_or_what_it_is_in_is_read() -> None:
    assert is_whole({("a",)}, ("a", "b"))
    assert is_whole({()}, ("a",))
    assert not is_whole({("a", EACH), ("a", "b", "c")}, ("a", "b"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mode": "distributed"}, True),
        ({"mode": "inline", "max_items": 5000}, False),
        ({"max_items": 400}, False),
        ({"max_items": 401}, True),
        ({"max_items": 201, "output": {"a": "$x.a", "b": "$x.b"}}, True),
        ({"over": [1, 2], "mode": "distributed"}, False),
        ({"concurrency": 41}, True),
    ],
)
def test_results_are_collected_where_they_may_be_too_many(fields: JsonObject, expected: bool) -> None:
    node = Map.model_validate({"type": "map", "over": "$work", "nodes": {"x": WORK}, **fields})
    assert is_collected(node) is expected
