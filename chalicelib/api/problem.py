"""Errors as the API shows them: problem documents (RFC 9457) with a stable code.

In: an exception of ours, a validation error, or a response that the framework made. Out: a response with
`{type, title, status, code, detail, errors: [{field, message}], …}` as `application/problem+json`. Never: a stack trace, a secret or a foreign body.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from chalice.app import Request, Response
from pydantic import ValidationError

from chalicelib.errors import FieldsInvalid, ScopeMissing, SluiceError, SpecInvalid
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import Json, JsonObject

CONTENT_TYPE: Final = "application/problem+json"
FRAMEWORK_CODES: Final = {405: "method-not-allowed", 415: "unsupported-media-type"}


def problem(status: int, code: str, detail: str, *, errors: Sequence[JsonObject] = (), more: Mapping[str, Json] | None = None) -> Response:
    """A problem document as a response. `more` adds members of the error's own; `type` is where the code is explained, below the API's address."""
    document: JsonObject = {
        "type": f"/api/v1/docs#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
    }
    return Response(body={**(more or {}), **document}, status_code=status, headers={"Content-Type": CONTENT_TYPE})


def of_error(error: SluiceError) -> Response:
    """The response for an error of the tree in chalicelib.errors."""
    response = problem(error.status, error.code, str(error), errors=_field_errors(error), more=_more(error))
    response.headers.update(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = f'Bearer realm="sluice", error="{error.code}"'
    if isinstance(error, ScopeMissing):  # RFC 6750
        response.headers["WWW-Authenticate"] = f'Bearer realm="sluice", error="insufficient_scope", scope="{error.scope}"'
    return response


def of_validation(fault: ValidationError, *, where: str) -> Response:
    """The response for a body or query that does not fit: which field, and why."""
    errors: list[JsonObject] = [{"field": _path(found["loc"]) or where, "message": found["msg"]} for found in fault.errors(include_url=False)]
    return problem(400, f"{where}-invalid", f"the {where} does not fit: {errors[0]['field']}: {errors[0]['message']}", errors=errors)


def diagnostic_document(found: Diagnostic) -> JsonObject:
    """A diagnostic as the API shows it."""
    at = found.location
    document: JsonObject = {"code": found.code, "severity": found.severity.value, "message": found.message, "hint": found.hint}
    return {**document, "line": at.line, "column": at.column, "path": at.path}


def retell_framework_errors(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: what Chalice refuses by itself, and what it catches, is a problem document too."""
    response = get_response(request)
    if response.status_code < 400 or response.headers.get("Content-Type") == CONTENT_TYPE:
        return response
    body = response.body if isinstance(response.body, dict) else {}
    if "jsonrpc" in body:
        return response  # a protocol with errors of its own
    status = response.status_code
    retold = problem(status, FRAMEWORK_CODES.get(status, "internal" if status >= 500 else "bad-request"), str(body.get("Message", "")))
    retold.headers = {**response.headers, **retold.headers}
    return retold


def _field_errors(error: SluiceError) -> list[JsonObject]:
    match error:
        case FieldsInvalid():
            return [{"field": field, "message": message} for field, message in error.faults.items()]
        case SpecInvalid():
            return [{"field": found.location.path, "message": found.message} for found in error.diagnostics if found.is_error]
        case _:
            return []


def _more(error: SluiceError) -> Mapping[str, Json]:
    if isinstance(error, SpecInvalid):
        return {"diagnostics": [diagnostic_document(found) for found in error.diagnostics]}
    return error.detail


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
