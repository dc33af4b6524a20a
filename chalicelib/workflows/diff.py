"""What differs between two workflow specs, as people who answer for them want to know it.

In: a spec before and after, with what a run of each takes if that is known. Out: `Difference`: nodes, edges, and every field with its aspect; what
the workflow uses of the world; the forecast; a summary of a few lines. Pure; `diff_text` makes the whole readable.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Final, Literal

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.workflows.diff_nodes import Edge, Pairs, pair
from chalicelib.workflows.diff_values import Kind, Leaf, Word, leaves, words
from chalicelib.workflows.spec_uses import Uses, uses_of

Aspect = Literal["node", "edge", "prompt", "text", "binding", "schema", "retry", "timeout", "gate", "permission", "model", "setting"]
SHOWN: Final = 12  # names in one line of a summary
FIGURES: Final = ("transitions", "invocations", "writes", "price_microdollars")

_ASPECTS: Final[Mapping[str, Aspect]] = {
    **dict.fromkeys(("prompt", "system", "text"), "prompt"),
    **dict.fromkeys(("title", "description"), "text"),
    **dict.fromkeys(("with", "over", "as", "value", "if", "cases", "else", "seconds", "until", "details", "attach", "to"), "binding"),
    **dict.fromkeys(("input", "form"), "schema"),
    **dict.fromkeys(("retry", "on_error", "repeat", "wait"), "retry"),
    **dict.fromkeys(("timeout_seconds", "expected_seconds"), "timeout"),
    **dict.fromkeys(("choices", "who", "channels", "reason", "on_timeout", "wait_for_reply"), "gate"),
    **dict.fromkeys(("tool", "tools", "effect", "workflow", "version", "on_failure"), "permission"),
    **dict.fromkeys(("model", "agent", "max_output_tokens", "thinking", "max_turns", "max_cost", "budget", "cache", "buffer"), "model"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """`path` is the one after, of what was removed the one before. `words` shows a text with what went and came. `node` is the id that it has now."""

    kind: Kind
    aspect: Aspect
    path: str
    node: str | None = None
    before: Json = None
    after: Json = None
    words: tuple[Word, ...] = ()

    def as_json(self) -> JsonObject:
        words: list[Json] = [[how, text] for how, text in self.words]
        document: JsonObject = {"kind": self.kind, "aspect": self.aspect, "path": self.path, "node": self.node}
        return {**document, "before": self.before, "after": self.after, "words": words}


@dataclass(frozen=True, slots=True)
class Used:
    """What is used of one kind (`secrets`, `effects`, …) that was not, and was and is not."""

    kind: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`forecast` has the figures that differ, each with `before` and `after`."""

    changes: tuple[Change, ...]
    uses: tuple[Used, ...] = ()
    forecast: Mapping[str, JsonObject] | None = None

    @property
    def is_same(self) -> bool:
        """Nothing of the document differs."""
        return not self.changes

    @property
    def summary(self) -> tuple[str, ...]:
        return tuple(_summary(self))

    def as_json(self) -> JsonObject:
        forecast: JsonObject = dict(self.forecast or {})
        return {
            "is_same": self.is_same,
            "summary": [*self.summary],
            "changes": [change.as_json() for change in self.changes],
            "uses": [{**asdict(each), "added": [*each.added], "removed": [*each.removed]} for each in self.uses],
            "forecast": forecast,
        }


def diff(before: WorkflowSpec, after: WorkflowSpec, *, forecasts: tuple[JsonObject, JsonObject] | None = None) -> Difference:
    """`forecasts`: those of both, as JSON."""
    pairs = pair(before, after)
    changes = (*_top(pairs), *_nodes(pairs), *_edges(pairs))
    return Difference(changes, tuple(_uses(_in_new_ids(uses_of(before), pairs), uses_of(after))), dict(_forecast(*forecasts)) if forecasts else None)


def _top(pairs: Pairs) -> Iterator[Change]:
    """The document beside its nodes and edges."""
    old, new = ({key: value for key, value in one.document.items() if key not in ("nodes", "edges")} for one in (pairs.before, pairs.after))
    for leaf in leaves(old, new, ""):
        field = leaf.path.partition(".")[0]
        yield _change(leaf, "binding" if field == "output" else _ASPECTS.get(field, "setting"))


def _nodes(pairs: Pairs) -> Iterator[Change]:
    old, new = pairs.before.bodies, pairs.after.bodies
    former = {name: earlier for earlier, name in pairs.renamed.items()}
    for name in (*(name for name in old if name not in new), *new):
        if name not in new:
            yield Change("removed", "node", f"nodes.{name}", name, before=old[name])
        elif name not in old:
            yield Change("added", "node", f"nodes.{name}", name, after=new[name])
        else:
            yield from _placed(pairs, name, former.get(name))
            yield from _fields(name, old[name], new[name])


