"""What is wrong with a value under a JSON Schema, in words that show no value.

In: a schema (Draft 2020-12) and a value. Out: at most five faults, sorted, each with its place. Never: a value in a fault; a schema fetched from
elsewhere.
"""

import re
from typing import TYPE_CHECKING, Final

from chalicelib.spec.model import Json, JsonObject

if TYPE_CHECKING:
    import jsonschema

_MOST: Final = 5


def faults(schema: JsonObject, value: Json) -> tuple[str, ...]:
    """A schema that is none itself is a fault, too."""
    import jsonschema
    import referencing
    import referencing.exceptions

    validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
    try:
        return tuple(sorted(_fault(error) for error in validator.iter_errors(value))[:_MOST])
    except (referencing.exceptions.Unresolvable, jsonschema.exceptions.UnknownType, re.error, RecursionError, TypeError, ValueError) as error:
        return (f"the tool's schema cannot be used ({type(error).__name__})",)


def _fault(error: "jsonschema.ValidationError") -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    match error.validator:
        case "required":
            return str(error.message)
        case "type":
            return f"{where} is no {error.validator_value}"
        case "additionalProperties":
            return str(error.message)
        case kind:
            return f"{where} breaks {kind}: {error.validator_value}"
