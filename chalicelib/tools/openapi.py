"""An OpenAPI document (3.0 or 3.1) as tools: its operations with the schemas of their arguments.

In: a document as JSON or YAML text. Out: `ApiDescription`: operations, those that cannot be called with the reason, and faults by JSON pointer.
Pure. Never: a document that it refers to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.yaml_text import compose
from chalicelib.tools.openapi_schema import Reader, TooMuch, Unresolved

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
MAX_OPERATIONS: Final = 500
MAX_NAME: Final = 64
MAX_DESCRIPTION: Final = 2_000
BODY: Final = "body"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_HOLE: Final = re.compile(r"\{([^{}]+)\}")
_OURS: Final = frozenset(("accept", "content-type", "authorization"))  # headers that OpenAPI itself says are no parameters

Where = Literal["path", "query", "header"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an argument goes, and how a list or an object is written there."""

    where: Where
    name: str
    style: str
    explode: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """`url` is a template with `{name}`; `auth` says in words which credentials it wants."""

    name: str
    description: str
    method: str
    url: str
    arguments: JsonObject
    places: Mapping[str, Place]
    body: Literal["", "json", "form", "text"] = ""
    auth: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """`skipped` are operations that cannot be called, with the reason; with `faults` there are no operations."""

    title: str
    version: str
    operations: Mapping[str, Operation] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def read_text(text: str) -> tuple[JsonObject, Mapping[str, str]]:
    """The document, or faults by line."""
    composed = compose(text)
    errors = [found for found in composed.diagnostics if found.is_error]
    if errors:
        return {}, {f"line {found.location.line}": found.message for found in errors[:20]}
    if not isinstance(composed.value, dict):
        return {}, {"": "the document is no object"}
    return composed.value, {}


def describe(document: JsonObject, *, base_url: str = "") -> ApiDescription:
    """A document's operations. `base_url` stands in for its servers."""
    info = document.get("info")
    said = info if isinstance(info, dict) else {}
    title, version = str(said.get("title", "")), str(said.get("version", ""))
    faults = dict(_faults(document, base_url))
    if faults:
        return ApiDescription(title, version, faults=faults)
    collected = _Collector(document, Reader(document), base_url)
    try:
        collected.collect()
    except TooMuch:
        return ApiDescription(title, version, faults={"/components/schemas": "the schemas, written out, are too large"})
    if not collected.operations and not collected.skipped:
        return ApiDescription(title, version, faults={"/paths": "there is no operation"})
    return ApiDescription(title, version, collected.operations, collected.skipped)


def _faults(document: JsonObject, base_url: str) -> Iterator[tuple[str, str]]:
    version = document.get("openapi")
    if "swagger" in document:
        yield "/swagger", "this is Swagger 2.0; convert it to OpenAPI 3 first"
    elif not isinstance(version, str) or not version.startswith(("3.0", "3.1")):
        yield "/openapi", "OpenAPI 3.0 or 3.1 is needed"
    paths = document.get("paths")
    if not isinstance(paths, dict):
        yield "/paths", "an object of paths is needed"
    elif not base_url and not _is_absolute(_server(document)) and not any("servers" in path for path in paths.values() if isinstance(path, dict)):
        yield "/servers", "no server has a whole URL; give base_url"
    if base_url and not _is_absolute(base_url):
        yield "base_url", "a whole URL is needed, https://…"


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.netloc)


def _server(owner: JsonObject) -> str:
    """The URL of the first server, its variables filled with their defaults; empty where there is none."""
    servers = owner.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(first, dict):
        return ""
    variables = first.get("variables")
    known = variables if isinstance(variables, dict) else {}

    def default(hole: re.Match[str]) -> str:
        variable = known.get(hole[1])
        return str(variable.get("default", "")) if isinstance(variable, dict) else ""

    return _HOLE.sub(default, str(first.get("url", "")))


