"""Where a value that the engine only moves may still be a pointer record: in outputs of transforms and maps, and in items.

In: a graph. Out: `Holdings`: what each native output and each item is made of (`held`), where in a key's value a pointer record may stand (`spots`).
Only the spec is asked, nothing that is drawn: who reads is drawn before what is read.

A path here is a tuple of field names. `EACH` stands for the items of a list, at the end of a path for the list as such: how many it has.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from chalicelib.compiler.code import CONTEXT, ENVELOPE, Key
from chalicelib.compiler.collecting import is_collected
from chalicelib.compiler.graph import Block, WorkflowGraph
from chalicelib.spec.bindings import Binding, Items, Members, Value, parse_bare, parse_binding
from chalicelib.spec.expression import Expression, Reference
from chalicelib.spec.nodes import Map, SubWorkflow, Transform, is_served

Path = tuple[str, ...]
EACH: Final = "[]"
SOMEWHERE: Final = "?"  # an expression puts it where nobody can say
_COMPARED_BEFORE: Final = re.compile(r"(?:(?<!:)=|\b(?:and|or|in)|\$(?:type|not|boolean|exists)\()\s*$")
_COMPARED_AFTER: Final = re.compile(r"\s*(?:!?=|(?:and|or|in)\b)")


@dataclass(frozen=True, slots=True)
class Held:
    """At `position` of the holder's value stands what `path` of `source` leads to. `moved`: by pointer, where the source is one."""

    position: Path
    source: Key
    path: Path = ()
    moved: bool = False


@dataclass(frozen=True)
class Holdings:
    graph: WorkflowGraph
    held: dict[Key, tuple[Held, ...]] = field(default_factory=dict)
    _spots: dict[Key, frozenset[Path]] = field(default_factory=dict)

    @staticmethod
    def of(graph: WorkflowGraph) -> "Holdings":
        found = Holdings(graph)
        for block in graph.blocks.values():
            for name, node in block.nodes.items():
                match node:
                    case Transform():
                        found.held[Key("output", name)] = tuple(found._of_binding(parse_binding(node.value), block, ()))
                    case Map():
                        found.held[Key("output", name)] = tuple(found._of_output(node, graph.blocks[(*block.path, name)]))
                        found.held[Key("item", name)] = tuple(found._of_items(node, block))
                    case _:
                        pass
        return found

    def spots(self, key: Key) -> frozenset[Path]:
        """Where in the key's value a pointer record may stand: `()` is the value itself."""
        if key not in self._spots:
            self._spots[key] = frozenset()  # a node that reads itself (a loop) adds nothing of its own
            self._spots[key] = frozenset(self._found_spots(key))
        return self._spots[key]

    def may_point(self, key: Key) -> bool:
        """Whether what S3 holds may be put in place of the value, whatever it is made of."""
        if key.kind != "output":
            return key == CONTEXT
        return any(is_served(node) or (isinstance(node, Map) and is_collected(node)) for node in self._nodes(key.name))

    def is_at_hand(self, key: Key, reference: Reference) -> bool:
        """Whether the reference stops where pointer records stand or before, so that it moves them as they are."""
        path = tuple(EACH if isinstance(step, int) else step for step in reference.path)
        met = [left for left in (along(path, spot) for spot in self.spots(key)) if left is not None]
        return bool(path and met) and not any(left for left, _ in met)

    def may_be_list(self, key: Key) -> bool:
        """Whether what may be a pointer record may stand for a list."""
        return key.kind == "output" and self.may_point(key) and any(isinstance(node, Map | SubWorkflow) for node in self._nodes(key.name))

    def _nodes(self, name: str) -> "Iterator[object]":
        return (block.nodes[name] for block in self.graph.blocks.values() if name in block.nodes)

    def _found_spots(self, key: Key) -> Iterator[Path]:
        if self.may_point(key):
            yield ()
        for held in self.held.get(key, ()):
            for spot in self._spots_at(held.source, held.path):
                yield (*held.position, *spot)
            if held.moved and self.record_of(held.source, held.path) is not None:
                yield held.position

    def record_of(self, key: Key, names: Path) -> Path | None:
        """How far the names lead to a value that may be a pointer record; None where none may stand on the way. The whole way counts."""
        spots = sorted(spot for spot in self.spots(key) if spot == names[: len(spot)])
        return spots[0] if spots else None

    def _spots_at(self, source: Key, path: Path) -> Iterator[Path]:
        """The spots in what the path leads to. An item of a list that may lie in S3 may be a pointer; a field of it is read where it is."""
        for spot in self.spots(source):
            left = along(path, spot)
            if left is not None and (left[1] or not left[0] or EACH in left[0]):
                yield left[1]

    def _of_items(self, node: Map, block: Block) -> Iterator[Held]:
        """What a map's item is made of; an expression's items are read by the engine, so they are there."""
        if not isinstance(node.over, str):
            for item in node.over:
                yield from self._of_binding(parse_binding(item), block, ())
            return
        over = parse_bare(node.over)
        if isinstance(over, Value) and over.expression.is_reference:
            names = names_of(over.expression.references[0])
            if names is not None:
                yield Held((), key_at(self.graph, block.path, over.expression.references[0].root), (*names, EACH))

    def _of_output(self, node: Map, inner: Block) -> Iterator[Held]:
        if node.output is not None:
            for held in self._of_binding(parse_binding(node.output), inner, (EACH,)):
                yield replace(held, moved=bool(held.path) and EACH not in held.path)
            return
        last = last_nodes(inner)
        for name in last:
            yield Held((EACH,) if len(last) == 1 else (EACH, name), Key("output", name))

    def _of_binding(self, binding: Binding, block: Block, position: Path) -> Iterator[Held]:
        match binding:
            case Value(expression):
                yield from self._of_expression(expression, block, position)
            case Members(members):
                for name, member in members.items():
                    yield from self._of_binding(member, block, (*position, name))
            case Items(items):
                for item in items:
                    yield from self._of_binding(item, block, (*position, EACH))
            case _:
                return

    def _of_expression(self, expression: Expression, block: Block, position: Path) -> Iterator[Held]:
        for reference in expression.references:
            key = key_at(self.graph, block.path, reference.root)
            if expression.is_reference:
                yield Held(position, key, tuple(EACH if isinstance(step, int) else step for step in reference.path))
            elif not reference.path and not reference.operand and not is_compared(expression, reference):
                yield Held((*position, SOMEWHERE), key)


