"""The API's document as a page to read: whole, without scripts, in light and dark.

In: an OpenAPI document of `api.openapi`. Out: HTML that needs nothing from elsewhere, and the policy that lets it load nothing. Each route and each
code of a problem has an anchor. Never: text of the document that is not escaped.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from chalicelib.api.problem_codes import MEANINGS

Document = Mapping[str, Any]
STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b6570;--line:#d9dee3;--back:#fff;--box:#f5f7f9;--key:#0b57d0}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b1;--line:#343b43;--back:#14181c;--box:#1c2228;--key:#8ab4f8}}
*{box-sizing:border-box}body{margin:0 auto;max-width:68rem;padding:2rem 1.25rem 6rem;background:var(--back);color:var(--ink);
font:16px/1.55 system-ui,sans-serif}h1{font-size:2rem;margin:0 0 1rem}h2{margin:3rem 0 .75rem;font-size:1.35rem}
a{color:var(--key)}code,pre{font:.875em/1.5 ui-monospace,monospace}code{overflow-wrap:anywhere}
pre{background:var(--box);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow:auto;max-height:30rem}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:0 1rem}details>*:last-child{margin-bottom:1rem}
summary{cursor:pointer;padding:.6rem 0;overflow-wrap:anywhere}summary b{display:inline-block;min-width:4.5rem;color:var(--key)}
summary span{color:var(--soft)}
table{border-collapse:collapse;width:100%;margin:.75rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}nav a{display:inline-block;margin:0 1rem .25rem 0}:focus-visible{outline:2px solid var(--key);outline-offset:2px}
"""
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_LIST: Final = re.compile(r"^\* ", re.MULTILINE)


def render(document: Document) -> str:
    """The page."""
    about = document["info"]
    rooms = "".join(f'<a href="#{escape(tag["name"])}">{escape(tag["description"].rstrip("."))}</a>' for tag in document["tags"])
    body = "".join((*(_room(tag, document) for tag in document["tags"]), _codes(), _schemas(document)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(about['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(about['title'])} API</h1>{_prose(about['description'])}"
        f'<p><a href="openapi.json">The document</a>, OpenAPI {escape(document["openapi"])}.</p><nav>{rooms}'
        f'<a href="#codes">Codes</a><a href="#schemas">Schemas</a></nav><main>{body}</main></body></html>'
    )


def _room(tag: Mapping[str, str], document: Document) -> str:
    routes = "".join(
        _route(method, path, told, document)
        for path, ways in document["paths"].items()
        for method, told in ways.items()
        if tag["name"] in told["tags"]
    )
    return f'<section><h2 id="{escape(tag["name"])}">{escape(tag["description"].rstrip("."))}</h2>{routes}</section>'


def _route(method: str, path: str, told: Mapping[str, Any], document: Document) -> str:
    parts = (_prose(told["description"]), _parameters(told["parameters"]), _body(told.get("requestBody")), _responses(told["responses"], document))
    head = f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> <span>{escape(told['summary'])}</span></summary>"
    return f'<details id="{escape(told["operationId"])}">{head}{"".join(parts)}</details>'


def _parameters(parameters: list[Any]) -> str:
    rows = ((each["name"], each["in"], _type(each["schema"]), _prose(each["schema"].get("description", ""))) for each in parameters)
    return _table(("parameter", "in", "type", ""), rows, raw=(2, 3)) if parameters else ""


def _body(body: Mapping[str, Any] | None) -> str:
    return (
        ""
        if body is None
        else "".join(f"<h4>Body: {escape(kind)}, {_type(each['schema'])}</h4>{_example(each)}" for kind, each in body["content"].items())
    )


def _responses(responses: Mapping[str, Any], document: Document) -> str:
    return "".join(f"<h4>{status}</h4>{_response(_at(response, document))}" for status, response in responses.items())


def _response(response: Mapping[str, Any]) -> str:
    content = "".join(f"<p>{escape(kind)}, {_type(each['schema'])}</p>{_example(each)}" for kind, each in response.get("content", {}).items())
    return _prose(response["description"]) + content


def _example(content: Mapping[str, Any]) -> str:
    given = content.get("example")
    if given is None:
        return ""
    return f"<pre>{escape(given if isinstance(given, str) else json.dumps(given, indent=2, ensure_ascii=False))}</pre>"


def _codes() -> str:
    rows = ((f'<span id="{code}"></span><code>{code}</code>', meaning) for code, meaning in MEANINGS.items())
    return f'<section><h2 id="codes">Codes</h2>{_table(("code", "when"), rows, raw=(0,))}</section>'


def _schemas(document: Document) -> str:
    shown = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{_members(schema)}</details>'
        for name, schema in document["components"]["schemas"].items()
    )
    return f'<section><h2 id="schemas">Schemas</h2>{shown}</section>'


def _members(schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", [])
    rows = ((name, _type(each), "" if name in needed else "optional") for name, each in schema.get("properties", {}).items())
    return _prose(schema.get("description", "")) + _table(("member", "type", ""), rows, raw=(1,))


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a word or a few, linked to where it stands."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "const" in schema or "enum" in schema:
        return ", ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema.get("enum", [schema.get("const")]))
    for word in ("anyOf", "allOf", "oneOf"):
        if word in schema:
            return (" and " if word == "allOf" else " or ").join(_type(each) for each in schema[word] if each.get("type") or len(each) == 1)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any JSON")))


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]], *, raw: tuple[int, ...]) -> str:
    """`raw` are the columns that are HTML already."""
    lines = ("".join(f"<td>{cell if at in raw else escape(cell)}</td>" for at, cell in enumerate(row)) for row in rows)
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _prose(text: str) -> str:
    """Paragraphs and lists, with code and bold: what descriptions use of Markdown."""
    return "".join(_paragraph(each) for each in text.split("\n\n") if each.strip())


def _paragraph(text: str) -> str:
    if not _LIST.match(text):
        return f"<p>{_inline(text)}</p>"
    return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in _LIST.split(text) if item.strip())}</ul>"


def _inline(text: str) -> str:
    told = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    told = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", told)
    return re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", told)  # what it links to is in the repository


def _at(told: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    """What a reference refers to."""
    if "$ref" not in told:
        return told
    found: Mapping[str, Any] = document
    for part in str(told["$ref"]).removeprefix("#/").split("/"):
        found = found[part]
    return found
