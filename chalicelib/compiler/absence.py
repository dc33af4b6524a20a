"""What is known of a value where it is read: its schema, and whether there may be nothing.

In: the graph, the specs of known sub-workflows. Out: `Absences`. `may_be_absent` is true exactly where a read crosses a skip (the source need not
have run where the reader runs), an optional or unknown field, or a failure that the run went on with; and for a repeated node's own output, which is
null at its first visit. As an operand a field that may be null is as bad as one that may be missing.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Final, assert_never

from chalicelib.compiler.certainty import Certainty, Ending
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.compiler.result_types import result_types
from chalicelib.compiler.scope import Meaning, Place, Scope
from chalicelib.spec.binding import Binding, Items, Literal, Members, Value, parse_bare, parse_binding
from chalicelib.spec.expression import Expression, Reference
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.nodes import Map, Node, SubWorkflow, Transform
from chalicelib.spec.schema_fields import ALL_TYPES, FieldAnswer, Presence, field, json_types, object_schema, value_schema
from chalicelib.spec.schema_types import binding_schema, output_schema
from chalicelib.spec.workflow import WorkflowSpec

_TEXT: Final[JsonObject] = {"type": "string"}
ERROR_SCHEMA: Final[JsonObject] = object_schema({"error": object_schema({"name": _TEXT, "message": _TEXT})})
RUN_SCHEMA: Final[JsonObject] = object_schema({"run_id": _TEXT, "version_id": _TEXT, "organisation_id": _TEXT, "trigger": {}})
_NULL: Final[JsonObject] = {"type": "null"}
_UNKNOWN: Final = FieldAnswer(Presence.UNKNOWN, {}, missing=True)
_MAX_ALTERNATIVES: Final = 20


def absences(graph: WorkflowGraph, *, children: Mapping[str, WorkflowSpec] | None = None) -> "Absences":
    return Absences(graph, children or {})


class Absences:
    def __init__(self, graph: WorkflowGraph, children: Mapping[str, WorkflowSpec]) -> None:
        self._graph = graph
        self._children = children
        self.scope = Scope(graph)
        self.certainty = {path: Certainty(block) for path, block in graph.blocks.items()}
        self._outputs: dict[str, JsonObject] = {}  # by node
        self._items: dict[str, JsonObject] = {}  # by map
        self._learn(graph.root)

    def may_be_absent(self, path: tuple[str, ...], reader: str | None, reference: Reference) -> bool:
        """Whether a read by a node of the block at `path` (None: by the block's output) may find nothing, or null where an operand needs a value.

        A node reads its own output in `until`, in the `when` of its edges, or because it repeats.
        """
        return self._may_be_absent(Place(path, reader, settled=True), reference)

    def answer(self, place: Place, reference: Reference) -> FieldAnswer:
        """What is known of the value at the reference, where its root has one."""
        schema = self.root_schema(place, reference.root)
        return field(schema, reference.path, defaults_filled=reference.root == "context")

    def root_schema(self, place: Place, root: str) -> JsonObject:
        """What is known of a root's value; `{}` if nothing."""
        match self.scope.meaning(place, root):
            case Meaning.CONTEXT:
                return self._graph.spec.input
            case Meaning.RUN:
                return RUN_SCHEMA
            case Meaning.ITEM:
                found = self.scope.map_of_item(place, root)
                return self._items.get(found, {}) if found is not None else {}
            case Meaning.OWN | Meaning.EARLIER:
                return self._output_seen(place, root)
            case Meaning.LATER | Meaning.INSIDE | Meaning.UNKNOWN:
                return {}
            case _ as unknown:
                assert_never(unknown)

    def bound_schema(self, place: Place, binding: Binding) -> JsonObject:
        """What is known of a binding's value."""
        match binding:
            case Value(expression):
                return self._expression_schema(place, expression)
            case Members(members):
                return object_schema({name: self.bound_schema(place, member) for name, member in members.items()})
            case Items(items):
                return _array_of([self.bound_schema(place, item) for item in items])
            case Literal(list() as values):
                return _array_of([value_schema(value) for value in values])
            case _:
                return binding_schema(binding)

    def _may_be_absent(self, place: Place, reference: Reference) -> bool:
        match self.scope.meaning(place, reference.root):
            case Meaning.LATER | Meaning.INSIDE | Meaning.UNKNOWN:
                return True
            case Meaning.OWN if self.scope.repeats(reference.root):
                return True
            case Meaning.EARLIER:
                home = self.scope.homes[reference.root].path
                if not self.certainty[home].ran(reference.root, place.seen_from(home)):
                    return True
            case Meaning.CONTEXT | Meaning.RUN | Meaning.ITEM | Meaning.OWN:
                pass
            case _ as unknown:
                assert_never(unknown)
        answer = self.answer(place, reference)
        return answer.optional if reference.operand else answer.missing

    def _output_seen(self, place: Place, root: str) -> JsonObject:
        """The node's output as this place may find it: its success's, its error, or either."""
        block = self.scope.homes[root]
        schema = self._outputs.get(root, {})
        reader = place.seen_from(block.path)
        match self.certainty[block.path].ending(root, reader) if reader != root else _own_ending(block.nodes[root]):
            case Ending.SUCCEEDED:
                return schema
            case Ending.FAILED:
                return ERROR_SCHEMA
            case Ending.EITHER:
                return _either(schema, ERROR_SCHEMA)
            case _ as unknown:
                assert_never(unknown)

    def _expression_schema(self, place: Place, expression: Expression) -> JsonObject:
        may_be_null = any(self._may_be_absent(place, reference) for reference in expression.references)
        if expression.is_reference:
            schema = self.answer(place, expression.references[0]).schema
        else:
            types = result_types(expression.text)
            schema = {"type": list[Json](sorted(types))} if types != ALL_TYPES else {}
        return _either(schema, _NULL) if may_be_null and schema else schema

    def _learn(self, block: Block) -> None:
        """Every node's output, each after those that it reads."""
        for name in block.order:
            node, place = block.nodes[name], Place(block.path, name)
            match node:
                case Transform():
                    self._outputs[name] = self.bound_schema(place, parse_binding(node.value))
                case Map():
                    inner = self._graph.blocks[(*block.path, name)]
                    self._items[name] = _item_schema(self.bound_schema(place, _over(node)))
                    self._learn(inner)
                    self._outputs[name] = {"type": "array", "items": self.bound_schema(Place(inner.path, None), parse_binding(node.output))}
                case SubWorkflow() if node.workflow in self._children:
                    self._outputs[name] = binding_schema(parse_binding(self._children[node.workflow].output))
                case _:
                    self._outputs[name] = output_schema(node)


def _own_ending(node: Node) -> Ending:
    """How a node that reads its own output ended: edges with `when` are asked after a success, which a continued failure counts as."""
    return Ending.EITHER if node.on_error == "continue" else Ending.SUCCEEDED


def _over(node: Map) -> Binding:
    return parse_bare(node.over) if isinstance(node.over, str) else parse_binding(node.over)


def _item_schema(over: JsonObject) -> JsonObject:
    """What is known of a list's items; a value that is no list is one item."""
    types = json_types(over) - {"null"}
    if "array" not in types:
        return over
    items = over.get("items") if types == {"array"} else None
    return items if isinstance(items, dict) else {}


def _array_of(schemas: list[JsonObject]) -> JsonObject:
    items: list[JsonObject] = []
    for schema in schemas:
        if schema not in items:
            items.append(schema)
        if len(items) > _MAX_ALTERNATIVES:
            return {"type": "array"}
    return {"type": "array", "items": reduce(_either, items)} if items else {"type": "array"}


def _either(left: JsonObject, right: JsonObject) -> JsonObject:
    """One or the other; definitions stay where references find them."""
    alternatives: list[Json] = [*_alternatives(left), *_alternatives(right)]
    definitions: JsonObject = {"$defs": left["$defs"]} if "$defs" in left else {}
    return {"anyOf": alternatives, **definitions}


def _alternatives(schema: JsonObject) -> list[Json]:
    members = schema.get("anyOf")
    return members if isinstance(members, list) and set(schema) <= {"anyOf", "$defs"} else [schema]
