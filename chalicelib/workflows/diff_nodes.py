"""Which node of one spec is which of another: the same id, or another id that says the same.

In: two specs. Out: `Pairs`: nodes by id without their edges, edges as triples, ids before -> after, and the spec before in the ids of the spec after.
Pure. A node that went and one that came are one that was renamed where they are of one type and mostly alike; of nodes that say next to nothing,
their neighbours decide.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from chalicelib.spec.canonical import dump
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.diff_values import likeness

ALIKE: Final = 0.6  # of the fields, beside the type
_AROUND: Final = 0.25  # what the same neighbours count


class Edge(NamedTuple):
    source: str
    target: str
    when: str  # empty: when the source succeeded


@dataclass(frozen=True)
class Sketch:
    """A spec as it is compared: `bodies` are nodes without what stands in `edges` and without nodes inside them; `blocks` says in which map each
    is."""

    document: JsonObject
    bodies: Mapping[str, JsonObject]
    blocks: Mapping[str, str]
    edges: frozenset[Edge]

    def neighbours(self, name: str) -> frozenset[tuple[str, str]]:
        """What lies before and behind it, by direction."""
        behind = {(">", edge.target) for edge in self.edges if edge.source == name}
        return frozenset(behind | {("<", edge.source) for edge in self.edges if edge.target == name})


def sketch(document: JsonObject) -> Sketch:
    """The sketch of a spec's document (`canonical.dump`)."""
    bodies: dict[str, JsonObject] = {}
    blocks: dict[str, str] = {}
    edges: set[Edge] = set()
    for block, nodes, authored in _blocks(document, ""):
        edges |= {Edge(str(edge["from"]), str(edge["to"]), _when(edge.get("when"))) for edge in authored}
        for name, node in nodes.items():
            bodies[name], blocks[name] = {key: value for key, value in node.items() if key not in ("after", "nodes", "edges")}, block
            edges |= set(_edges_of(name, node))
    return Sketch(document, bodies, blocks, frozenset(edges))


def _blocks(holder: JsonObject, name: str) -> Iterator[tuple[str, dict[str, JsonObject], list[JsonObject]]]:
    nodes: dict[str, JsonObject] = holder["nodes"]  # type: ignore[assignment]  # a spec's document
    edges: list[JsonObject] = holder.get("edges", [])  # type: ignore[assignment]
    yield name, nodes, edges
    for inner, node in nodes.items():
        if node["type"] == "map":
            yield from _blocks(node, inner)


def _edges_of(name: str, node: JsonObject) -> Iterator[Edge]:
    after, on_error = node.get("after"), node.get("on_error")
    yield from (Edge(str(source), name, "") for source in (after if isinstance(after, list) else ()))
    if isinstance(on_error, dict):
        yield Edge(name, str(on_error["goto"]), "error")


def _when(value: Json) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Pairs:
    """`before` is told in the ids of `after`; `renamed` maps the ids that it had."""

    before: Sketch
    after: Sketch
    renamed: Mapping[str, str]


def pair(before: WorkflowSpec, after: WorkflowSpec) -> Pairs:
    """Match the nodes of two specs."""
    old, new = sketch(dump(before)), sketch(dump(after))
    renamed = _renamed(old, new)
    return Pairs(sketch(_in_new_ids(old.document, renamed)), new, renamed)


def _renamed(old: Sketch, new: Sketch) -> dict[str, str]:
    """The best matches first; each id once."""
    gone = [name for name in old.bodies if name not in new.bodies]
    come = [name for name in new.bodies if name not in old.bodies]
    matches = sorted(
        (-score, position, name, other) for position, name in enumerate(gone) for other in come if (score := _score(old, name, new, other)) >= ALIKE
    )
    found: dict[str, str] = {}
    for _, _, name, other in matches:
        if name not in found and other not in found.values():
            found[name] = other
    return found


def _score(old: Sketch, name: str, new: Sketch, other: str) -> float:
    before, after = _own(old.bodies[name], name), _own(new.bodies[other], other)
    if before.pop("type") != after.pop("type"):
        return 0.0
    around = old.neighbours(name) == new.neighbours(other) != frozenset()
    if not before and not after:
        return 1.0 if around else 0.0
    return likeness(before, after) + (_AROUND if around else 0.0)


def _own(body: JsonObject, name: str) -> JsonObject:
    """The body with its own id told alike, whatever it is."""
    own = _in_new_ids(body, {name: "self"})
    own.pop("title", None)
    return own


def _in_new_ids(document: JsonObject, renamed: Mapping[str, str]) -> JsonObject:
    """A document with its nodes renamed, and read by their new names. For comparing alone: a text that only looks like a reference changes too."""
    if not renamed:
        return dict(document)
    reads = re.compile(rf"(?<!\$)\$({'|'.join(map(re.escape, sorted(renamed)))})(?![A-Za-z0-9_])")

    def told(value: Json, place: str = "") -> Json:
        match value:
            case dict() if place == "nodes":
                return {renamed.get(key, key): told(member) for key, member in value.items()}
            case dict():
                return {key: told(member, key) for key, member in value.items()}
            case list():
                return [told(each, "to" if place == "after" else "") for each in value]
            case str() if place in ("from", "to", "goto") and value in renamed:
                return renamed[value]
            case str():
                return reads.sub(lambda found: f"${renamed[found[1]]}", value)
            case _:
                return value

    return {key: told(value, key) for key, value in document.items()}
