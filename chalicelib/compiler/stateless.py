"""Which nodes take no state: explicit fan-out points, and joins whose output nobody reads.

In: a graph. Out: node ids. A node counts as read where its reference `$id` stands anywhere in the spec, even in a text: that errs on the side of a
state too many.
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.spec.model import Json
from chalicelib.spec.nodes import Join, Parallel
from chalicelib.spec.workflow import WorkflowSpec

_REFERENCE: Final = re.compile(r"\$([a-z][a-z0-9_]*)")


def stateless(graph: WorkflowGraph) -> frozenset[str]:
    read = mentioned(graph.spec)
    nodes = [item for block in graph.blocks.values() for item in block.nodes.items()]
    return frozenset(name for name, node in nodes if isinstance(node, Parallel) or (isinstance(node, Join) and name not in read))


def mentioned(spec: WorkflowSpec) -> frozenset[str]:
    """Every name that stands behind a `$` in the spec."""
    return frozenset(name for text in _texts(spec.model_dump(mode="json")) for name in _REFERENCE.findall(text))


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)
        case None | int() | float():
            pass
