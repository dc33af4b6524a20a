"""What an answer looks like, told without making anything of it yet: importing a route costs no model.

In: a name with the kinds of its members, or a record's class that `views.view` shows. Out: JSON Schemas, closed: no answer holds more.
A kind is a type as pydantic takes it, another shape, `Many` of a kind, `Keyed` by a text, or `Either` of several. Never: a value.
"""

from collections.abc import Callable, Mapping
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter
from typing_extensions import TypeAliasType

from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.record import Record

INTERNAL: Final = frozenset({"schema_version", "organisation_id", "revision", "write_count"})  # of a record, at every depth
REFERENCE: Final = "#/components/schemas/{}"


@dataclass(frozen=True, slots=True)
class Many:
    """An array."""

    of: "Kind"


@dataclass(frozen=True, slots=True)
class Keyed:
    """An object whose names are values."""

    of: "Kind"


@dataclass(frozen=True, slots=True)
class Pair:
    """An array of two."""

    of: "Kind"


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    of: tuple["Kind", ...]


@dataclass(frozen=True, slots=True)
class Media:
    """A body of another type than JSON: a text, or what is said."""

    type: str
    of: "Kind" = str


@dataclass(frozen=True, slots=True)
class Shape:
    """An object. `fields` are always there, `maybe` where they have something to tell; `record` adds what `view` shows of it but `without`."""

    name: str
    fields: Mapping[str, "Kind"] = field(default_factory=dict)
    maybe: Mapping[str, "Kind"] = field(default_factory=dict)
    record: type[Record] | None = None
    without: frozenset[str] = frozenset()
    open: bool = False  # more may be there, which is not ours to tell

    def also(self, name: str, fields: "Mapping[str, Kind] | None" = None, *, maybe: "Mapping[str, Kind] | None" = None) -> "Shape":
        """Another shape, which has more."""
        return Shape(name, {**self.fields, **(fields or {})}, {**self.maybe, **(maybe or {})}, self.record, self.without)


Mode = Literal["validation", "serialization"]
Kind = Any  # a type, or one of the above: no type can say "any type"


def nullable(kind: Kind) -> Either:
    """It, or null."""
    return Either((kind, None))


def page(name: str, of: Kind, **more: Kind) -> Shape:
    """A list's page."""
    return Shape(name.capitalize(), {name: Many(of), "cursor": str | None, **more})


class Schemas:
    """The schemas of one document: each shape and named type once, by its name."""

    def __init__(self) -> None:
        self.components: dict[str, JsonObject] = {}
        self._made_of: dict[str, Kind] = {}

    def of(self, kind: Kind) -> JsonObject:
        """A kind's schema. Shapes are referred to."""
        match kind:
            case Shape():
                return self._named(kind.name, kind, lambda: self._object(kind))
            case Many(of):
                return {"type": "array", "items": self.of(of)}
            case Pair(of):
                return {"type": "array", "items": self.of(of), "minItems": 2, "maxItems": 2}
            case Keyed(of):
                return {"type": "object", "additionalProperties": self.of(of)}
            case Either(of):
                return {"anyOf": [self.of(each) for each in of]}
            case None:
                return {"type": "null"}
            case Media(_, of):
                return self.of(of)
            case _:
                return self.of_type(kind)

    def of_type(self, kind: Any, *, mode: Mode = "serialization", inline: bool = False) -> JsonObject:
        """The schema of a type, as pydantic tells it; a model's under its name, unless it shall stand where it is."""
        if kind is Json:
            return {}
        if kind is JsonObject:
            return {"type": "object"}
        schema: JsonObject = TypeAdapter(kind).json_schema(ref_template=REFERENCE.format("{model}"), mode=mode)
        below = schema.pop("$defs", {})
        assert isinstance(below, dict)
        for name, found in below.items():
            if name != "Json":
                self._named(name, found, partial(dict, found))
        named = schema.get("title")
        if inline or not isinstance(named, str) or "properties" not in schema:
            return tidied(schema)
        return self._named(named, kind, lambda: schema)

    def _named(self, name: str, made_of: Kind, make: Callable[[], JsonObject]) -> JsonObject:
        if name not in self._made_of:
            self._made_of[name] = made_of
            self.components[name] = tidied(make())
        elif self._made_of[name] != made_of:
            raise ValueError(f"two shapes are called {name}: {made_of} and {self._made_of[name]}")
        return {"$ref": REFERENCE.format(name)}

    def _object(self, shape: Shape) -> JsonObject:
        told = {**_shown(shape), **shape.fields}
        properties: JsonObject = {name: self.of(kind) for name, kind in {**told, **shape.maybe}.items()}
        return {"type": "object", "properties": properties, "required": [*sorted(told)], "additionalProperties": shape.open}


def _shown(shape: Shape) -> dict[str, Kind]:
    """What `views.view` shows of a record."""
    if shape.record is None:
        return {}
    hidden = INTERNAL | shape.without
    return {name: _kind(each.annotation) for name, each in shape.record.model_fields.items() if name not in hidden}


def _kind(annotation: Any) -> Kind:
    """A field's kind: records become shapes, and what only says how a value is read or stored falls away."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin in {Union, UnionType}:
        return Either(tuple(None if each is NoneType else _kind(each) for each in inner))
    if origin in {tuple, list}:
        return Many(_kind(inner[0]))
    if origin in {dict, AbstractMapping}:
        return Keyed(_kind(inner[1]))
    if isinstance(annotation, TypeAliasType) or origin is not None:
        return annotation
    return Shape(annotation.__name__, record=annotation) if issubclass(annotation, Record) else annotation


def tidied(schema: JsonObject) -> JsonObject:
    """Without the titles that pydantic makes of names, and with its JSON type as what it is: anything."""
    told = _tidied(schema)
    assert isinstance(told, dict)
    return told


def _tidied(schema: Json) -> Json:
    match schema:
        case {"$ref": "#/components/schemas/Json"}:
            return {}
        case dict():
            titled = isinstance(schema.get("title"), str)
            return {name: _tidied(value) for name, value in schema.items() if not (titled and name == "title")}
        case list():
            return [_tidied(each) for each in schema]
        case _:
            return schema
