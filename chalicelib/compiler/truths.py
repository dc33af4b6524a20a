"""What an edge's expression came to, kept in a variable: assigned by the state that settles the edge's source, read by name wherever it is asked.

In: an outline as drawn, before its ways are folded; the graph that was drawn. Out: the same outline: ways that assign a source's output also assign
its settled edges, and edges that are asked so often that it pays are settled too. No state is added.

On a way on which the source is skipped, or fails without the run counting that as success, the truth is null. So a truth that is true or false tells
that its source ran and succeeded; `questions` relies on that.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.code import Key, Template, codes_in
from chalicelib.compiler.graph import WorkflowGraph
from chalicelib.compiler.names import node_of
from chalicelib.compiler.outline import Decide, Scope, State, Transition, all_scopes
from chalicelib.compiler.sheet import Outline
from chalicelib.compiler.ways import ERROR_OUTPUT
from chalicelib.spec.nodes import Node

PAYS: Final = 400  # characters that reading it by name saves
_NAME: Final = 12  # characters of a variable's name, about


def settle_truths(outline: Outline, graph: WorkflowGraph) -> None:
    nodes = {name: block.nodes[name] for block in graph.blocks.values() for name in block.order}
    outline.settled.update({key: None for key in _paying(outline) if node_of(key) in nodes})
    truths: dict[str, list[Key]] = {}
    for key in outline.settled:
        truths.setdefault(node_of(key), []).append(key)
    for scope in all_scopes(outline.root):
        for state in scope.states.values():
            for way, source in list(_settling(state)):
                for key in truths.get(source, ()):
                    way.assigns.setdefault(key, _truth(key, way, nodes[source], outline))


def _settling(state: State) -> Iterator[tuple[Transition, str]]:
    """The ways on which a node settles. A node that repeats, or is entered again, does so where its loop ends."""
    for way in state.exits():
        for key in way.assigns:
            if key.kind == "output" and way.target not in (key.name, f"{key.name}--again", f"{key.name}--next"):
                yield way, key.name
    if isinstance(state, Decide) and state.role == "again":
        yield state.rules[0][1], state.node
    if isinstance(state, Decide) and state.role == "next" and state.default.target != f"{state.node}--again":
        yield state.default, state.node


def _truth(key: Key, way: Transition, source: Node, outline: Outline) -> Template:
    failed = way.assigns.get(Key("output", node_of(key))) is ERROR_OUTPUT and source.on_error != "continue"
    return None if failed else outline.derived[key].after()


def _paying(outline: Outline) -> list[Key]:
    """Edges whose expression stands in so many places that a name pays."""
    places: Counter[Key] = Counter(key for scope in all_scopes(outline.root) for key in _asked(scope))
    lengths = {key: sum(len(part) if isinstance(part, str) else _NAME for part in outline.derived[key].parts) for key in places}
    return [key for key in places if (places[key] - 1) * (lengths[key] - _NAME) > PAYS]


def _asked(scope: Scope) -> Iterator[Key]:
    """The edges whose expression stands in the scope, as often as it does."""
    for state in scope.states.values():
        templates = [*state.reads(), *(template for way in state.exits() for template in way.assigns.values())]
        for part in (part for template in templates for each in codes_in(template) for part in each.parts):
            if not isinstance(part, str) and part.key.kind == "active":
                yield part.key
