"""What may leave a worker."""

import pytest

from chalicelib.workers.failures import OutputNotJson
from chalicelib.workers.outputs import MAX_DEPTH, check_json


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "output", [None, True, 1, 1.5, "text", "ü😀", [], {}, {"a": [1, {"b": None}]}, {"pointer": 1}, {"a": {"Pointer": 3}}, nested(MAX_DEPTH)]
)
def test_it_lets_json_pass(output: object) -> None:
    check_json(output)


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (float("nan"), "not finite"),
        ([float("inf")], "not finite"),
        ({"a": {1, 2}}, "a set"),
        ({"a": b"bytes"}, "a bytes"),
        ((1, 2), "a tuple"),
        ({1: "a"}, "named by a int"),
        ({"a": "\ud800"}, "half a character"),
        ({"\ud800": 1}, "half a character"),
        ({"Pointer": "x"}, "field Pointer"),
        ({"body": {"Pointer": {"key": "org_local/runs/x"}}}, "field Pointer"),
        (object(), "a object"),
        (nested(MAX_DEPTH + 1), "nested more than"),
        (nested(100_000), "nested more than"),
    ],
)
def test_it_refuses_what_is_no_json_or_poses_as_a_pointer(output: object, why: str) -> None:
    with pytest.raises(OutputNotJson, match=why):
        check_json(output)