class _Collector:
    """Goes through a document once. Its state is what it found."""

    def __init__(self, document: JsonObject, reader: Reader, base_url: str) -> None:
        self.operations: dict[str, Operation] = {}
        self.skipped: dict[str, str] = {}
        self._document = document
        self._reader = reader
        self._base_url = base_url

    def collect(self) -> None:
        paths = self._document["paths"]
        assert isinstance(paths, dict)
        for path, authored in paths.items():
            pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}"
            try:
                item = self._reader.resolve(authored, pointer)
            except Unresolved as fault:
                self.skipped[path] = f"{fault.pointer}: {fault}"
                continue
            for method in METHODS:
                if method in item:
                    self._add(path, method, item, f"{pointer}/{method}")

    def _add(self, path: str, method: str, item: JsonObject, pointer: str) -> None:
        label = f"{method.upper()} {path}"
        if len(self.operations) >= MAX_OPERATIONS:
            self.skipped[label] = f"more than {MAX_OPERATIONS} operations"
            return
        try:
            authored = self._reader.resolve(item[method], pointer)
            name = self._name(authored, method, path)
            self.operations[name] = self._operation(name, method, path, item, authored, pointer)
        except Unresolved as fault:
            self.skipped[label] = f"{fault.pointer}: {fault}"

    def _name(self, authored: JsonObject, method: str, path: str) -> str:
        wished = authored.get("operationId")
        text = wished if isinstance(wished, str) and wished.strip() else f"{method}{path}"
        plain = _UNFIT.sub("_", text).strip("_.-")[:MAX_NAME] or method
        name, number = plain, 1
        while name in self.operations:
            number += 1
            name = f"{plain[: MAX_NAME - 4]}_{number}"
        return name

    def _operation(self, name: str, method: str, path: str, item: JsonObject, authored: JsonObject, pointer: str) -> Operation:
        base = self._base_url or _server(authored) or _server(item) or _server(self._document)
        if not _is_absolute(base):
            raise Unresolved(f"{pointer}/servers", "no server has a whole URL; give base_url")
        properties, required, places = self._parameters(item, authored, pointer)
        body, kind = self._body(authored, pointer)
        if kind:
            properties[BODY] = body
            required += [BODY] if _is_required(self._reader.resolve(authored["requestBody"], pointer)) else []
        for key in self._query_keys(authored):
            properties.setdefault(key, {"type": "string", "description": "a key"})
            places.setdefault(key, Place("query", key, "form", explode=True))
        missing = set(_HOLE.findall(path)) - {place.name for place in places.values() if place.where == "path"}
        if missing:
            raise Unresolved(f"{pointer}/parameters", f"the path's {', '.join(sorted(missing))} is not among the parameters")
        arguments: JsonObject = {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
        said = "\n".join(str(authored[word]) for word in ("summary", "description") if authored.get(word))
        return Operation(
            name=name,
            description=(said or f"{method.upper()} {path}")[:MAX_DESCRIPTION],
            method=method,
            url=base.rstrip("/") + path,
            arguments=arguments,
            places=places,
            body=kind,
            auth=self._auth(authored),
        )

    def _parameters(self, item: JsonObject, authored: JsonObject, pointer: str) -> tuple[JsonObject, list[str], dict[str, Place]]:
        """Properties, required names and places; an operation's parameter stands in for its path's of the same name and place."""
        found: dict[tuple[str, str], tuple[JsonObject, str]] = {}
        for owner in (item, authored):
            listed = owner.get("parameters")
            for index, entry in enumerate(listed if isinstance(listed, list) else ()):
                here = f"{pointer}/parameters/{index}"
                parameter = self._reader.resolve(entry, here)
                found[str(parameter.get("in")), str(parameter.get("name"))] = (parameter, here)
        properties: JsonObject = {}
        required: list[str] = []
        places: dict[str, Place] = {}
        for (where, name), (parameter, here) in found.items():
            place = _place(where, name, parameter)
            if place is None:
                if parameter.get("required") is True and where == "cookie":
                    raise Unresolved(here, "a cookie is needed, which cannot be sent")
                continue
            if place.where == "path" and place.style != "simple":
                raise Unresolved(here, f"a path's {place.style} style cannot be written")
            argument = name if name not in places and name != BODY else f"{where}_{name}"
            properties[argument] = self._parameter_schema(parameter, here)
            places[argument] = place
            if place.where == "path" or parameter.get("required") is True:
                required.append(argument)
        return properties, required, places

    def _parameter_schema(self, parameter: JsonObject, pointer: str) -> Json:
        content = parameter.get("content")
        holder = next(iter(content.values()), None) if isinstance(content, dict) else parameter
        schema = self._reader.schema(holder.get("schema", {}) if isinstance(holder, dict) else {}, f"{pointer}/schema")
        said = parameter.get("description")
        return {**schema, "description": str(said)[:MAX_DESCRIPTION]} if isinstance(schema, dict) and said else schema

    def _body(self, authored: JsonObject, pointer: str) -> tuple[Json, Literal["", "json", "form", "text"]]:
        if "requestBody" not in authored:
            return {}, ""
        here = f"{pointer}/requestBody"
        body = self._reader.resolve(authored["requestBody"], here)
        content = body.get("content")
        kinds = content if isinstance(content, dict) else {}
        for media, holder in kinds.items():
            kind = _body_kind(media)
            if kind and isinstance(holder, dict):
                return self._reader.schema(holder.get("schema", {}), f"{here}/content/{media.replace('/', '~1')}/schema"), kind
        if not kinds:
            return {}, ""
        raise Unresolved(f"{here}/content", f"bodies of {', '.join(kinds)} cannot be sent; JSON, forms and texts can")

    def _auth(self, authored: JsonObject) -> tuple[str, ...]:
        return tuple(_scheme_text(name, scheme) for name, scheme in self._schemes(authored).items())

    def _query_keys(self, authored: JsonObject) -> tuple[str, ...]:
        """Keys that go into the query are arguments; other credentials are headers of the call."""
        schemes = self._schemes(authored).values()
        return tuple(str(scheme["name"]) for scheme in schemes if scheme.get("in") == "query" and scheme.get("name"))

    def _schemes(self, authored: JsonObject) -> dict[str, JsonObject]:
        wanted = authored.get("security", self._document.get("security"))
        components = self._document.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, dict) else None
        known = schemes if isinstance(schemes, dict) else {}
        names = [name for each in (wanted if isinstance(wanted, list) else ()) if isinstance(each, dict) for name in each]
        return {name: scheme if isinstance(scheme := known.get(name), dict) else {} for name in names}


