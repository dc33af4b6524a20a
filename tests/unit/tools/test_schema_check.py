"""What is wrong with a value, in words."""

import pytest

from chalicelib.spec.model import JsonObject
from chalicelib.tools.schema_check import faults


def test_it_tells_at_most_five_faults_and_no_value() -> None:
    schema: JsonObject = {"type": "object", "additionalProperties": {"type": "integer"}}
    found = faults(schema, dict.fromkeys("abcdefgh", "s3cret"))
    assert found == tuple(f"{name} is no integer" for name in "abcde")


@pytest.mark.parametrize(
    "schema", [{"pattern": "("}, {"$ref": "#/none"}, {"$ref": "https://elsewhere.example/s"}, {"type": "objekt"}, {"minLength": "1"}]
)
def test_it_says_of_a_foreign_schema_that_it_cannot_be_used(schema: JsonObject) -> None:
    assert "the tool's schema cannot be used" in faults(schema, "x")[0]
