"""The authored value against the models: what is missing, unknown or of the wrong kind, in plain words and at its place.

In: composed JSON. Out: `Shape`: the spec where the whole is sound, every node and edge that is sound by itself, and diagnostics for the rest.
Each node and edge is read by itself, so that a fault in one hides nothing in another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, TypeVar

from pydantic import ValidationError

from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.edges import EdgeSpec
from chalicelib.spec.model import Json, JsonObject, SpecModel
from chalicelib.spec.nodes import (
    AgentCall,
    Condition,
    HumanGate,
    Join,
    Map,
    Message,
    Node,
    Parallel,
    SubWorkflow,
    ToolCall,
    Transform,
    Wait,
)
from chalicelib.spec.positions import Positions
from chalicelib.spec.shape_faults import shape_faults
from chalicelib.spec.workflow import WorkflowSpec

NODE_MODELS: Final[Mapping[str, type[Node]]] = MappingProxyType(
    {
        "agent_call": AgentCall,
        "tool_call": ToolCall,
        "human_gate": HumanGate,
        "condition": Condition,
        "parallel": Parallel,
        "join": Join,
        "map": Map,
        "workflow": SubWorkflow,
        "wait": Wait,
        "transform": Transform,
        "message": Message,
    }
)
_SOME_NODES: Final[JsonObject] = {"placeholder": {"type": "parallel"}}
_Model = TypeVar("_Model", bound=SpecModel)


@dataclass(frozen=True, slots=True)
class NodePart:
    """A node as it stands in the text, None where it cannot be read. A map's `nodes` and `edges` are left out of it and follow as parts."""

    path: str
    id: str
    node: Node | None
    maps: tuple[str, ...]  # ids of the maps around it, outermost first


@dataclass(frozen=True, slots=True)
class EdgePart:
    path: str
    edge: EdgeSpec


@dataclass(slots=True)
class Shape:
    spec: WorkflowSpec | None = None
    nodes: list[NodePart] = field(default_factory=list)
    edges: list[EdgePart] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def read_shape(value: JsonObject, positions: Positions) -> Shape:
    shape = Shape()
    reader = _Reader(shape, positions)
    reader.model(WorkflowSpec, _without_blocks(value, _SOME_NODES), "")
    reader.block(value, "", ())
    if not shape.diagnostics:
        shape.spec = WorkflowSpec.model_validate(value)
    return shape


def _without_blocks(value: JsonObject, nodes: JsonObject) -> JsonObject:
    """The value with its nodes and edges replaced by sound ones, unless they are of the wrong kind altogether."""
    own = dict(value)
    if isinstance(value.get("nodes"), dict) and value["nodes"]:
        own["nodes"] = nodes
    if isinstance(value.get("edges"), list):
        own["edges"] = []
    return own


class _Reader:
    def __init__(self, shape: Shape, positions: Positions) -> None:
        self._shape = shape
        self._positions = positions

    def model(self, model: type[_Model], value: Json, path: str) -> _Model | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self._shape.diagnostics += shape_faults(error, model, value, path, self._positions)
            return None

    def block(self, value: JsonObject, prefix: str, maps: tuple[str, ...]) -> None:
        """The nodes and edges of the workflow or of a map."""
        for node_id, authored in _members(value.get("nodes")):
            self._node(node_id, authored, f"{prefix}nodes.{node_id}", maps)
        for index, authored in enumerate(_items(value.get("edges"))):
            path = f"{prefix}edges.{index}"
            edge = self.model(EdgeSpec, authored, path)
            if edge is not None:
                self._shape.edges.append(EdgePart(path, edge))

    def _node(self, node_id: str, authored: Json, path: str, maps: tuple[str, ...]) -> None:
        model = self._model_of(authored, path)
        if model is None or not isinstance(authored, dict):
            self._shape.nodes.append(NodePart(path, node_id, None, maps))
            return
        own = _without_blocks(authored, {}) if model is Map else authored
        self._shape.nodes.append(NodePart(path, node_id, self.model(model, own, path), maps))
        if model is Map:
            self.block(authored, f"{path}.", (*maps, node_id))

    def _model_of(self, authored: Json, path: str) -> type[Node] | None:
        if not isinstance(authored, dict):
            self._report("wrong-type", "a node has to be an object with a `type`", path)
            return None
        kind = authored.get("type")
        if kind is None:
            self._report("missing-key", "`type` is missing", path, f"one of {', '.join(NODE_MODELS)}")
            return None
        if not isinstance(kind, str) or kind not in NODE_MODELS:
            near = get_close_matches(str(kind), NODE_MODELS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(NODE_MODELS)}"
            self._report("unknown-node-type", f"there is no node type `{kind}`", f"{path}.type", hint)
            return None
        return NODE_MODELS[kind]

    def _report(self, code: str, message: str, path: str, hint: str = "") -> None:
        self._shape.diagnostics.append(Diagnostic(code, Severity.ERROR, message, self._positions.at(path), hint))


def _members(value: Json) -> Iterator[tuple[str, Json]]:
    yield from value.items() if isinstance(value, dict) else ()


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