def key_at(graph: WorkflowGraph, path: tuple[str, ...], root: str) -> Key:
    """The key that a reference's root stands for in the block at `path`."""
    if root == "context":
        return CONTEXT
    if root == "run":
        return ENVELOPE
    for depth in range(len(path), 0, -1):
        owner = graph.blocks[path[: depth - 1]].nodes[path[depth - 1]]
        assert isinstance(owner, Map)
        if owner.as_ == root:
            return Key("item", path[depth - 1])
    return Key("output", root)


def last_nodes(block: Block) -> list[str]:
    """What a map without an `output` puts out per item."""
    return [name for name in block.order if not block.outgoing[name]]


def names_of(reference: Reference) -> Path | None:
    """The reference's path, where it has only fields with plain names."""
    names = tuple(step for step in reference.path if isinstance(step, str) and re.fullmatch(r"[A-Za-z_]\w*", step))
    return names if len(names) == len(reference.path) else None


def along(path: Path, spot: Path) -> tuple[Path, Path] | None:
    """What is left of both where they go the same way, None where they part. JSONata maps over lists by itself, so EACH may be on one side only."""
    at, reached = 0, 0
    while at < len(path) and reached < len(spot):
        if spot[reached] == SOMEWHERE:
            break
        if path[at] == spot[reached]:
            at, reached = at + 1, reached + 1
        elif spot[reached] == EACH:
            reached += 1
        elif path[at] == EACH:
            at += 1
        else:
            return None
    return path[at:], spot[reached:]


def is_compared(expression: Expression, reference: Reference) -> bool:
    """Whether the value only decides something, and goes nowhere."""
    before, after = expression.text[: reference.start], expression.text[reference.end :]
    return bool(_COMPARED_BEFORE.search(before) or _COMPARED_AFTER.match(after))


def followed(needed: Mapping[Key, set[Path]], holdings: Holdings) -> dict[Key, set[Path]]:
    """What the engine reads of each key, and with it of all that those values are made of."""
    found: dict[Key, set[Path]] = {}
    todo = [(key, path) for key, paths in needed.items() for path in paths]
    while todo:
        key, path = todo.pop()
        if path in found.setdefault(key, set()):
            continue
        found[key].add(path)
        for held in holdings.held.get(key, ()):
            rest = _rest(path, held.position)
            if rest is not None:
                todo.append((held.source, _joined(held.path, rest)))
    _keep_moved(found, holdings)
    return found


def _keep_moved(needed: dict[Key, set[Path]], holdings: Holdings) -> None:
    """A value that is moved out of a pointer record is whole there or not at all: what is read of it in part is kept whole."""
    for held in (held for several in holdings.held.values() for held in several if held.moved):
        paths = needed.get(held.source, set())
        if any(len(path) > len(held.path) and path[: len(held.path)] == held.path for path in paths):
            paths.add(held.path)


def _rest(need: Path, position: Path) -> Path | None:
    """What is read of the value at a position where `need` is read of its holder; None: nothing, `()`: all of it."""
    left = along(need, position)
    if left is None:
        return None
    more, further = left
    if further[:1] == (SOMEWHERE,):
        return ()
    is_length = not more and need[-1:] == (EACH,)
    return None if is_length else more if not further else ()


def _joined(path: Path, rest: Path) -> Path:
    """All of each item is all of the list."""
    return (*path, *rest) if rest or path[-1:] != (EACH,) else path[:-1]


def is_whole(paths: set[Path], path: Path) -> bool:
    """Whether all that the path leads to is read."""
    return any(path[:length] in paths and path[length - 1 : length] != (EACH,) for length in range(len(path) + 1))


def texts_of(paths: set[Path]) -> list[str]:
    """The paths in the words of a worker's payload, in order, without lists that are whole anyway."""
    return sorted(_text(path) for path in paths if EACH not in path or not is_whole(paths, path[: path.index(EACH)]))


def _text(path: Path) -> str:
    return ".".join(path).replace(f".{EACH}", EACH) or "*"
