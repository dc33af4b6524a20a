"""The API's own description: an OpenAPI 3.1 document, made of the routes that are registered.

In: the routes of an app. Out: the document, whole: paths, parameters, bodies, answers, problems by code, scopes, examples, schemas. The same routes
give the same document. Never: a route that is told of in another place than its registration.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from sys import modules
from typing import Any, Final

from chalicelib.access.scopes import Access, Scope
from chalicelib.api import shapes
from chalicelib.api.contract import Contract, Replay, contracts
from chalicelib.api.examples import of_problem, of_route
from chalicelib.api.openapi_links import links, links_of
from chalicelib.api.problem_codes import MEANINGS, OF_NO_CLASS
from chalicelib.api.replaying import MAX_KEY
from chalicelib.api.shape import REFERENCE, Either, Kind, Media, Schemas
from chalicelib.errors import (
    Contention,
    EngineUnavailable,
    KeyInvalid,
    KeyReused,
    NotSignedIn,
    RateLimited,
    Refused,
    RequestInFlight,
    ScopeMissing,
    SluiceError,
    Unavailable,
)
from chalicelib.spec.model import Json, JsonObject

VERSION: Final = "1"
ABOUT: Final = """\
Everything that the command line and the console do goes through these routes. Bodies are JSON, names are snake_case, times are UTC.

* **Who calls.** A request brings an access token or an API key as `Authorization: Bearer …`, or an API key as `X-Api-Key`. Without one, or with one
  that does not hold, it is a 401 with `WWW-Authenticate`. What a route needs stands with it; who lacks it gets a 403 that names the scope. What
  belongs to another organisation, or to somebody who has not shared it, is a 404. The local stack answers to `localhost`, `127.0.0.1` and `[::1]`
  alone, and to no page of another site: anything else in `Host` or `Origin` is a 403.
* **Errors** are `application/problem+json`: `{type, title, status, code, detail, errors: [{field, message}]}`, some with members of their own.
  `code` is stable; the codes are listed below. A body or a query that does not fit is a 400 with code `body-invalid` or `query-invalid`, and
  `errors` says which field and why.
* **Correlation.** Every answer carries `X-Correlation-Id`: the one that came with the request, else API Gateway's. Log lines carry it too.
* **Limits.** Calls are counted by caller and by organisation, each kind apart: `read` (GET), `start` (what starts runs), `write` (the rest), and by
  address `auth` (without credentials, or with such as do not hold) and `hook` (calls to webhooks and hooks). Each has a rate and a burst
  (`SLUICE_RATES`); by default a caller may read 100 times a second (1,000 at once), write 50 (500) and start 50 (1,000), an address call 20 times
  (200) and to hooks 50 times (1,000), an organisation ten times as often. An answer says what is left: `RateLimit-Policy:
  "caller";q=1000;w=10, "organisation";q=10000;w=10` (the burst, and in how many seconds it comes back) and, of the limit that is nearest,
  `RateLimit: "caller";r=980;t=1` (what is left, and in how many seconds it is whole again), as draft-ietf-httpapi-ratelimit-headers has them.
  Beyond it is a 429, `rate-limited`, with `Retry-After` and `retry_after_seconds`. A server takes up to 20 calls at once from what is left, so what
  it says may be lower than what another one lets through. API Gateway refuses by itself what is far beyond all limits (parameters `GatewayRate`,
  `GatewayBurst`).
* **Again.** A POST with an `Idempotency-Key` is carried out once: the same request with the same key is given the same answer for a day, with
  `Idempotency-Replayed: true`; another request with it is a 422 `key-reused`; while the first is being answered, it is a 409 with `Retry-After`.
  Where an answer tells a secret, it is kept nowhere, and the header means nothing. Refusals are not kept.
* **Unchanged.** Answers to GET carry an `ETag`; with `If-None-Match` an answer that the caller has is a 304. A draft's
  is what saving it is compared with: `If-Match` names it, and nothing is lost unseen.
* **Lists** take `limit` (1 to 200, default 50) and `cursor`, and answer `cursor`: null on the last page. A cursor is opaque and lasts an hour; it
  goes on with the filter and the order that it was made under, and with no other. Filters have the names of fields, and all of them must hold;
  labels are `label=team:travel`, as often as wanted. `sort=name` goes by a field, `sort=-name` from the end. What no index answers is asked of
  the things as they are read, and one request reads a bounded number: such a page may be short, or empty, and still have a cursor. Go on until it
  is null.
