"""Makes a route of a plain function.

In: a function `(call: Call[Body, Query], **path parameters) -> Answer`, whose annotation says which models its body and query must fit.
Out: a Chalice route with CORS that finds out who calls, whether they may, parses, calls the function and renders; what goes wrong becomes a problem
document. Only where `signed` is asked for does API Gateway check an AWS signature before.
Never: a business decision.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import wraps
from http import HTTPMethod
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, CORSConfig, IAMAuthorizer, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from chalicelib.access.principal import NOBODY, Principal
from chalicelib.access.scopes import Access, Scope
from chalicelib.access.throttle import Allowance, kind_of, spend
from chalicelib.api import problem, replaying
from chalicelib.api.answer import Answer as Answer
from chalicelib.api.caller import KEY_HEADER as API_KEY_HEADER
from chalicelib.api.caller import address_of, principal_of
from chalicelib.api.contract import Answers, Contract, Replay, contract_of
from chalicelib.errors import NotSignedIn, Refused, SluiceError
from chalicelib.store.acts import Actor, acting

CORRELATION_HEADER: Final = "X-Correlation-Id"
KEY_HEADER: Final = "Idempotency-Key"
MATCH_HEADER: Final = "If-Match"
CORS: Final = CORSConfig(
    allow_headers=[API_KEY_HEADER, KEY_HEADER, CORRELATION_HEADER, MATCH_HEADER, "If-None-Match"],
    expose_headers=[
        CORRELATION_HEADER,
        "ETag",
        "Location",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "WWW-Authenticate",
        replaying.REPLAYED,
    ],
    max_age=600,
)
SIGNED: Final = IAMAuthorizer()
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_LOOKING: Final = frozenset({Scope.WORKFLOW_READ, Scope.RUN_READ, Scope.AUDIT_READ})
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))

logger = Logger(service="api")


class Wire(BaseModel):
    """What a body or a query must fit: closed, and immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Nothing(Wire):
    """No body, or no query parameters."""


BodyT = TypeVar("BodyT", bound=Wire)
QueryT = TypeVar("QueryT", bound=Wire)


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """A request that fits: who asks, from where, and for what."""

    principal: Principal
    body: BodyT
    query: QueryT
    idempotency_key: str = ""
    address: str = ""
    if_match: str = ""


View = Callable[..., Answer]


def endpoint(
    routes: Blueprint,
    method: HTTPMethod,
    path: str,
    *,
    scope: Scope | Access | None = None,
    answers: Answers | None = None,
    errors: Sequence[type[SluiceError]] = (),
    replay: Replay = Replay.STORED,
    form: bool = False,
    signed: bool = False,
    matched: bool = False,
    alias_of: Contract | None = None,
) -> Callable[[View], View]:
    """Register the decorated function as `method path` of a blueprint.

    `scope` is what the caller needs; a route that declares none answers nobody, and a test names it. `answers` (statuses and what their bodies look
    like), `errors` (of its own) and the function's docstring are what the API's document tells of it. `form`: the body is a form's, not JSON.
    `signed`: API Gateway asks for an AWS signature. `matched`: it wants `If-Match`. `alias_of`: the route is another name of that one.
    """

    def register(function: View) -> View:
        body, query = models_of(function)
        operation = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        promised = Contract(method, path, function, body, query, scope, answers, tuple(errors), replay, form, signed, matched, alias_of=alias_of)

        @wraps(function)
        def view(**parameters: str) -> Response:
            def answer(request: Request) -> Answer:
                principal, allowance = _allowed(request, scope)
                call = _read(principal, request, body, query, form=form)
                return _with_headers(_called(promised, call, parameters, request, operation), allowance)

            return _respond(routes.current_request, answer)

        view.__dict__["contract"] = promised
        function.__dict__.setdefault("contract", promised)
        routes.route(
            path,
            methods=_methods(method),
            name=f"{function.__module__}.{function.__name__}",
            cors=CORS,
            content_types=[FORM if form else JSON],
            authorizer=SIGNED if signed else None,
        )(view)
        return function

    return register


