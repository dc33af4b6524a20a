"""Event patterns."""

from typing import Any

import pytest

from infra.local.event_pattern import PatternError, matches

_EVENT = {"source": "aws.states", "detail": {"name": "run_1", "status": "FAILED", "count": 5, "tags": ["a", "b"], "none": None, "on": True}}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"name": ["run_1"]}, True),
        ({"name": ["run_2", "run_1"]}, True),
        ({"name": ["run_2"]}, False),
        ({"name": [{"prefix": "run_"}]}, True),
        ({"name": [{"suffix": "_2"}]}, False),
        ({"name": [{"equals-ignore-case": "RUN_1"}]}, True),
        ({"name": [{"prefix": {"equals-ignore-case": "RUN"}}]}, True),
        ({"name": [{"wildcard": "r*_1"}]}, True),
        ({"status": [{"anything-but": ["RUNNING", "FAILED"]}]}, False),
        ({"status": [{"anything-but": {"prefix": "R"}}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"name": [{"exists": True}]}, True),
        ({"count": [{"numeric": [">", 1, "<=", 5]}]}, True),
        ({"name": [{"numeric": [">", 1]}]}, False),
        ({"count": [5.0]}, True),
        ({"on": [True]}, True),
        ({"on": [1]}, False),
        ({"none": [None]}, True),
        ({"tags": ["b"]}, True),
        ({"deep": {"er": ["x"]}}, False),
        ({"$or": [{"name": ["x"]}, {"count": [5]}]}, True),
    ],
)
def test_it_matches(detail: dict[str, Any], expected: bool) -> None:
    assert matches({"source": ["aws.states"], "detail": detail}, _EVENT) is expected


@pytest.mark.parametrize("pattern", [{"source": "aws.states"}, {"source": [{"cidr": "10.0.0.0/24"}]}])
def test_it_refuses_what_it_does_not_know(pattern: dict[str, Any]) -> None:
    with pytest.raises(PatternError):
        matches(pattern, _EVENT)
