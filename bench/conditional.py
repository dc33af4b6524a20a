"""Random layered workflows in which nearly every edge has a condition: what people make who decide at every turn.

In: a number of nodes. Out: the spec as an author would write it, as text. The same number gives the same text. Each node hangs on one to three
(or up to `most`) nodes of the layer before it; nine edges of ten have a `when`: an expression over what their source put out, or an outcome of it.
"""

from dataclasses import dataclass, field
from math import isqrt
from random import Random
from typing import Final

PLAIN: Final = 0.1  # of the edges
_TYPES: Final = ("tool_call", "agent_call", "condition", "human_gate")
_WEIGHTS: Final = (5, 3, 1, 1)
_SCORED: Final = "{type: object, properties: {score: {type: number}, kind: {type: string}}, required: [score, kind]}"
_WHENS: Final = {
    "tool_call": ("{0}.status >= 200 and {0}.status < 300", "{0}.body.state = 'open'", "$count({0}.body.rows) > 3"),
    "agent_call": ("{0}.score > 0.5", "{0}.kind = 'urgent' or {0}.score >= 0.9", "{0}.kind != 'spam'"),
    "condition": ("true", "false"),
    "human_gate": ("approve", "reject"),
}


def conditional_text(count: int, *, most: int = 3) -> str:
    """YAML."""
    author = _Author(Random(count))
    width = isqrt(count)
    for index in range(count):
        above = [author.name(each) for each in range((index // width - 1) * width, index // width * width) if each >= 0]
        author.write(index, sorted(author.random.sample(above, min(len(above), author.random.randint(1, most)))))
    nodes, edges = "\n".join(author.nodes), "\n".join(author.edges)
    return f"sluice: 1\nname: conditional-{count}\ninput: {{type: object}}\nnodes:\n{nodes}\nedges:\n{edges}\noutput: ${author.name(count - 1)}\n"


@dataclass
class _Author:
    random: Random
    nodes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)

    def name(self, index: int) -> str:
        return f"task_{index}"

    def write(self, index: int, sources: list[str]) -> None:
        name = self.name(index)
        kind = self.random.choices(_TYPES, _WEIGHTS)[0] if sources else "tool_call"
        self.types[name] = kind
        self.nodes.append(f"  {name}: {{type: {kind}, {self._fields(kind, index, sources)}}}")
        self.edges.extend(self._edge(source, name) for source in sources)

    def _fields(self, kind: str, index: int, sources: list[str]) -> str:
        match kind:
            case "tool_call":
                query = "".join(f", {source}: ${source}" for source in sources)
                continued = ", on_error: continue" if self.random.random() < 0.2 else ""
                return f"tool: http.get, with: {{url: 'https://example.com/{index}', query: {{n: {index}{query}}}}}{continued}"
            case "agent_call":
                return f"prompt: 'Look at {' and '.join(f'{{{{ ${source} }}}}' for source in sources)}', output: {_SCORED}"
            case "condition":
                return f'if: "$exists(${sources[0]})"'
            case _:
                return f"ask: 'Go on with {{{{ ${sources[0]} }}}}?'"

    def _edge(self, source: str, target: str) -> str:
        if self.random.random() < PLAIN:
            return f"  - {{from: {source}, to: {target}}}"
        when = self.random.choice(_WHENS[self.types[source]]).format(f"${source}")
        return f'  - {{from: {source}, to: {target}, when: "{when}"}}'
