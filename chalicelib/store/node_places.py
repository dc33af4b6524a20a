"""Where the nodes of a version stand: within which maps, and of which type.

In: a version's canonical spec. Out: `NodePlace` by node id. A node run's item path names the maps around it (`questions:3/inner:0`), so a node in no
map has none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.native_tools import NATIVE_SIGNATURES
from chalicelib.store.workflow_records import Version
from chalicelib.store.workflows import get_version


@dataclass(frozen=True, slots=True)
class NodePlace:
    """`maps` are the ids of the maps around the node, outermost first."""

    node: str
    type: str
    maps: tuple[str, ...]
    is_native_call: bool = False  # a tool call that the engine makes itself

    def item_path(self, within: str) -> str:
        """The node's item path as seen from an item path at or below it: its first parts, one for each map around the node."""
        return "/".join(within.split("/")[: len(self.maps)]) if self.maps else ""


@lru_cache(maxsize=64)
def places_of(organisation_id: str, version_id: str) -> Mapping[str, NodePlace]:
    """All nodes of a version in authored order, those of maps after their map. Raises VersionNotFound."""
    version: Version = get_version(organisation_id, version_id)
    return {place.node: place for place in _places(version.spec, ())}


def _places(block: JsonObject, maps: tuple[str, ...]) -> Iterator[NodePlace]:
    for name, node in _objects(block.get("nodes")):
        kind = node.get("type")
        yield NodePlace(name, kind if isinstance(kind, str) else "", maps, is_native_call=node.get("tool") in NATIVE_SIGNATURES)
        yield from _places(node, (*maps, name))


def _objects(value: Json) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, dict):
                yield name, member


def enclosing_maps(item_path: str) -> tuple[tuple[str, str], ...]:
    """The map nodes around an item, as (node, item path): of `questions:3/inner:0` these are `questions` and `inner` in `questions:3`."""
    parts = item_path.split("/") if item_path else []
    return tuple((part.rpartition(":")[0], "/".join(parts[:position])) for position, part in enumerate(parts))
