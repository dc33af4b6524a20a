"""Days and moments in queries are what the document says, and nothing that could be a number."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app import app
from chalicelib.api.times import Day, QueryMoment
from tests.factories.api_events import context, rest_event
from tests.factories.cloud import cloud
from tests.factories.credentials import bearer

NUMBERS = ["0", "0.0", "-1", "1790000000", "20261224", " 0"]


@pytest.mark.parametrize("text", [*NUMBERS, "2026-12-24T00:00:00Z", "2026-13-01", "24.12.2026"])
def test_it_takes_a_day_that_is_written_as_one_alone(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(text)
    assert str(TypeAdapter(Day).validate_python("2026-12-24")) == "2026-12-24"


@pytest.mark.parametrize("text", [*NUMBERS, "2026-12-24T18:00:00", "2026-12-24T25:00:00Z"])
def test_it_takes_a_moment_with_its_offset_alone(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(QueryMoment).validate_python(text)
    assert TypeAdapter(QueryMoment).validate_python("2026-12-24T18:00:00+01:00").isoformat() == "2026-12-24T18:00:00+01:00"


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("/api/v1/cache", {"from": "0.0"}),
        ("/api/v1/costs", {"to": "0"}),
        ("/api/v1/workflows/runs", {"since": "1790000000"}),
        ("/api/v1/workflows/runs", {"until": "0"}),
    ],
)
def test_it_refuses_a_number_where_the_document_asks_for_a_time(route: str, query: dict[str, str]) -> None:
    with cloud():
        assert app(rest_event("GET", route, query=query, headers=bearer("ann")), context())["statusCode"] == 400
