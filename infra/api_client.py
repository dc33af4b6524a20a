"""`make reference`: the typed client of the API, `cli/api_client.py`, from the API's own document.

In: the app's routes. Out: a module of TypedDicts, one for each schema of an object (other schemas are names for what they are), and a class with a
method for each operation, written over the one before. An operation whose answers are kept has an idempotency key of its own for each call, one that
keeps the key with what it makes (a run, a firing) sends what the caller gives; one whose answer is a file gives its text. A test says whether it is
fresh. Never: a name that the document has not.
"""

import builtins
import keyword
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.api.openapi import ANYTHING, OWN_KEY, document
from chalicelib.spec.model import Json

MODULE: Final = Path(__file__).parents[1] / "cli" / "api_client.py"
_HEAD: Final = '''"""The API's operations as typed functions. Made of the API's document by `make reference`: not to be edited.

In: a `cli.client.Client`, which knows where the API is and who asks. Out: what the API answers, as its document promises it. Never: a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from cli.client import Client
'''
_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict[str, Any]"}


def module() -> str:
    """The module as it should be."""
    from app import app

    told = document(app.routes)
    schemas = _objects(_objects(told["components"])["schemas"])
    names = [f"{name} = {_type(schema)}" for name, schema in schemas.items() if "properties" not in schema]
    objects = (_typed_dict(name, schema) for name, schema in schemas.items() if "properties" in schema)
    parts = (_HEAD, "\n".join(names), *objects, _class(told))
    return _formatted("\n\n".join(parts) + "\n")


def _objects(value: Json) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def _formatted(source: str) -> str:
    """As `ruff format` leaves it."""
    words = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODULE), "-"]
    return subprocess.run(words, input=source, capture_output=True, text=True, check=True, cwd=MODULE.parents[1]).stdout


def _typed_dict(name: str, schema: Mapping[str, Any]) -> str:
    """A schema's type; members whose names are words of Python need the functional form."""
    needed = schema.get("required", [])
    members = {each: _type(told) for each, told in schema.get("properties", {}).items()}
    shown = {each: kind if each in needed else f"NotRequired[{kind}]" for each, kind in members.items()}
    if any(keyword.iskeyword(each) for each in shown):
        pairs = ", ".join(f'"{each}": {_quoted(kind)}' for each, kind in shown.items())
        return f'{name} = TypedDict("{name}", {{{pairs}}})'
    lines = [f"    {each}: {kind}" for each, kind in shown.items()]
    return "\n".join([f"class {name}(TypedDict):", *lines])


def _quoted(kind: str) -> str:
    return f'"{kind}"'.replace('""', '"') if '"' not in kind else repr(kind)


def _class(told: Mapping[str, Any]) -> str:
    operations = [
        _method(method, path, operation)
        for path, ways in told["paths"].items()
        for method, operation in ways.items()
        if "_as_" not in operation["operationId"] and _is_json(operation)
    ]
    return '@dataclass(frozen=True)\nclass Api:\n    """Each operation of the API."""\n\n    client: Client\n\n' + "\n".join(operations)


def _is_json(operation: Mapping[str, Any]) -> bool:
    """A form's operation, and a protocol's of others, have clients of their own."""
    return not {"application/x-www-form-urlencoded", ANYTHING} & set(operation.get("requestBody", {}).get("content", {}))


def _method(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parameters = list(_arguments(path, operation))
    told = _answer(operation)
    call = _call(method, path, operation)
    value = call if told in {"None", "str"} else f'cast("{told}", {call})' if '"' not in told else f"cast({told!r}, {call})"
    lead = "" if told == "None" else "return "
    named = ", ".join(["self", *parameters])
    summary = operation["summary"].replace("\\", "")
    return f'    def {operation["operationId"]}({named}) -> {told}:\n        """{summary}"""\n        {lead}{value}\n'


def _arguments(path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name}: str" for name in _placeholders(path))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        yield f"body: {_type(content['schema'])}"
    query = _query(operation)
    if query or _is_keyed(operation) or _is_matched(operation):
        yield "*"
    yield from (f"{_name(each['name'])}: {_asked(each)}{'' if each['required'] else ' | None = None'}" for each in query)
    if _is_keyed(operation):
        yield "key: str | None = None" if _keeps_key(operation) else 'key: str = ""'
    if _is_matched(operation):
        yield 'match: str = ""'


def _asked(parameter: Mapping[str, Any]) -> str:
    """What a query's parameter is given as: what is sent is a text in any case."""
    kind = _type(parameter["schema"]).removesuffix(" | None")
    several = parameter["schema"].get("type") == "array"
    return kind if kind in {"int", "bool", "str"} else "list[str] | str" if several else "str"


def _call(method: str, path: str, operation: Mapping[str, Any]) -> str:
    place = path
    for name in _placeholders(path):
        place = place.replace(f"{{{name}}}", f"{{quote({name}, safe='')}}")
    told = [f'"{method.upper()}"', f'f"{place}"' if "{" in path else f'"{place}"']
    if query := _query(operation):
        pairs = ", ".join(f'"{each["name"]}": {_name(each["name"])}' for each in query)
        told.append(f"query={{{pairs}}}")
    told += ["body=body"] if "application/json" in operation.get("requestBody", {}).get("content", {}) else []
    told += ["key=key"] if _is_keyed(operation) else []
    told += ["match=match"] if _is_matched(operation) else []
    return f"self.client.{'text' if _answer(operation) == 'str' else 'send'}({', '.join(told)})"


def _answer(operation: Mapping[str, Any]) -> str:
    """What is given back; a file's text, where the first of the forms that an answer may have is no JSON."""
    found = next(answer for status, answer in operation["responses"].items() if status.startswith("2") or "$ref" not in answer)
    return next((_type(each["schema"]) if "json" in kind else "str" for kind, each in found.get("content", {}).items()), "None")


def _placeholders(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _query(operation: Mapping[str, Any]) -> list[Any]:
    return [each for each in operation["parameters"] if each["in"] == "query"]


def _is_keyed(operation: Mapping[str, Any]) -> bool:
    return any(each["name"] == "Idempotency-Key" for each in operation["parameters"])


def _keeps_key(operation: Mapping[str, Any]) -> bool:
    """Whether what is made keeps the key: one that nobody chose would be seen in it, and costs a write more."""
    return any(each["name"] == "Idempotency-Key" and each["schema"]["description"] == OWN_KEY for each in operation["parameters"])


def _is_matched(operation: Mapping[str, Any]) -> bool:
    return any(each["name"] == "If-Match" for each in operation["parameters"])


def _name(name: str) -> str:
    """As Python may call it: neither a word of its own nor what it has built in."""
    return f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def _type(schema: Mapping[str, Any]) -> str:
    """A schema as an annotation."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return f"Literal[{', '.join(repr(value) for value in schema.get('enum', [schema.get('const')]))}]"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " | ".join(dict.fromkeys(_type(each) for each in schema[word]))
    if schema.get("type") == "array":
        return f"list[{_type(schema.get('items', {}))}]"
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        return f"dict[str, {_type(schema['additionalProperties'])}]"
    return _TYPES.get(str(schema.get("type")), "Any")


if __name__ == "__main__":
    MODULE.write_text(module(), encoding="utf-8")
    print(f"wrote {MODULE.name}")