def _place(where: str, name: str, parameter: JsonObject) -> Place | None:
    """None for what cannot be an argument: cookies, and headers that are set otherwise."""
    default = "form" if where == "query" else "simple"
    style = str(parameter.get("style", default))
    explode = parameter.get("explode", style == "form")
    match where:
        case "path" | "query":
            return Place(where, name, style, explode is True)
        case "header" if name.lower() not in _OURS:
            return Place("header", name, style, explode is True)
        case _:
            return None


def _body_kind(media: str) -> Literal["", "json", "form", "text"]:
    kind = media.partition(";")[0].strip().lower()
    if kind in ("application/json", "*/*") or kind.endswith("+json"):
        return "json"
    if kind == "application/x-www-form-urlencoded":
        return "form"
    return "text" if kind.startswith("text/") else ""


def _is_required(body: JsonObject) -> bool:
    return body.get("required") is True


def _scheme_text(name: str, known: JsonObject) -> str:
    match known.get("type"):
        case "apiKey":
            return f"{name}: a key in the {known.get('in')} {known.get('name')}"
        case "http":
            return f"{name}: the header Authorization, {known.get('scheme')}"
        case "oauth2" | "openIdConnect":
            return f"{name}: the header Authorization with an OAuth 2 access token"
        case _:
            return name