* **Documents.** Where a workflow spec is sent, it is `text` (YAML or JSON, as authored) or `spec` (the document itself).
"""
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
ANYTHING: Final = "*/*"
_FORM: Final = "application/x-www-form-urlencoded"
_BROKEN: Final = ("internal", "setting-invalid", "blob-missing", "blob-corrupt")
OWN_KEY: Final = "the same request with the same key finds the same thing, as it is by then, for a day"
_REPLAY: Final = {
    Replay.STORED: "the same request with the same key is given the first one's answer, for a day",
    Replay.OWN: OWN_KEY,
}
KEYED: Final = (KeyInvalid, KeyReused, RequestInFlight)
_SECURITY: Final[JsonObject] = {
    "token": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key."},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "An API key."},
    "signature": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "AWS Signature Version 4 for execute-api."},
}


def document(routes: Mapping[str, Mapping[str, Any]], *, server: str = "/") -> JsonObject:
    """The document of an app's routes; `server` is where they are reached."""
    schemas, refusals, promised = Schemas(), Refusals(), contracts(routes)
    schemas.of(shapes.PROBLEM)
    leads = links(promised)
    paths: defaultdict[str, JsonObject] = defaultdict(dict)
    for contract in promised:
        paths[contract.path][contract.method.lower()] = _operation(contract, schemas, refusals, leads)
    rooms: list[Json] = [{"name": room, "description": about} for room, about in _rooms(promised).items()]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sluice", "version": VERSION, "description": ABOUT},
        "servers": [{"url": server}],
        "tags": rooms,
        "paths": dict(paths),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": dict(sorted(refusals.responses.items())),
            "examples": dict(sorted(refusals.examples.items())),
            "securitySchemes": _SECURITY,
        },
    }


