"""Whole workflow specs, valid by construction: a shape from `skeletons`, with node types, features and bindings.

In: a `random.Random`, a shape, about how many nodes, the features that may be used. Out: a plain document (`random_document`), as an author would
write it, or hypothesis strategies of such. References go to the run's input, to ancestors and to ancestors of the maps around, to fields that they
have. Every decision that a run takes hangs on the input's `switches` or on a person, so that `scripts` can say in advance what a run does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import jsonata  # noqa: F401  (it raises the recursion limit when it is imported: before hypothesis looks, not within a test)
from hypothesis import strategies as st

from chalicelib.spec.model import Json, JsonObject
from tests.factories.bindings import Readable, text
from tests.factories.documents import ERROR, WORKERS, demand_of, edges_of, labels_of
from tests.factories.skeletons import SHAPES, Kind, Link, Skeleton, skeleton
from tests.factories.work_nodes import WORK

FEATURES = (
    "activate_all", "cases", "continue", "defaults", "distributed", "effect", "error_edge", "gate", "gate_timeout", "goto", "join", "message",
    "optional", "repeat", "reply", "retry", "sub_workflow", "timeout", "transform", "wait", "when_expression",
)  # fmt: skip
_MOST_READ = 12  # ancestors that one node chooses among


@st.composite
def documents(
    draw: st.DrawFn, *, max_nodes: int = 20, shapes: Sequence[str] = (*SHAPES, "mixed"), features: Sequence[str] = FEATURES, expressed: float = 0.2
) -> JsonObject:
    """A valid document. Shrinks to fewer features, fewer nodes and the first shape."""
    shape = draw(st.sampled_from(list(shapes)))
    used = draw(st.lists(st.sampled_from(list(features)), unique=True)) if features else []
    random = Random(draw(st.integers(0, 2**32)))
    return random_document(random, shape=shape, nodes=draw(st.integers(1, max_nodes)), features=used, expressed=expressed)


def random_document(
    random: Random, *, shape: str = "mixed", nodes: int = 12, features: Sequence[str] = FEATURES, expressed: float = 0.2
) -> JsonObject:
    """`expressed`: how many of the edges that could have an expression have one, where `when_expression` may be used."""
    author = _Author(random, frozenset(features), expressed)
    block = author.workflow(skeleton(random, shape, nodes))
    names = list(block.nodes)
    outputs: JsonObject = {name: f"${name}" for name in random.sample(names, min(3, len(names)))}
    document: JsonObject = {"sluice": 1, "name": f"{shape}-workflow", "title": f"A workflow of the shape {shape}", "input": author.input_schema()}
    return {**document, **block.as_json(), "output": {**outputs, "city": "$context.city"}}


@dataclass
class _Block:
    """A block that is being written: what stands in it, and what each of its nodes may read."""

    skeleton: Skeleton
    outside: list[Readable]
    nodes: dict[str, JsonObject] = field(default_factory=dict)
    edges: list[JsonObject] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.skeleton.nodes:
            self.sources[name] = []
        for link in self.skeleton.links:
            self.sources[link.target].append(link.source)

    def enter(self, name: str) -> None:
        before = self.sources[name]
        self.ancestors[name] = frozenset(before).union(*(self.ancestors[source] for source in before))

    def as_json(self) -> JsonObject:
        nodes: JsonObject = {**self.nodes}
        edges: list[Json] = [*self.edges]
        return {"nodes": nodes, "edges": edges}

    def readable(self, name: str, random: Random) -> list[Readable]:
        """Everything outside, and some of the node's ancestors."""
        ancestors = sorted(self.ancestors[name])
        chosen = random.sample(ancestors, min(_MOST_READ, len(ancestors)))
        return [*self.outside, *(Readable.of(ancestor, self.nodes[ancestor]) for ancestor in chosen)]


