"""What a name means where it is read: which root of a reference is visible from where, and whether it has settled by then.

In: the graph, a place (a node of a block, or the block's own output) and a root name. Out: `Meaning`. It never looks at fields.

A place sees its own block, the blocks around it as the map saw them, and the items of the maps around it. A read that happens once its node has
settled (`until`, the `when` of an edge from it) also sees that node's own output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.spec.nodes import Map, WorkerNode


class Meaning(Enum):
    CONTEXT = "the run's input"
    RUN = "the run itself"
    ITEM = "the item of a map around it"
    OWN = "the node's own output"
    EARLIER = "the output of a node that is settled before"
    LATER = "the output of a node that is not certainly settled before"
    INSIDE = "the output of a node inside a map, read from outside"
    UNKNOWN = "nothing"


@dataclass(frozen=True, slots=True)
class Place:
    """Who reads: the node `node` of the block `path`, or that block's output (None); `settled`: once the node has settled."""

    path: tuple[str, ...]
    node: str | None
    settled: bool = False

    def seen_from(self, block: tuple[str, ...]) -> str | None:
        """The node of a block around it, or of its own, that stands for this place there."""
        return self.node if self.path == block else self.path[len(block)]


class Scope:
    """The names of one graph."""

    def __init__(self, graph: WorkflowGraph) -> None:
        self.graph = graph
        self.homes: Mapping[str, Block] = {name: block for block in graph.blocks.values() for name in block.nodes}

    def meaning(self, place: Place, root: str) -> Meaning:
        if root == "context":
            return Meaning.CONTEXT
        if root == "run":
            return Meaning.RUN
        if self.map_of_item(place, root) is not None:
            return Meaning.ITEM
        home = self.homes.get(root)
        if home is None:
            return Meaning.UNKNOWN
        if place.path[: len(home.path)] != home.path:
            return Meaning.INSIDE
        return self._in_block(place, root, home)

    def _in_block(self, place: Place, root: str, home: Block) -> Meaning:
        reader = place.seen_from(home.path)
        if reader is None:
            return Meaning.EARLIER
        if reader == root:  # read inside the map itself, it is not there yet
            return Meaning.OWN if place.node == root and (place.settled or self.repeats(root)) else Meaning.LATER
        return Meaning.EARLIER if home.ancestors.is_before(root, reader) else Meaning.LATER

    def repeats(self, name: str) -> bool:
        node = self.homes[name].nodes[name]
        return isinstance(node, WorkerNode) and node.repeat is not None

    def map_of_item(self, place: Place, root: str) -> str | None:
        """The innermost map around the place whose item has this name."""
        return next((name for name, item in reversed(self._items(place)) if item == root), None)

    def _items(self, place: Place) -> list[tuple[str, str]]:
        """The maps around the place and what each calls its item, outermost first."""
        around = [(name, self.homes[name].nodes[name]) for name in place.path]
        return [(name, node.as_) for name, node in around if isinstance(node, Map)]

    def visible(self, place: Place) -> list[str]:
        """The roots that may be read there, for hints."""
        items = [item for _, item in self._items(place)]
        nodes = [name for name in self.homes if self.meaning(place, name) in (Meaning.EARLIER, Meaning.OWN)]
        return ["context", "run", *items, *nodes]
