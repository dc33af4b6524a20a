"""`make reference`: docs/API.md from the API's own document.

In: the app's routes. Out: the page, written over the one before. A test says whether it is fresh. Never: a word that is in no route.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.api.openapi import document
from chalicelib.api.problem_codes import MEANINGS, OF_NO_CLASS

PAGE: Final = Path(__file__).parents[1] / "docs" / "API.md"
_OF_MOST_ROUTES: Final = frozenset(
    {
        *(
            "body-invalid",
            "query-invalid",
            "bad-request",
            "unsupported-media-type",
            "gateway-refused",
            "rate-limited",
            "not-signed-in",
            "refused",
            "scope-missing",
        ),
        *("internal", "setting-invalid", "blob-missing", "blob-corrupt", "unavailable", "contention", "engine-unavailable"),
    }
)
Document = Mapping[str, Any]


def page() -> str:
    """The page as it should be."""
    from app import app

    told = document(app.routes)
    return "\n".join((*_head(told), *_rooms(told), *_codes(told), *_schemas(told)))


def _head(told: Document) -> Iterator[str]:
    yield "# The REST API"
    yield ""
    yield "<!-- Made of the routes by `make reference`: change their docstrings and declarations instead. -->"
    yield ""
    yield told["info"]["description"]
    yield "The same is served as `GET /api/v1/openapi.json` and as a page, `GET /api/v1/docs`."
    yield ""


def _rooms(told: Document) -> Iterator[str]:
    for tag in told["tags"]:
        yield f"## {tag['description'].rstrip('.')}\n"
        for path, ways in told["paths"].items():
            for method, operation in ways.items():
                if tag["name"] in operation["tags"]:
                    yield from _route(f"{method.upper()} {path}", operation, told)


def _route(route: str, operation: Mapping[str, Any], told: Document) -> Iterator[str]:
    yield f"### `{route}`\n"
    yield f"{operation['summary']} {operation['description']}\n"
    parameters = [f"`{each['name']}`{'' if each['required'] else '?'}" for each in operation["parameters"] if each["in"] != "path"]
    if parameters:
        yield f"Takes {', '.join(parameters)}.\n"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield f"Body: {_named(content['schema'])}."
    answers = [_answer(status, answer) for status, answer in operation["responses"].items() if "$ref" not in answer]
    yield f"Answers {'; '.join(answers)}."
    codes = sorted(set(_own_codes(operation, told)))
    yield f"Errors: {', '.join(f'`{code}`' for code in codes)}.\n" if codes else ""


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    shown = [f"{_named(each['schema'])}{'' if kind.endswith('json') else f' (`{kind}`)'}" for kind, each in answer.get("content", {}).items()]
    return f"{status}{', ' if shown else ''}{', '.join(shown)}"


def _own_codes(operation: Mapping[str, Any], told: Document) -> Iterator[str]:
    """Those that not every route has."""
    for answer in operation["responses"].values():
        if "$ref" in answer:
            response = told["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            codes = response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
            yield from (code for code in codes if code not in _OF_MOST_ROUTES)


def _codes(told: Document) -> Iterator[str]:
    yield "## Error codes\n"
    yield f"Any route may answer {', '.join(f'`{code}`' for code in sorted(_OF_MOST_ROUTES))}, but those for anybody ask for no credentials.\n"
    yield "| code | status | when |\n|---|---|---|"
    statuses = {name: each["value"]["status"] for name, each in told["components"]["examples"].items()}
    for code, meaning in MEANINGS.items():
        yield f"| `{code}` | {_status(code, statuses)} | {meaning} |"
    yield ""


def _status(code: str, statuses: Mapping[str, int]) -> str:
    if code == "gateway-refused":
        return "4xx, 5xx"
    known = {**statuses, **OF_NO_CLASS, **_of_classes()}
    return str(known.get(code, "none"))


def _of_classes() -> dict[str, int]:
    from chalicelib.errors import SluiceError

    def below(root: type[SluiceError]) -> Iterator[type[SluiceError]]:
        yield root
        for each in root.__subclasses__():
            yield from below(each)

    return {each.code: each.status for each in below(SluiceError) if each.__module__ == SluiceError.__module__}


def _schemas(told: Document) -> Iterator[str]:
    yield "## Schemas\n"
    yield "What has a `?` is not always there. Objects hold nothing else, unless they say so.\n"
    for name, schema in told["components"]["schemas"].items():
        yield f"### {name}\n"
        if "description" in schema:
            yield f"{' '.join(schema['description'].split())}\n"
        needed = schema.get("required", [])
        members = [f"`{member}`{'' if member in needed else '?'}: {_named(each)}" for member, each in schema.get("properties", {}).items()]
        yield f"{'; '.join(members) or _named(schema)}.\n"


def _named(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(_named(each) for each in schema[word]))
    match schema.get("type"):
        case "array":
            return f"list of {_named(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {_named(schema['additionalProperties'])}"
        case None:
            return "any JSON"
        case kind:
            return str(kind)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
