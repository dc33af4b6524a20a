"""A starter: a ready workflow to begin from, with what may be set before it is deployed.

In: a bundle of texts and what is said of it. Out: `Starter`, checked: each parameter's places exist in the root's text, can be replaced, and are no
bindings, unless they lie in the input's schema. Pure.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import yaml
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.errors import DocumentInvalid, InputInvalid
from chalicelib.runs.inputs import checked_input
from chalicelib.spec.binding import Literal, parse_binding
from chalicelib.spec.load import load
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.workflow import WorkflowSpec
from chalicelib.spec.yaml_text import Loader, compose
from chalicelib.workflows.bundle import Bundle

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{1,62}$"
Tag = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
_INPUT: Final = "input."
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


class _About(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Parameter(_About):
    """A value that is set on deployment: at each of the dotted paths in `sets`. `schema` is the JSON Schema that it must fit."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    title: str = Field(min_length=1, max_length=200)
    schema_: JsonObject = Field(alias="schema")
    sets: tuple[str, ...] = Field(min_length=1, max_length=20)


class Sample(_About):
    """An input to try it on."""

    title: str = Field(min_length=1, max_length=200)
    input: JsonObject


class About(_About):
    """What is said of a starter beside its workflow. `version` counts its changes."""

    version: int = Field(default=1, ge=1)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=50)
    samples: tuple[Sample, ...] = Field(default=(), max_length=10)


@dataclass(frozen=True)
class Starter:
    """`specs` are those of the bundle's texts, by name."""

    name: str
    about: About
    bundle: Bundle
    specs: Mapping[str, WorkflowSpec]
    is_built_in: bool = True

    @property
    def spec(self) -> WorkflowSpec:
        return self.specs[self.bundle.root]

    @property
    def text(self) -> str:
        return self.bundle.texts[self.bundle.root]

    @property
    def title(self) -> str:
        return self.spec.title or self.name

    @property
    def defaults(self) -> JsonObject:
        """What each parameter is when nobody says anything: what stands in the text."""
        places = _places(self.text)
        return {each.name: places[each.sets[0]].value for each in self.about.parameters}


def starter_of(name: str, about: About, bundle: Bundle, *, is_built_in: bool = True) -> Starter:
    """Raises DocumentInvalid with what is wrong with the starter, by pointer."""
    specs = {each: spec for each, text in bundle.texts.items() if (spec := load(text).spec) is not None}
    faults = {f"/workflows/{each}": "the workflow has errors" for each in bundle.texts if each not in specs}
    if not faults:
        faults |= dict(_faults(about, bundle.texts[bundle.root]))
    if faults:
        raise DocumentInvalid(f"{name} cannot be a starter", faults)
    return Starter(name, about, bundle, specs, is_built_in)


def _faults(about: About, text: str) -> Iterator[tuple[str, str]]:
    places = _places(text)
    for position, parameter in enumerate(about.parameters):
        for path in parameter.sets:
            place = places.get(path)
            if place is None:
                yield f"/parameters/{position}/sets", f"{path} is nowhere in the text, or not in one line"
            elif not path.startswith(_INPUT) and not _is_literal(place.value):
                yield f"/parameters/{position}/sets", f"{path} is a binding; set the default of an input instead"
            elif fault := _misfit(parameter, place.value):
                yield f"/parameters/{position}/schema", f"what stands at {path} does not fit it: {fault}"


def _misfit(parameter: Parameter, value: Json) -> str | None:
    try:
        checked_input(_schema((parameter,)), {parameter.name: value})
    except (InputInvalid, SchemaError) as fault:
        return str(fault).partition("\n")[0]
    return None


def _schema(parameters: tuple[Parameter, ...]) -> JsonObject:
    properties: JsonObject = {each.name: each.schema_ for each in parameters}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def filled_in(starter: Starter, values: JsonObject, *, name: str | None = None) -> Bundle:
    """The bundle with the parameters set and the root renamed. Values go in as JSON at their places: nothing in them is read as YAML or as a binding.

    Raises InputInvalid with the faults by parameter.
    """
    checked_input(_schema(starter.about.parameters), values)
    changes: dict[str, Json] = {}
    for parameter in starter.about.parameters:
        if parameter.name in values:
            changes |= {path: _meant(parameter, path, values[parameter.name]) for path in parameter.sets}
    root = name or starter.spec.name
    if root != starter.spec.name:
        changes["name"] = root
    called = {each: text for each, text in starter.bundle.texts.items() if each != starter.bundle.root}
    return Bundle(root, {**called, root: _with(starter.text, changes)})


def _meant(parameter: Parameter, path: str, value: Json) -> Json:
    """The value, if it is read as it is meant: outside of the input's schema a text could be a binding. Raises InputInvalid."""
    if path.startswith(_INPUT) or _is_literal(value):
        return value
    message = "a text here may not begin with `$`, nor hold `{{` or `{%`: it would be read as a binding"
    raise InputInvalid(f"{parameter.name}: {message}", {f"/{parameter.name}": message})


def _is_literal(value: Json) -> bool:
    """Whether a binding's reader takes it for itself, unchanged."""
    match value:
        case str():
            return parse_binding(value) == Literal(value)
        case list():
            return all(_is_literal(item) for item in value)
        case dict():
            return all(_is_literal(member) for member in value.values())
        case _:
            return True


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands in the text, and what it is."""

    start: int
    end: int
    value: Json


def _places(text: str) -> dict[str, _Place]:
    """Every value that stands in one line, or in brackets, by its dotted path."""
    found: dict[str, _Place] = {}

    def walk(node: yaml.Node, path: str, value: Json) -> None:
        if node.style not in ("|", ">") if isinstance(node, yaml.ScalarNode) else isinstance(node, yaml.CollectionNode) and node.flow_style:
            found[path] = _Place(node.start_mark.index, node.end_mark.index, value)
        if isinstance(node, yaml.MappingNode) and isinstance(value, dict):
            for key, member in node.value:
                walk(member, f"{path}.{key.value}" if path else str(key.value), value.get(key.value))
        elif isinstance(node, yaml.SequenceNode) and isinstance(value, list):
            for position, item in enumerate(node.value):
                walk(item, f"{path}.{position}", value[position])

    root = yaml.compose(text, Loader=Loader)
    if root is not None:
        walk(root, "", compose(text).value)
    return found


def _with(text: str, changes: Mapping[str, Json]) -> str:
    """The text with other values at some places; all else stays as it was written."""
    places = _places(text)
    for path in sorted(changes, key=lambda path: places[path].start, reverse=True):
        place = places[path]
        text = text[: place.start] + _flow(changes[path]) + text[place.end :]
    return text


def _flow(value: Json) -> str:
    """JSON that is YAML too: what YAML takes for a line's end, or not at all, is escaped."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, allow_nan=False))