class _Author:
    def __init__(self, random: Random, features: frozenset[str], expressed: float) -> None:
        self._random = random
        self._features = features
        self._expressed = expressed
        self._switches: JsonObject = {}

    def workflow(self, shape: Skeleton) -> _Block:
        block = self.block(shape, [Readable.of_input(optional=self._may("optional"))])
        self._approved(block)
        return block

    def block(self, shape: Skeleton, outside: list[Readable]) -> _Block:
        block = _Block(shape, outside)
        for name, kind in shape.nodes.items():
            block.enter(name)
            block.nodes[name] = self._node(block, name, kind)
        for link in shape.links:
            self._link(block, link)
        self._errors(block)
        _keep_reachable(block)
        return block

    def input_schema(self) -> JsonObject:
        switches: list[Json] = [*sorted(self._switches)]
        price: JsonObject = {"type": "object", "properties": {"name": {"type": "string"}, "price": {"type": "number"}}, "required": ["name"]}
        properties: JsonObject = {
            "city": {"type": "string"},
            "count": {"type": "integer"},
            "limit": {"type": "number", **({"default": 10} if self._may("defaults") else {})},
            "note": {"type": "string"},
            "numbers": {"type": "array", "items": {"type": "number"}},
            "rows": {"type": "array", "items": price},
            "switches": {"type": "object", "properties": self._switches, "required": switches},
        }
        required: list[Json] = [name for name in properties if name not in {"note", *(("limit",) if self._may("defaults") else ())}]
        return {"type": "object", "properties": properties, "required": required}

    def _may(self, feature: str) -> bool:
        return feature in self._features

    def _draw(self, feature: str, chance: float = 0.5) -> bool:
        return self._may(feature) and self._random.random() < chance

    # --- nodes ---------------------------------------------------------------------------------------------------

    def _node(self, block: _Block, name: str, kind: Kind) -> JsonObject:
        match kind:
            case Kind.WORK:
                node = self._work(block, name)
            case Kind.SPLIT:
                node = self._split(block, name)
            case Kind.MERGE:
                node = self._merge(block, name)
            case Kind.EACH:
                node = self._each(block, name)
        if self._random.random() < 0.2:
            node["title"] = f"The node {name}"
        if node["type"] != "join" and len(block.sources[name]) > 1 and self._draw("activate_all", 0.2):
            node["activate"] = "all"
        return node

    def _work(self, block: _Block, name: str) -> JsonObject:
        wanted = [feature for feature in ("transform", "wait", "message", "reply", "sub_workflow") if self._may(feature)]
        kind = self._random.choice(["agent", "agent", "tool", "tool", *wanted])
        node = WORK[kind](self._random, block.readable(name, self._random))
        if node["type"] not in {"transform", "wait"}:
            self._worker_features(name, node)
        return node

    def _worker_features(self, name: str, node: JsonObject) -> None:
        if self._draw("retry"):
            node["retry"] = {"max_attempts": self._random.randint(2, 5), "jitter": self._random.choice(["none", "full"])}
        if self._draw("timeout"):
            node["timeout_seconds"] = self._random.randint(1, 600)
        if "output" in node and self._draw("repeat", 0.3):
            node["repeat"] = {"until": f"${name}.done", "max_times": self._random.randint(2, 4)}

    def _split(self, block: _Block, name: str) -> JsonObject:
        if self._draw("gate"):
            return self._gate(block, name)
        if self._draw("cases"):
            labels = ("low", "middle", "high")
            self._switches[name] = {"enum": [*labels]}
            cases: JsonObject = {label: f"$context.switches.{name} = '{label}'" for label in labels[:2]}
            return {"type": "condition", "cases": cases, "else": labels[2]}
        self._switches[name] = {"type": "boolean"}
        return {"type": "condition", "if": self._random.choice([f"$context.switches.{name}", f"{{% $context.switches.{name} = true %}}"])}

    def _gate(self, block: _Block, name: str) -> JsonObject:
        choices: list[Json] = self._random.choice([["approve", "reject"], ["yes", {"choice": "later", "approves": False}, "no"]])
        gate: JsonObject = {"type": "human_gate", "ask": text(self._random, block.readable(name, self._random)), "choices": choices}
        if self._draw("gate_timeout"):
            gate["timeout_seconds"] = self._random.randint(60, 86_400)
            if self._random.random() < 0.3:
                gate["on_timeout"] = labels_of(gate)[-2]
        return gate

    def _merge(self, block: _Block, name: str) -> JsonObject:
        if not self._may("join"):
            return self._work(block, name)
        count = len(block.sources[name])
        required: list[Json] = ["any", "any", "all", {"at_least": self._random.randint(1, count)}]
        return {"type": "join", "require": self._random.choice(required)}

    def _each(self, block: _Block, name: str) -> JsonObject:
        readable = block.readable(name, self._random)
        item = f"item_{name}"
        lists = [path for each in readable for path in each.lists]
        node: JsonObject = {"type": "map", "over": self._random.choice(["$context.numbers", "$context.rows", *lists]), "as": item}
        inner = self.block(block.skeleton.inner[name], [*readable, Readable(any=(f"${item}",))])
        node |= inner.as_json() | {"output": {"last": f"${list(inner.nodes)[-1]}", "item": f"${item}"}}
        return node | ({"mode": "distributed"} if self._draw("distributed", 0.3) else {})

    # --- edges ---------------------------------------------------------------------------------------------------

    def _link(self, block: _Block, link: Link) -> None:
        when = self._when(block, link)
        if when is None and self._random.random() < 0.4:
            after = block.nodes[link.target].setdefault("after", [])
            assert isinstance(after, list)
            after.append(link.source)
        else:
            block.edges.append({"from": link.source, "to": link.target, **({} if when is None else {"when": when})})

    def _when(self, block: _Block, link: Link) -> Json:
        labels = labels_of(block.nodes[link.source])
        if link.arm is not None:
            label = labels[link.arm % len(labels)]
            return {"true": True, "false": False}.get(label, label) if self._random.random() < 0.5 else label
        if self._draw("when_expression", self._expressed) and not labels:
            switch = f"{link.source}_{link.target}"
            self._switches[switch] = {"type": "boolean"}
            return f"$context.switches.{switch}"
        return None

    def _errors(self, block: _Block) -> None:
        """What follows a worker's failure: an edge or a goto to a later node that other edges lead to as well, or nothing but an output."""
        order = list(block.nodes)
        for index, name in enumerate(order):
            later = [target for target in order[index + 1 :] if block.sources[target]]
            if block.nodes[name]["type"] not in WORKERS:
                continue
            if self._draw("continue", 0.3):
                block.nodes[name]["on_error"] = "continue"
            elif later and self._draw("goto", 0.3):
                block.nodes[name]["on_error"] = {"goto": self._random.choice(later)}
            elif later and self._draw("error_edge", 0.3):
                block.edges.append({"from": name, "to": self._random.choice(later), "when": "error"})

    def _approved(self, block: _Block) -> None:
        """Behind a gate that no other gate precedes, something that only its approval may lead to."""
        edges = list(edges_of(block.as_json()))
        gates = [name for name, node in block.nodes.items() if node["type"] == "human_gate"]
        for gate in gates:
            if self._draw("effect") and not _before(edges, gate).intersection(gates):
                arguments: JsonObject = {"url": "https://example.com/pay", "json": {"limit": "$context.limit"}}
                paid: JsonObject = {"type": "tool_call", "tool": "http.post", "effect": "money", "with": arguments}
                block.nodes[f"{gate}_pay"] = paid
                block.edges.append({"from": gate, "to": f"{gate}_pay", "when": labels_of(block.nodes[gate])[0]})