def raw_endpoint(
    routes: Blueprint, method: HTTPMethod, path: str, *, answers: Answers | None = None, errors: Sequence[type[SluiceError]] = ()
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Register a function `(request: Request, **path parameters) -> Answer` that anybody may call, and that reads and judges the request itself:
    its body is whatever came."""

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(function)
        def view(**parameters: str) -> Response:
            def answer(request: Request) -> Answer:
                allowance = spend(NOBODY, "hook", address_of(request))
                return _with_headers(function(request, **parameters), allowance)

            return _respond(routes.current_request, answer)

        view.__dict__["contract"] = Contract(method, path, function, Nothing, Nothing, Access.PUBLIC, answers, tuple(errors), Replay.NEVER, raw=True)
        routes.route(path, methods=_methods(method), name=f"{function.__module__}.{function.__name__}", content_types=["*/*"])(view)
        return function

    return register


def _methods(method: HTTPMethod) -> list[str]:
    """What can be read answers HEAD, too."""
    return ["GET", "HEAD"] if method is HTTPMethod.GET else [method.value]


def headers_of(request: Request) -> dict[str, str]:
    """All of them, under small letters."""
    return {str(name).lower(): str(value) for name, value in request.headers.items()}


def body_of(request: Request) -> bytes:
    """As it came."""
    return request.raw_body.encode() if isinstance(request.raw_body, str) else request.raw_body


def models_of(function: View) -> tuple[type[Wire], type[Wire]]:
    """The body's and the query's model, from the annotation of the parameter `call`."""
    body, query = get_args(get_type_hints(function)["call"])
    return body, query


def _called(contract: Contract, call: Call[Any, Any], parameters: Mapping[str, str], request: Request, operation: str) -> Answer:
    """The function's answer, once for an idempotency key; what it changes is noted as the caller's doing."""
    who = Actor(call.principal.organisation_id, call.principal.person, operation, call.address, _correlation_id(request))

    def answer() -> Answer:
        with nullcontext() if request.method in _READING or call.principal == NOBODY else acting(who):
            given: Answer = contract.function(call, **parameters)
        return given

    digest = replaying.digest_of(request, parameters) if call.idempotency_key else ""
    return replaying.once(contract, call.principal, call.idempotency_key, digest, answer)


def _respond(request: Request, answer: Callable[[Request], Answer]) -> Response:
    correlation_id = _correlation_id(request)
    logger.thread_safe_append_keys(correlation_id=correlation_id)
    response = _answer_or_problem(request, answer)
    response.headers[CORRELATION_HEADER] = correlation_id
    return response


def _answer_or_problem(request: Request, answer: Callable[[Request], Answer]) -> Response:
    try:
        given = answer(request)
        body = "" if given.body is None else given.body
        return Response(body=body, status_code=given.status, headers={"Content-Type": "application/json", **given.headers})
    except _Misfit as misfit:
        return problem.of_validation(misfit.fault, where=misfit.where)
    except SluiceError as error:
        if error.status >= 500:
            logger.exception("refused", code=error.code)
        return problem.of_error(error)
    except Exception:
        logger.exception("failed")
        return problem.problem(500, "internal", f"something broke; the log knows it as {_correlation_id(request)}")


class _Misfit(Exception):  # noqa: N818
    """A body or query that its model refuses."""

    def __init__(self, fault: ValidationError, where: str) -> None:
        self.fault = fault
        self.where = where
        super().__init__(where)


def scope_of(view: Callable[..., Any]) -> Scope | Access | None:
    """What a registered route declares."""
    promised = contract_of(view)
    return None if promised is None else promised.scope


def _read(principal: Principal, request: Request, body: type[BodyT], query: type[QueryT], *, form: bool) -> Call[BodyT, QueryT]:
    """Who asks came first: what is wrong with a request is told to those alone who may make it."""
    try:
        read_body = _form(request, body) if form else body.model_validate_json(request.raw_body or b"{}", strict=True)
    except ValidationError as fault:
        raise _Misfit(fault, "body") from fault
    try:
        read_query = query.model_validate(_query(request, query))
    except ValidationError as fault:
        raise _Misfit(fault, "query") from fault
    headers = request.headers
    return Call(principal, read_body, read_query, headers.get(KEY_HEADER, ""), address_of(request), headers.get(MATCH_HEADER, ""))


def _query(request: Request, model: type[Wire]) -> dict[str, Any]:
    """Each parameter once, of two the last; but all of those of which a route takes several."""
    given = request.query_params
    if given is None:
        return {}
    return {name: given.getlist(name) if _takes_several(model, name) else given[name] for name in given}


def _takes_several(model: type[Wire], name: str) -> bool:
    found = model.model_fields.get(name)
    return found is not None and get_origin(found.annotation) in {list, tuple}


def _form(request: Request, body: type[BodyT]) -> BodyT:
    """A form's fields, each once: of two the last holds, as in a query."""
    raw = request.raw_body
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    return body.model_validate(dict(parse_qsl(text, keep_blank_values=True)))


def _allowed(request: Request, scope: Scope | Access | None) -> tuple[Principal, Allowance]:
    """The caller, who may do what the route does, and what is left for them. Raises Refused, NotSignedIn, RateLimited, ScopeMissing."""
    if scope is None:
        raise Refused("this route declares no scope, so nobody may call it")
    principal, allowance = _counted(request, scope)
    principal.require(scope)
    return principal, allowance


def _counted(request: Request, scope: Scope | Access) -> tuple[Principal, Allowance]:
    """The one place where calls meet their limits (`access.throttle`): once it is known who asks, before anybody looks at what they may or have sent.
    Credentials that do not hold count by address, as none do."""
    address = address_of(request)
    try:
        principal = NOBODY if scope is Access.PUBLIC else principal_of(request, fresh=scope not in _LOOKING)
    except NotSignedIn:
        spend(NOBODY, "auth", address)
        raise
    return principal, spend(principal, kind_of(principal, scope, request.method), address)


def _with_headers(given: Answer, allowance: Allowance) -> Answer:
    return replace(given, headers={**allowance.headers, **given.headers})


def _correlation_id(request: Request) -> str:
    context: Mapping[str, Any] = request.context
    return request.headers.get(CORRELATION_HEADER) or str(context.get("requestId") or "")
