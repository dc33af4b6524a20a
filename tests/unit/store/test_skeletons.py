"""What stays of a value beside its pointer: fields, and skeletons of lists."""

import pytest

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.skeletons import kept, paths_of, skeletons
from chalicelib.store.walk import listed, walk

ROWS: Json = [{"name": "a", "lines": [{"n": 1}, {"n": 2}], "long": "x"}, {"name": "b"}, 3]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (["best.name", "*"], {()}),
        (["rows[]", "rows[].name"], {("rows", "[]"), ("rows", "[]", "name")}),
        (["[]", "[].name"], {("[]",), ("[]", "name")}),
        (["rows", "rows[]", "rows[].name", "other"], {("rows",), ("other",)}),
        (["rows[].lines[]"], {("rows", "[]", "lines", "[]")}),
    ],
)
def test_it_reads_paths_and_leaves_out_those_within_a_whole_value(keep: list[str], expected: set[tuple[str, ...]]) -> None:
    assert set(paths_of(keep)) == expected


def test_it_keeps_a_list_that_is_iterated_as_its_length() -> None:
    assert skeletons({"rows": ROWS}, paths_of(["rows[]"])) == {"rows": 3}
    assert skeletons(ROWS, paths_of(["[]"])) == {"*": 3}


def test_it_keeps_what_is_read_of_each_item() -> None:
    assert skeletons({"a": {"rows": ROWS}}, paths_of(["a.rows[]", "a.rows[].name"])) == {"a.rows": [{"name": "a"}, {"name": "b"}, {}]}


def test_it_keeps_lists_within_items() -> None:
    found = skeletons({"rows": ROWS}, paths_of(["rows[].lines[].n", "rows[].name"]))
    assert found == {"rows": [{"name": "a", "Pointer": {"lists": {"lines": [{"n": 1}, {"n": 2}]}}}, {"name": "b"}, {}]}


def test_it_keeps_an_item_that_is_a_pointer_record_as_it_is() -> None:
    record: Json = {"Pointer": {"key": "org/x"}, "name": "a"}
    assert skeletons([record, {"name": "b", "more": 1}], paths_of(["[].name"])) == {"*": [record, {"name": "b"}]}


def test_it_keeps_no_skeleton_of_a_list_that_is_not_there_and_one_item_of_a_single_value() -> None:
    assert skeletons({"rows": None, "one": 5}, paths_of(["rows[]", "none[]", "one[]"])) == {"one": 1}


def test_it_keeps_fields_of_a_list_in_place() -> None:
    value: JsonObject = {"rows": ROWS, "best": {"name": "Ritz", "stars": 5}}
    assert kept(value, paths_of(["rows.name", "rows.lines", "best.name", "rows[]"])) == {
        "rows": [{"name": "a", "lines": [{"n": 1}, {"n": 2}]}, {"name": "b"}, {}],
        "best": {"name": "Ritz"},
    }
    assert kept({"rows": "no list"}, paths_of(["rows.name"])) == {}


def test_it_keeps_of_a_value_that_is_a_list_what_its_items_have() -> None:
    value: Json = [{"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"d": 4}]
    assert kept(value, paths_of(["a.b", "a.c", "none"])) == {"a": {"b": [1, 3], "c": 2}}
    assert kept([{"a": 1}, {"a": {"b": 2}}], paths_of(["a", "a.b"])) == {"a": [1, {"b": 2}]}


def test_a_walk_follows_what_stands_for_something_else() -> None:
    behind: JsonObject = {"a": [{"b": 1}, {"b": 2}]}

    def follow(value: Json) -> Json:
        return behind[value] if isinstance(value, str) else value

    assert walk({"first": "a"}, ("first", 1, "b"), follow=follow) == 2
    assert walk([{"first": "a"}], ("first", "b"), follow=follow) == [1, 2]
    assert walk({"first": "a"}, ("first",), follow=follow) == "a"


def test_a_list_is_what_a_map_iterates() -> None:
    assert (listed([1]), listed(None), listed({"a": 1}), listed(0)) == ([1], [], [{"a": 1}], [0])
