"""A tool call against its tool's signature, as far as it shows without a run.

In: `Authored`. Out: diagnostics. Only constants are checked against their schema: what a reference gives is the compiler's question.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from chalicelib.spec.binding import Literal, Text, parse_binding
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import ToolCall
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.schema_types import binding_schema, json_types
from chalicelib.spec.tool_signatures import TOOL_SIGNATURES, ToolSignature


def unknown_tools(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(ToolCall):
        if node.tool not in TOOL_SIGNATURES:
            near = get_close_matches(node.tool, TOOL_SIGNATURES, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(TOOL_SIGNATURES)}"
            yield authored.error("unknown-tool", f"there is no tool `{node.tool}`", f"{path}.tool", hint)


def unknown_arguments(authored: Authored) -> Iterator[Diagnostic]:
    for path, node, signature in _calls(authored):
        known = list(_properties(signature))
        for name in node.arguments:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"it takes {', '.join(known)}"
                yield authored.key_error("unknown-argument", f"`{node.tool}` takes no `{name}`", f"{path}.with.{name}", hint)


def missing_arguments(authored: Authored) -> Iterator[Diagnostic]:
    for path, node, signature in _calls(authored):
        required = signature.arguments["required"]
        for name in required if isinstance(required, list) else ():
            if name not in node.arguments:
                yield authored.error("missing-argument", f"`{node.tool}` needs `{name}`", f"{path}.with")


def bad_arguments(authored: Authored) -> Iterator[Diagnostic]:
    for path, node, signature in _calls(authored):
        known = _properties(signature)
        for name, value in node.arguments.items():
            schema = known.get(name)
            if isinstance(schema, dict) and not _may_fit(value, schema):
                wanted = " or ".join(sorted(json_types(schema)))
                yield authored.error("bad-argument", f"`{name}` of `{node.tool}` has to be of type {wanted}", f"{path}.with.{name}")


def _calls(authored: Authored) -> Iterator[tuple[str, ToolCall, ToolSignature]]:
    for path, node in authored.of_type(ToolCall):
        if node.tool in TOOL_SIGNATURES:
            yield path, node, TOOL_SIGNATURES[node.tool]


def _properties(signature: ToolSignature) -> JsonObject:
    properties = signature.arguments["properties"]
    return properties if isinstance(properties, dict) else {}


def _may_fit(value: Json, schema: JsonObject) -> bool:
    binding = parse_binding(value)
    if isinstance(binding, Literal) and binding.value is None:
        return True  # left out
    return not isinstance(binding, Literal | Text) or bool(json_types(binding_schema(binding)) & json_types(schema))
