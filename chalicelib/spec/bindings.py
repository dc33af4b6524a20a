"""Which fields of which node type are bindings, and what they may be.

In: a node. Out: its bindings with the authored path of each, or the expressions that its worker needs. One table, `BINDING_FIELDS`,
decides; everything that is not in it is a literal. The syntax itself is `spec.binding`, which this module offers as well.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from chalicelib.spec.binding import (
    Binding,
    Broken,
    Items,
    Literal,
    Members,
    Text,
    Value,
    as_text,
    expressions,
    faults,
    parse_bare,
    parse_binding,
    render_binding,
    render_text,
)
from chalicelib.spec.expression import Expression
from chalicelib.spec.model import Json
from chalicelib.spec.nodes import AgentCall, Node, WorkerNode

__all__ = [
    "BINDING_FIELDS",
    "TIMESTAMP",
    "Binding",
    "BindingField",
    "BindingKind",
    "Broken",
    "Form",
    "Items",
    "Literal",
    "Members",
    "NodeBinding",
    "Text",
    "Value",
    "as_text",
    "expressions",
    "expressions_of",
    "faults",
    "node_bindings",
    "parse_bare",
    "parse_binding",
    "render_binding",
    "render_text",
    "when_binding",
]

TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class BindingKind(StrEnum):
    VALUE = "value"  # any JSON
    TEXT = "text"  # a text: what is no string is rendered as canonical JSON
    BOOLEAN = "boolean"  # an expression that the engine asks


class Form(StrEnum):
    """How the authored value is written."""

    BINDING = "binding"
    MEMBERS = "members"  # an object; each of its members is a binding with a path of its own
    BARE = "bare"  # an expression; `{% %}` may be left out
    BARE_MEMBERS = "bare members"
    GRANTS = "grants"  # objects by position; of each the members of `with` are bindings
    TIMESTAMP = "timestamp"  # a timestamp, else a bare expression


@dataclass(frozen=True, slots=True)
class BindingField:
    """`path` is as authored; `read` gives the value of a node, None where it is absent."""

    path: str
    kind: BindingKind
    form: Form
    read: Callable[[Any], Json]


@dataclass(frozen=True, slots=True)
class NodeBinding:
    """One binding of a node; `path` is relative to the node: `with.url`, `cases.high`."""

    path: str
    kind: BindingKind
    binding: Binding


def _field(path: str, kind: BindingKind, form: Form = Form.BINDING, *, attribute: str = "") -> BindingField:
    return BindingField(path, kind, form, attrgetter(attribute or path))


def _repeat_until(node: WorkerNode) -> str | None:
    return node.repeat.until if node.repeat else None


_REPEAT: Final = BindingField("repeat.until", BindingKind.BOOLEAN, Form.BARE, _repeat_until)


def _attached(node: AgentCall) -> Json:
    return [each.model_dump() for each in node.attach] or None


def _granted(node: AgentCall) -> Json:
    """The arguments that are fixed for a tool, by the tool's position."""
    return {str(position): grant.arguments for position, grant in enumerate(node.grants) if grant.arguments}


_WITH: Final = _field("with", BindingKind.VALUE, Form.MEMBERS, attribute="arguments")

BINDING_FIELDS: Final[Mapping[str, tuple[BindingField, ...]]] = MappingProxyType(
    {
        "agent_call": (
            _field("system", BindingKind.TEXT),
            _field("prompt", BindingKind.TEXT),
            BindingField("attach", BindingKind.VALUE, Form.BINDING, _attached),
            BindingField("tools", BindingKind.VALUE, Form.GRANTS, _granted),
            _REPEAT,
        ),
        "tool_call": (_WITH, _REPEAT),
        "human_gate": (_field("ask", BindingKind.TEXT), _field("details", BindingKind.VALUE), _REPEAT),
        "condition": (
            _field("if", BindingKind.BOOLEAN, Form.BARE, attribute="test"),
            _field("cases", BindingKind.BOOLEAN, Form.BARE_MEMBERS),
        ),
        "parallel": (),
        "join": (),
        "map": (_field("over", BindingKind.VALUE, Form.BARE), _field("output", BindingKind.VALUE)),
        "workflow": (_WITH, _REPEAT),
        "wait": (_field("seconds", BindingKind.VALUE, Form.BARE), _field("until", BindingKind.VALUE, Form.TIMESTAMP)),
        "transform": (_field("value", BindingKind.VALUE),),
        "message": (_field("to", BindingKind.TEXT), _field("text", BindingKind.TEXT), _REPEAT),
    }
)


def node_bindings(node: Node) -> tuple[NodeBinding, ...]:
    """The bindings that the node has, in the order of the table. A map's `over` is read outside its block, its `output` inside."""
    return tuple(found for declared in BINDING_FIELDS[node.type] for found in _of_field(declared, declared.read(node)))


def expressions_of(node: Node) -> tuple[Expression, ...]:
    """What a worker's payload has to carry: distinct, in order of appearance. Booleans are asked by the engine and are not among them."""
    found = (expression for bound in node_bindings(node) if bound.kind is not BindingKind.BOOLEAN for expression in expressions(bound.binding))
    return tuple(dict.fromkeys(found))


def when_binding(when: str) -> Binding:
    """An edge's `when` that is no outcome label."""
    return parse_bare(when)


def _of_field(declared: BindingField, value: Json) -> Iterator[NodeBinding]:
    match declared.form, value:
        case _, None:
            return
        case Form.MEMBERS | Form.BARE_MEMBERS, dict():
            form = Form.BINDING if declared.form is Form.MEMBERS else Form.BARE
            for key, member in value.items():
                yield NodeBinding(f"{declared.path}.{key}", declared.kind, _parse(member, form))
        case Form.GRANTS, dict():
            for position, members in value.items():
                for key, member in members.items() if isinstance(members, dict) else ():
                    yield NodeBinding(f"{declared.path}.{position}.with.{key}", declared.kind, _parse(member, Form.BINDING))
        case _:
            yield NodeBinding(declared.path, declared.kind, _parse(value, declared.form))


def _parse(value: Json, form: Form) -> Binding:
    if form is Form.BINDING or not isinstance(value, str):
        return parse_binding(value)
    if form is Form.TIMESTAMP and TIMESTAMP.fullmatch(value):
        return Literal(value)
    return parse_bare(value)