def _placed(pairs: Pairs, name: str, former: str | None) -> Iterator[Change]:
    """Whether a node has another id, or stands in another map."""
    if former is not None:
        yield Change("renamed", "node", f"nodes.{name}", name, before=former, after=name)
    block, place = pairs.before.blocks[name], pairs.after.blocks[name]
    if block != place:
        yield Change("moved", "node", f"nodes.{name}", name, before=block or None, after=place or None)


def _fields(name: str, old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """What differs within one node. Another type is another node under the same id: it is told alone."""
    kind = new["type"]
    if old["type"] != kind:
        yield Change("changed", "node", f"nodes.{name}.type", name, before=old["type"], after=kind)
        return
    for leaf in leaves(old, new, ""):
        field = leaf.path.partition(".")[0]
        yield _change(Leaf(leaf.kind, f"nodes.{name}.{leaf.path}", leaf.before, leaf.after), _aspect(str(kind), field), name)


def _aspect(kind: str, field: str) -> Aspect:
    """What a node's field is about; two names mean different things in different types."""
    match field:
        case "output":
            return "schema" if kind == "agent_call" else "binding"
        case "ask":
            return "gate" if kind == "agent_call" else "prompt"
        case _:
            return _ASPECTS.get(field, "setting")


def _change(leaf: Leaf, aspect: Aspect, node: str | None = None) -> Change:
    both_texts = isinstance(leaf.before, str) and isinstance(leaf.after, str)
    told = words(str(leaf.before), str(leaf.after)) if both_texts and aspect in ("prompt", "text") else ()
    return Change(leaf.kind, aspect, leaf.path, node, leaf.before, leaf.after, told)


def _edges(pairs: Pairs) -> Iterator[Change]:
    """Edges of nodes that are in both; those of a node that came or went come and go with it, and are told too."""
    gone, come = sorted(pairs.before.edges - pairs.after.edges), sorted(pairs.after.edges - pairs.before.edges)
    for edge in gone:
        other = [each for each in come if each[:2] == edge[:2]]
        if len(other) == 1 and sum(each[:2] == edge[:2] for each in gone) == 1:
            come.remove(other[0])
            yield Change("changed", "edge", _place(edge), None, before=edge.when, after=other[0].when)
        else:
            yield Change("removed", "edge", _place(edge), None, before=edge.when)
    yield from (Change("added", "edge", _place(edge), None, after=edge.when) for edge in come)


def _place(edge: Edge) -> str:
    return f"{edge.source} -> {edge.target}"


def _in_new_ids(uses: Uses, pairs: Pairs) -> Uses:
    """Effects are told with their nodes: a node that was only renamed has the effect that it had."""
    told = (effect.partition(": ") for effect in uses.effects)
    return replace(uses, effects=tuple(sorted(f"{effect}: {pairs.renamed.get(node, node)}" for effect, _, node in told)))


def _uses(before: Uses, after: Uses) -> Iterator[Used]:
    for each in fields(Uses):
        old, new = getattr(before, each.name), getattr(after, each.name)
        added, removed = tuple(use for use in new if use not in old), tuple(use for use in old if use not in new)
        if added or removed:
            yield Used(each.name, added, removed)


def _forecast(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for figure in FIGURES:
        if before.get(figure) != after.get(figure):
            yield figure, {"before": before.get(figure), "after": after.get(figure)}


def _summary(difference: Difference) -> Iterator[str]:
    """One line a kind of change, what matters most to whoever answers for it among the first."""
    if difference.is_same:
        yield "nothing differs"
    for use in difference.uses:
        if use.added and use.kind in ("effects", "secrets"):
            yield f"{use.kind} added: {_some(use.added)}"
    for kind in ("added", "removed", "renamed", "moved"):
        names = [change for change in difference.changes if change.aspect == "node" and change.kind == kind]
        if names:
            yield f"nodes {kind}: {_some([_named(change) for change in names])}"
    for aspect in ("node", "gate", "permission", "prompt", "schema", "binding", "model", "retry", "timeout", "text", "setting"):
        places = [change.path for change in difference.changes if change.aspect == aspect and (aspect != "node" or change.kind == "changed")]
        if places:
            yield f"{'node types' if aspect == 'node' else aspect} changed: {_some([*dict.fromkeys(places)])}"
    edges = [
        f"{change.path}{f' ({when})' if (when := change.after or change.before) else ''} {change.kind}"
        for change in difference.changes
        if change.aspect == "edge"
    ]
    if edges:
        yield f"edges: {_some(edges)}"


def _some(names: Sequence[str]) -> str:
    """A summary names so many and counts the rest."""
    more = len(names) - SHOWN
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:SHOWN])} and {more} more"


def _named(change: Change) -> str:
    return f"{change.before} -> {change.after}" if change.kind == "renamed" else str(change.node)
