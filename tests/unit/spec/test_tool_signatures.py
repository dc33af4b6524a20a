"""The table of tools."""

import pytest
from jsonschema import Draft202012Validator

from chalicelib.spec.effects import Effect
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES


@pytest.mark.parametrize("name", TOOL_SIGNATURES)
def test_it_holds_closed_schemas_of_objects(name: str) -> None:
    signature = TOOL_SIGNATURES[name]
    for schema in (signature.arguments, signature.output):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False


def test_it_holds_what_reads_for_harmless_and_what_writes_not() -> None:
    harmless = {name for name, signature in TOOL_SIGNATURES.items() if signature.effect is Effect.NONE}
    changing = {"http.post", "http.put", "http.patch", "http.delete", "kv.put", "memory.put", "memory.delete", "sql.execute"}
    assert harmless == set(TOOL_SIGNATURES) - changing - {"mcp.call", "a2a.send", "a2a.cancel", "openapi.call", "channel.send"}
