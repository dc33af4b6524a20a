"""The JSON Schema of the workflow language, for editors that complete and check while one types.

In: nothing. Out: a Draft 2020-12 schema, made from the models, with what they leave to rules where a schema can say it. `load` remains the
judge: the schema knows neither expressions nor what needs the whole workflow.
"""

from typing import Final

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.native_tools import NATIVE_SIGNATURES
from chalicelib.spec.nodes import NODE_ID_PATTERN
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES
from chalicelib.spec.workflow import WorkflowSpec

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def workflow_json_schema() -> JsonObject:
    schema: JsonObject = WorkflowSpec.model_json_schema(by_alias=True)
    definitions = _object(schema["$defs"])
    for owner in (schema, _object(definitions["Map"])):
        _property(owner, "nodes")["propertyNames"] = {"pattern": NODE_ID_PATTERN}
    _one_of(definitions, "Condition", "if", "cases")
    _one_of(definitions, "Wait", "seconds", "until")
    names: list[Json] = [*TOOL_SIGNATURES, *NATIVE_SIGNATURES]
    _property(_object(definitions["ToolCall"]), "tool")["enum"] = names
    return {"$schema": _DIALECT, **_object(_standard(schema))}


_STANDARD_NAMES: Final = {"ge": "minimum", "le": "maximum"}  # pydantic leaves its own words on unions


def _standard(value: Json) -> Json:
    match value:
        case dict():
            return {_STANDARD_NAMES.get(key, key): _standard(member) for key, member in value.items()}
        case list():
            return [_standard(member) for member in value]
        case _:
            return value


def _one_of(definitions: JsonObject, model: str, *keys: str) -> None:
    alternatives: list[Json] = [{"required": [key]} for key in keys]
    _object(definitions[model])["oneOf"] = alternatives


def _property(schema: JsonObject, name: str) -> JsonObject:
    return _object(_object(schema["properties"])[name])


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
