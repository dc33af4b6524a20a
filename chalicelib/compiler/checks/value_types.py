"""Values of a type that their place cannot take.

In: a `Subject`. Out: diagnostics where syntax and schemas prove that a condition is no boolean, a list no list, an argument of another type than
wanted. What is unknown before the run is never blamed, and null never is, since it may stand for "left out".
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.checks.sites import Site
from chalicelib.compiler.checks.subject import Subject, node_path
from chalicelib.compiler.edges import block_prefix
from chalicelib.compiler.nearest import did_you_mean
from chalicelib.spec.bindings import BindingKind, Literal, Text
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.spec.native_tools import signature_of
from chalicelib.spec.nodes import Map, Node, SubWorkflow, ToolCall, Wait
from chalicelib.spec.schema_fields import field, json_types

_NULL: Final = frozenset({"null"})


def conditions_not_boolean(subject: Subject) -> Iterator[Diagnostic]:
    """An `if`, case, `until` or `when` that never comes out as true or false."""
    for site in subject.sites:
        if site.kind is BindingKind.BOOLEAN and "boolean" not in (types := _types(subject, site)):
            message = f"a condition is true or false, and this is {_named(types)}: it would never hold"
            yield subject.error("not-boolean", message, site.path, "compare it, as in `$rank.count > 0`, or ask `$exists(…)`")


def mismatched_values(subject: Subject) -> Iterator[Diagnostic]:
    """A list, number, time or argument that is of another type than its place takes."""
    for site in subject.sites:
        node = subject.node_at(site.place)
        if node is not None and site.kind is not BindingKind.BOOLEAN:
            field_name = site.path.removeprefix(f"{block_prefix(site.place.path)}nodes.{site.place.node}.")
            wanted = _wanted(subject, node, field_name, site)
            types = _types(subject, site) - _NULL
            if wanted is not None and types and not types & wanted:
                message = f"`{field_name}` takes {_named(wanted)}, and this is {_named(types)}"
                yield subject.error("schema-mismatch", message, site.path, "read another field, or convert it in an expression")


def _wanted(subject: Subject, node: Node, field_name: str, site: Site) -> frozenset[str] | None:
    """The types that the field takes; None where any will do, or loading has judged it already."""
    argument = field_name.removeprefix("with.")
    match node:
        case Map() if field_name == "over":
            return frozenset({"array"})
        case Wait():
            return frozenset({"number"} if field_name == "seconds" else {"string"})
        case ToolCall() if (signature := signature_of(node.tool)) is not None and not isinstance(site.binding, Literal | Text):
            return json_types(field(signature.arguments, (argument,)).schema)
        case SubWorkflow() if node.workflow in subject.children:
            return json_types(field(subject.children[node.workflow].input, (argument,)).schema)
        case _:
            return None


def unknown_inputs(subject: Subject) -> Iterator[Diagnostic]:
    """An argument of a sub-workflow that its input does not have."""
    for path, node, child_input in _calls(subject):
        for name in node.arguments:
            if field(child_input, (name,)).is_absent:
                hint = did_you_mean(name, _properties(child_input), otherwise=f"it takes {', '.join(_properties(child_input))}")
                yield subject.error("unknown-input", f"the workflow `{node.workflow}` has no input `{name}`", f"{path}.with.{name}", hint)


def missing_inputs(subject: Subject) -> Iterator[Diagnostic]:
    """An input that a sub-workflow requires and is not given."""
    for path, node, child_input in _calls(subject):
        required = child_input.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in node.arguments and not _has_default(child_input, str(name)):
                message = f"the workflow `{node.workflow}` requires the input `{name}`"
                yield subject.error("missing-input", message, f"{path}.with", f"add `{name}` to `with`")


def _calls(subject: Subject) -> Iterator[tuple[str, SubWorkflow, JsonObject]]:
    """The calls of workflows whose spec is known."""
    for block, name, node in subject.nodes():
        if isinstance(node, SubWorkflow) and node.workflow in subject.children:
            yield node_path(block, name), node, subject.children[node.workflow].input


def _properties(schema: JsonObject) -> JsonObject:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _has_default(schema: JsonObject, name: str) -> bool:
    return "default" in field(schema, (name,)).schema


def _types(subject: Subject, site: Site) -> frozenset[str]:
    return json_types(subject.known.bound_schema(site.place, site.binding))


def _named(types: frozenset[str]) -> str:
    """`a number or a text`; null only where it is all."""
    return " or ".join(_NAMES[name] for name in sorted(types - _NULL or types))


_NAMES: Final = {"null": "null", "boolean": "a boolean", "number": "a number", "string": "a text", "array": "a list", "object": "an object"}
