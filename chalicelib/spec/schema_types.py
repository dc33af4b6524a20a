"""What each node type puts out, as JSON Schema; the questions to a schema are `spec.schema_fields`, which this module offers as well.

In: a node. Out: a schema; `{}` where nothing is known before the run. A continued error (`{error: {name, message}}`) and null for a skipped
node are not in it: the compiler knows where they may come.
"""

from typing import Final, assert_never

from chalicelib.spec.binding import Binding, Broken, Items, Literal, Members, Text, Value, parse_binding
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.native_tools import signature_of
from chalicelib.spec.nodes import AgentCall, Condition, HumanGate, Join, Map, Message, Node, Parallel, SubWorkflow, ToolCall, Transform, Wait
from chalicelib.spec.schema_fields import FieldAnswer, Presence, field, json_types, object_schema, value_schema

__all__ = [
    "DEFAULT_OTHERWISE",
    "TIMED_OUT",
    "FieldAnswer",
    "Presence",
    "binding_schema",
    "choice_names",
    "condition_labels",
    "field",
    "json_types",
    "object_schema",
    "output_schema",
    "value_schema",
]

_TEXT: Final[JsonObject] = {"type": "string"}
_MAYBE_TEXT: Final[JsonObject] = {"type": ["string", "null"]}
_TIME: Final[JsonObject] = {"type": "string", "format": "date-time"}
DEFAULT_OTHERWISE: Final = "else"
TIMED_OUT: Final = "timed_out"


def output_schema(node: Node) -> JsonObject:
    match node:
        case AgentCall():
            return node.output if node.output is not None else object_schema({"text": _TEXT})
        case ToolCall():
            signature = signature_of(node.tool)
            return signature.output if signature else {}
        case HumanGate():
            return _gate(node)
        case Condition():
            return {"type": "string", "enum": list(condition_labels(node))}
        case Parallel():
            return object_schema({})
        case Join():
            return object_schema({"active": {"type": "array", "items": _TEXT}})
        case Map():
            return {"type": "array", "items": binding_schema(parse_binding(node.output))}
        case SubWorkflow():
            return {}
        case Wait():
            return object_schema({"until": _TIME})
        case Transform():
            return binding_schema(parse_binding(node.value))
        case Message():
            return object_schema({"message_id": _TEXT, "reply": _MAYBE_TEXT if node.wait_for_reply else {"type": "null"}})
        case _:
            assert_never(node)


def condition_labels(node: Condition) -> tuple[str, ...]:
    """The outcomes of a condition, in the order in which they are asked."""
    if node.cases is None:
        return ("true", "false")
    return (*node.cases, node.otherwise or DEFAULT_OTHERWISE)


def choice_names(node: HumanGate) -> tuple[str, ...]:
    """The choices that a gate offers; `timed_out` is an outcome beside them."""
    return tuple(choice if isinstance(choice, str) else choice.choice for choice in node.choices)


def binding_schema(binding: Binding) -> JsonObject:
    """What is known of a binding's value without knowing what it reads."""
    match binding:
        case Literal(value):
            return value_schema(value)
        case Text():
            return _TEXT
        case Members(members):
            return object_schema({key: binding_schema(member) for key, member in members.items()})
        case Items():
            return {"type": "array"}
        case Value() | Broken():
            return {}
        case _:
            assert_never(binding)


def _gate(node: HumanGate) -> JsonObject:
    labels: list[Json] = [*choice_names(node), TIMED_OUT]
    form: JsonObject = {"anyOf": [node.form, {"type": "null"}]} if node.form is not None else {"type": "null"}
    properties: JsonObject = {
        "choice": {"type": "string", "enum": labels},
        "reason": _MAYBE_TEXT,
        "form": form,
        "by": _MAYBE_TEXT,
        "at": _TIME,
        "channel": _MAYBE_TEXT,
    }
    return object_schema(properties)
