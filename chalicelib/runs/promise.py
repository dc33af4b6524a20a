"""What an agent node promises, whoever does it: an object of its output schema, or `{text}`.

In: the schema, if the node has one, and what came. Out: the output, or what is wrong with it. An object that has a `text` is taken as it is, a bare
text becomes one, anything else is told as JSON. Never: a value that breaks the schema.
"""

from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.schema_check import faults


def kept_promise(schema: JsonObject | None, value: Json) -> tuple[Json, tuple[str, ...]]:
    """(the output, its faults)."""
    if schema is not None:
        return value, faults(schema, value)
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return value, ()
    return {"text": value if isinstance(value, str) else canonical_json(value)}, ()