def problems(contract: Contract) -> dict[int, list[str]]:
    """The codes that a route may answer, by status."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for code, status in _codes(contract):
        if code not in found[status]:
            found[status].append(code)
    return dict(sorted(found.items()))


def _codes(contract: Contract) -> Iterable[tuple[str, int]]:
    yield from ((code, OF_NO_CLASS[code]) for code in (() if contract.raw else ("body-invalid", "query-invalid")))
    yield "bad-request", OF_NO_CLASS["bad-request"]
    general: list[type[SluiceError]] = [] if contract.scope is Access.PUBLIC else [NotSignedIn, Refused]
    general += [ScopeMissing] if isinstance(contract.scope, Scope) else []
    yield from ((error.code, error.status) for error in (*general, *contract.errors))
    yield from ((error.code, error.status) for error in (KEYED if is_keyed(contract) else ()))
    yield from () if contract.raw else (("unsupported-media-type", 415),)
    yield from ((code, 429) for code in (RateLimited.code, "gateway-refused"))
    yield from ((code, 500) for code in _BROKEN)
    yield from ((error.code, error.status) for error in (Unavailable, Contention, EngineUnavailable))


def _operation(contract: Contract, schemas: Schemas, refusals: "Refusals", leads: dict[str, JsonObject]) -> JsonObject:
    told: JsonObject = {
        "operationId": contract.operation_id,
        "tags": [contract.room],
        "summary": contract.summary,
        "description": "\n\n".join(text for text in (contract.description, _needs(contract)) if text),
        "security": _security(contract),
        "parameters": _parameters(contract, schemas),
        "responses": _responses(contract, schemas, refusals, leads),
    }
    return told | ({"requestBody": _body(contract, schemas)} if contract.body.model_fields or contract.raw else {})


def _needs(contract: Contract) -> str:
    if contract.scope is Access.PUBLIC:
        return "For anybody."
    return "For whoever is signed in." if contract.scope is Access.SIGNED_IN else f"Needs `{contract.scope}`."


def _security(contract: Contract) -> list[Json]:
    if contract.signed:
        return [{"signature": []}]
    if contract.scope is Access.PUBLIC:
        return []
    needed: list[Json] = [str(contract.scope)] if isinstance(contract.scope, Scope) else []
    return [{"token": needed}, {"key": needed}]


def _parameters(contract: Contract, schemas: Schemas) -> list[Json]:
    names = [part[1:-1] for part in contract.path.split("/") if part.startswith("{")]
    found: list[Json] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names]
    query = schemas.of_type(contract.query, mode="validation", inline=True)
    required, properties = query.get("required", []), query.get("properties", {})
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    found += [{"name": name, "in": "query", "required": name in required, "schema": schema} for name, schema in properties.items()]
    if is_keyed(contract):
        key: JsonObject = {"type": "string", "maxLength": MAX_KEY, "description": _REPLAY[contract.replay]}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    if contract.matched:
        match: JsonObject = {"type": "string", "description": "the `ETag` of what was read, over which this is written"}
        found.append({"name": "If-Match", "in": "header", "required": False, "schema": match})
    if contract.method == "GET":
        etag: JsonObject = {"type": "string", "description": "the `ETag` of an answer that the caller has"}
        found.append({"name": "If-None-Match", "in": "header", "required": False, "schema": etag})
    return found


def is_keyed(contract: Contract) -> bool:
    """Whether an idempotency key means anything to the route."""
    return contract.method == "POST" and contract.replay in _REPLAY


def _body(contract: Contract, schemas: Schemas) -> JsonObject:
    if contract.raw:
        return {"required": False, "content": {ANYTHING: {"schema": {}, **_example(contract, "request")}}}
    content: JsonObject = {"schema": schemas.of_type(contract.body, mode="validation"), **_example(contract, "request")}
    kind = _FORM if contract.form else _JSON
    return {"required": any(field.is_required() for field in contract.body.model_fields.values()), "content": {kind: content}}


def _answers(contract: Contract, schemas: Schemas, leads: dict[str, JsonObject]) -> JsonObject:
    told: JsonObject = {}
    for status, kind in (contract.answers or {}).items():
        answer: JsonObject = {"description": HTTPStatus(status).phrase, **links_of(kind, status, leads)}
        if kind is not None:
            example = _example(contract, "response") if status == min(contract.answers or {}) else {}
            answer["content"] = {media: {"schema": schemas.of(each), **example} for media, each in _forms(kind)}
        told[str(status)] = answer
    return told | ({"304": {"description": "the caller has it: `If-None-Match` names it"}} if contract.method == "GET" and "200" in told else {})


def _forms(kind: Kind) -> list[tuple[str, Kind]]:
    """The forms that an answer may have, each with its type: more than one, where it is one of several media."""
    if isinstance(kind, Either) and all(isinstance(each, Media) for each in kind.of):
        return [(each.type, each) for each in kind.of]
    return [(kind.type if isinstance(kind, Media) else _JSON, kind)]


def _responses(contract: Contract, schemas: Schemas, refusals: "Refusals", leads: dict[str, JsonObject]) -> JsonObject:
    told = _answers(contract, schemas, leads)
    for status, codes in problems(contract).items():
        own, refusal = told.get(str(status)), refusals.of(status, codes)
        told[str(status)] = _either(own, refusals.whole(refusal)) if isinstance(own, dict) else refusal
    return told


def _either(own: JsonObject, refusal: JsonObject) -> JsonObject:
    """What a protocol of others says with a status in its own form, and what is said of the request before it gets there."""
    contents: list[Json] = [own.get("content", {}), refusal["content"]]
    return {**own, "content": {kind: content for each in contents if isinstance(each, dict) for kind, content in each.items()}}


class Refusals:
    """The problems of one document: what several routes answer stands in it once."""

    def __init__(self) -> None:
        self.responses: dict[str, Json] = {}
        self.examples: dict[str, Json] = {}

    def of(self, status: int, codes: Sequence[str]) -> JsonObject:
        """A status with these codes."""
        name = f"{status}.{'.'.join(codes)}"
        if name not in self.responses:
            self.responses[name] = self._response(status, codes)
        return {"$ref": f"#/components/responses/{name}"}

    def whole(self, reference: JsonObject) -> JsonObject:
        """What a reference refers to."""
        found = self.responses[str(reference["$ref"]).rpartition("/")[2]]
        assert isinstance(found, dict)
        return found

    def _response(self, status: int, codes: Sequence[str]) -> JsonObject:
        self.examples.update({code: {"value": of_problem(code, status)} for code in codes})
        problem: JsonObject = {"$ref": REFERENCE.format(shapes.PROBLEM.name)}
        content: JsonObject = {
            "schema": {"allOf": [problem, {"properties": {"code": {"enum": [*codes]}}}]},
            "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
        }
        return {"description": "; ".join(f"`{code}`: {MEANINGS[code]}" for code in codes), "content": {_PROBLEM: content}}


def _example(contract: Contract, side: str) -> JsonObject:
    examples = of_route(contract.named)
    return {"example": examples[side]} if side in examples else {}


def _rooms(promised: Iterable[Contract]) -> dict[str, str]:
    """What each module of routes says of itself."""
    found = {each.room: (modules[each.function.__module__].__doc__ or "").partition("\n")[0] for each in promised}
    told = {room: about.removeprefix("Routes: ") for room, about in found.items()}
    return {room: about[:1].upper() + about[1:] for room, about in told.items()}
