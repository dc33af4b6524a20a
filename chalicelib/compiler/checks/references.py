"""What is read has to be there: every reference leads to something that is certainly settled before, and to a field that exists.

In: a `Subject`. Out: diagnostics with the column of the reference and, where the order of nodes is at fault, the path on which it finds nothing.
"""

from collections.abc import Iterator

from chalicelib.compiler.absence import ERROR_SCHEMA
from chalicelib.compiler.activation import excludes
from chalicelib.compiler.checks.sites import Read
from chalicelib.compiler.checks.subject import Subject, shown_names
from chalicelib.compiler.graph import Block
from chalicelib.compiler.nearest import did_you_mean
from chalicelib.compiler.order import shortest_path
from chalicelib.compiler.scope import Meaning
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject
from chalicelib.spec.schema_fields import field


def unknown_references(subject: Subject) -> Iterator[Diagnostic]:
    """A read of a name that means nothing where it is read."""
    for read in _reads(subject, Meaning.UNKNOWN):
        name = read.reference.root
        hint = did_you_mean(name, subject.scope.visible(read.site.place), otherwise="read `$context.field`, or the id of a node before this one")
        yield subject.fault("unknown-reference", f"there is nothing called `${name}` here", read, hint)


def inner_references(subject: Subject) -> Iterator[Diagnostic]:
    """A read of a node inside a map from outside the map."""
    for read in _reads(subject, Meaning.INSIDE):
        name = read.reference.root
        owner = subject.scope.homes[name].path[-1]
        message = f"`{name}` runs inside the map `{owner}`, once per item: {read.site.reader} cannot read it"
        yield subject.fault("reference-inside-map", message, read, f"give `{owner}` an `output` and read `${owner}`, the list of all items' outputs")


def early_references(subject: Subject) -> Iterator[Diagnostic]:
    """A read of a node that is not certainly settled before."""
    for read in _reads(subject, Meaning.LATER):
        home = subject.scope.homes[read.reference.root]
        reader = str(read.site.place.seen_from(home.path))  # a block's own output sees all of it, so this is a node
        yield subject.fault("reference-not-settled", *_early(home, reader, read))


def _early(home: Block, reader: str, read: Read) -> tuple[str, Read, str]:
    name = read.reference.root
    successors = {node: [edge.target for edge in home.outgoing[node]] for node in home.order}
    if reader == name:
        inside = read.site.place.node != name
        message = f"{read.site.reader} reads `${name}`, which is not there before {'all items are' if inside else 'it is'} done"
        return (
            message,
            read,
            "read the item or a node of this map" if inside else "only a node with `repeat` reads its own output, that of its last visit",
        )
    if back := shortest_path(reader, name, successors):
        message = f"{read.site.reader} reads `${name}`, which is settled only later: {shown_names(back)}"
        return message, read, f"read a node that comes before `{reader}`"
    way = next(path for start in home.levels[0] if (path := shortest_path(start, reader, successors)))
    message = f"{read.site.reader} reads `${name}`, which need not be settled by then: {shown_names(way)} does not wait for `{name}`"
    return message, read, f"add `{name}` to `after` of `{reader}`"


def unknown_fields(subject: Subject) -> Iterator[Diagnostic]:
    """A field that its schema does not have."""
    for read in _reads(subject, Meaning.CONTEXT, Meaning.RUN, Meaning.ITEM, Meaning.OWN, Meaning.EARLIER):
        reference, place = read.reference, read.site.place
        if reference.path and subject.known.answer(place, reference).is_absent:
            schema = subject.known.root_schema(place, reference.root)
            yield subject.fault("unknown-field", *_unknown_field(schema, read))


def _unknown_field(schema: JsonObject, read: Read) -> tuple[str, Read, str]:
    path = read.reference.path
    depth = next(depth for depth in range(len(path)) if field(schema, path[: depth + 1]).is_absent)
    known = _fields(field(schema, path[:depth]).schema)
    whole = f"${read.reference.root}" + "".join(f".{part}" for part in path[:depth])
    if schema is ERROR_SCHEMA:
        message = f"`{whole}` has no field `{path[depth]}` here: `{read.reference.root}` has failed, and this is its error"
        return message, read, f"read `${read.reference.root}.error.name` or `${read.reference.root}.error.message`"
    hint = did_you_mean(str(path[depth]), known, otherwise=f"it has {', '.join(known)}" if known else "it is no object")
    return f"`{whole}` has no field `{path[depth]}`", read, hint


def _fields(schema: JsonObject) -> list[str]:
    """The fields that the schema names, or one of its alternatives."""
    alternatives = schema.get("anyOf")
    parts = [schema, *(alternatives if isinstance(alternatives, list) else [])]
    named = [part["properties"] for part in parts if isinstance(part, dict) and "properties" in part]
    return sorted({name for fields in named if isinstance(fields, dict) for name in fields})


def never_present(subject: Subject) -> Iterator[Diagnostic]:
    """A read of a node that is skipped whenever the reader runs."""
    for read in _reads(subject, Meaning.EARLIER):
        name = read.reference.root
        home = subject.scope.homes[name]
        reader = read.site.place.seen_from(home.path)
        if reader is not None and excludes(home.activation[reader], home.activation[name]):
            message = f"`{read.shown}` is always null here: `{name}` is skipped whenever `{reader}` runs"
            yield subject.doubt("always-null", message, read, "read a node of the same branch, or remove the reference")


def _reads(subject: Subject, *meanings: Meaning) -> Iterator[Read]:
    for site in subject.sites:
        for read in site.reads():
            if subject.scope.meaning(site.place, read.reference.root) in meanings:
                yield read
