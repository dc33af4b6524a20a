"""Random layered workflows: as wide as they are deep, each node reading what one to three (or up to `most`) nodes of the layer before it put out.

In: a number of nodes. Out: the spec as an author would write it, as text. The same numbers give the same text.
"""

from math import isqrt
from random import Random

from chalicelib.spec.model import JsonObject


def layered_text(count: int, *, most: int = 3) -> str:
    """YAML."""
    lines = ["sluice: 1", f"name: layered-{count}", "input: {type: object}", "nodes:"]
    nodes = layered_nodes(count, most=most)
    for name, node in nodes.items():
        lines += [f"  {name}:", *(f"    {key}: {value}" for key, value in node.items())]
    return "\n".join([*lines, f"output: ${list(nodes)[-1]}", ""])


def layered_nodes(count: int, *, most: int = 3) -> dict[str, JsonObject]:
    """The fields of each node as YAML text."""
    random = Random(count)
    width = isqrt(count)
    nodes: dict[str, JsonObject] = {}
    for index in range(count):
        layer, place = divmod(index, width)
        above = range((layer - 1) * width, layer * width) if layer else range(0)
        others = random.sample(above, min(len(above), random.randint(0, most - 1)))
        parents = sorted({*others, above[place]}) if layer else []
        query = "".join(f", p{parent}: $n{parent}.status" for parent in parents)
        nodes[f"n{index}"] = {
            "type": "tool_call",
            "tool": "http.get",
            "with": f"{{url: 'https://example.com/{index}', query: {{n: {index}{query}}}}}",
            "after": f"[{', '.join(f'n{parent}' for parent in parents)}]",
            "expected_seconds": round(random.uniform(1, 20), 2),
        }
    return nodes
