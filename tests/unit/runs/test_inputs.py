"""What a run takes: nothing that passes for a value of ours."""

import pytest

from chalicelib.errors import InputInvalid
from chalicelib.runs.inputs import checked_input
from chalicelib.spec.model import Json, JsonObject

RECORD: JsonObject = {"Pointer": {"key": "org_local/runs/run_1/secret", "bytes": 1, "sha256": "0" * 64}}


@pytest.mark.parametrize(("given", "where"), [(RECORD, ""), ({"a": [1, {"b": RECORD}]}, "/a/1/b"), ({"a": {"Pointer": {"inline": 1}}}, "/a")])
def test_it_refuses_what_a_worker_would_follow(given: Json, where: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        checked_input({"type": "object"}, given)
    assert list(caught.value.faults) == [where]


@pytest.mark.parametrize("given", [{}, {"Pointer": 3}, {"pointer": {"key": "x"}}, {"a": ["Pointer"]}])
def test_it_takes_everything_else(given: Json) -> None:
    assert checked_input({"type": "object"}, given) == given