def _before(edges: list[tuple[str, str, Json]], name: str) -> set[str]:
    """All nodes that edges lead from to this one."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        target = waiting.pop()
        new = {source for source, to, _ in edges if to == target} - found
        found |= new
        waiting += new
    return found


def _keep_reachable(block: _Block) -> None:
    """Nodes that demand edges which exclude each other, or failures, demand one edge only: each node is entered in some run in which nothing fails.

    `runs` has such a run for each node, told by what some nodes come out as.
    """
    edges: dict[str, list[tuple[str, Json]]] = {}
    for source, target, when in edges_of(block.as_json()):
        edges.setdefault(target, []).append((source, when))
    runs: dict[str, dict[str, str]] = {}
    for name, node in block.nodes.items():
        incoming = edges.get(name, [])
        ways = [_with_outcome(block, runs[source], source, when) for source, when in incoming if when != ERROR]
        found = _together([way for way in ways if way is not None], demand_of(node, len(incoming)))
        if found is None:
            node.pop("activate", None)
            node.update({"require": "any"} if node["type"] == "join" else {})
            found = next(way for way in ways if way is not None)
        runs[name] = found


def _with_outcome(block: _Block, run: dict[str, str], source: str, when: Json) -> dict[str, str] | None:
    """The run in which the edge is active too, None where the run says otherwise."""
    labels = labels_of(block.nodes[source])
    if not labels:
        return run
    wanted = str(when) if when in labels else run.get(source, labels[0])
    return {**run, source: wanted} if run.get(source, wanted) == wanted else None


def _together(ways: list[dict[str, str]], demand: int) -> dict[str, str] | None:
    """A run in which that many of the ways hold, as far as taking them one after the other finds it."""
    run: dict[str, str] = {}
    held = 0
    for way in ways:
        if held < demand and all(run.get(name, outcome) == outcome for name, outcome in way.items()):
            run, held = {**run, **way}, held + 1
    return run if held >= demand else None
