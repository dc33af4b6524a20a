"""Is a model's answer the output that was asked for?

In: the node's output schema, the answer's text. Out: the output and what is wrong with it. Never mends anything by itself.
"""

from chalicelib.providers.structured import NotJson, read_json, schema_faults
from chalicelib.spec.model import Json, JsonObject


def read_answer(schema: JsonObject | None, text: str) -> tuple[Json, tuple[str, ...]]:
    """(the output, its faults): an object of the schema, or `{text}` where none is asked for."""
    if schema is None:
        return {"text": text}, ()
    try:
        value = read_json(text)
    except NotJson as error:
        return None, (str(error),)
    return value, schema_faults(value, schema)
