"""Which maps have more results than a state can hold: the engine writes them to S3, and a Task of the worker collects them.

In: a map. Out: `is_collected`, decided by the spec alone. A map of few items never takes this state more.
"""

from typing import Final

from chalicelib.spec.bindings import expressions, parse_binding
from chalicelib.spec.nodes import Map

INLINE_LIMIT: Final = 40  # an inline map runs at most 40 items at once (AWS)
STATE_BYTES: Final = 204_800  # of the 262,144 that AWS lets a state put out
LEAST_BYTES: Final = 512  # of one value in a result: a pointer record with a little beside it


def is_distributed(node: Map) -> bool:
    if node.mode is not None:
        return node.mode == "distributed"
    return max(node.max_items or 0, node.concurrency or 0) > INLINE_LIMIT


def most_items(node: Map) -> int | None:
    """How many items there may be, None where nothing says."""
    return node.max_items if isinstance(node.over, str) else len(node.over)


def is_collected(node: Map) -> bool:
    """Distributed, and even pointers to its results may be too many for one state."""
    most = most_items(node)
    values = max(1, len(tuple(expressions(parse_binding(node.output)))))
    return is_distributed(node) and (most is None or most * values * LEAST_BYTES > STATE_BYTES)
