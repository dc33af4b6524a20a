"""Google's errors by the names of `failures`.

In: an `APIError` of the SDK, which knows two classes only. Out: a ModelFailure, by status, by the reasons in the error's details, and for what has no
code of its own by the words of its message.
"""

import re
from typing import TYPE_CHECKING, Any, Final

from chalicelib.providers import http_failures
from chalicelib.providers.failures import (
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelFailure,
    ModelOverloaded,
    ModelRequestInvalid,
    ModelUnavailable,
)

if TYPE_CHECKING:
    from google.genai import errors

_BY_STATUS: Final[dict[int, type[ModelFailure]]] = {**http_failures.BY_STATUS, 503: ModelOverloaded}
_BY_REASON: Final[dict[str, type[ModelFailure]]] = {
    "API_KEY_INVALID": ModelAuthFailed,
    "API_KEY_SERVICE_BLOCKED": ModelAuthFailed,
    "BILLING_DISABLED": ModelBillingStopped,
    "MODEL_CAPACITY_EXHAUSTED": ModelOverloaded,
    "SERVICE_DISABLED": ModelAuthFailed,
}
_BY_WORDS: Final[tuple[tuple[re.Pattern[str], frozenset[int], type[ModelFailure]], ...]] = (
    (re.compile(r"(?i)exceeds the maximum number of tokens"), frozenset((400, 413)), ContextTooLong),
    (re.compile(r"(?i)api key (?:not valid|expired|not found)|location is not supported"), frozenset((400,)), ModelAuthFailed),
    # "check your plan and billing details" stands in every 429, also those that a minute heals
    (
        re.compile(r"(?i)credits? (?:are|is|have been) (?:depleted|exhausted)|spend(?:ing)? (?:cap|limit)|limit: 0\b|enable billing|billing account"),
        frozenset((400, 403, 429)),
        ModelBillingStopped,
    ),
)

_QUOTED: Final = re.compile(r'"[^"]{60,}"')  # what is quoted at length may be the prompt


def translated(error: "errors.APIError", model: str) -> ModelFailure:
    """The failure that an error of the API stands for."""
    code = error.code or 500
    told = _QUOTED.sub('"…"', str(error.message or ""))
    kind = _by_words(code, told) or _by_reason(error) or _BY_STATUS.get(code) or (ModelRequestInvalid if 400 <= code < 500 else ModelUnavailable)
    return kind(f"{model}: {code} {told[:300]}".strip(), retry_after_seconds=retry_after(error))


def _by_words(code: int, told: str) -> type[ModelFailure] | None:
    return next((kind for words, codes, kind in _BY_WORDS if code in codes and words.search(told)), None)


def _by_reason(error: "errors.APIError") -> type[ModelFailure] | None:
    return next((_BY_REASON[reason] for part in _details(error) if (reason := str(part.get("reason"))) in _BY_REASON), None)


def retry_after(error: "errors.APIError") -> float | None:
    """Seconds: `RetryInfo.retryDelay` (`"17s"`) of the details, which the SDK leaves alone, else the header."""
    for part in _details(error):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(part.get("retryDelay", "")))
        if found:
            return float(found[1])
    return http_failures.retry_after(getattr(error.response, "headers", None) or {})


def _details(error: "errors.APIError") -> list[dict[str, Any]]:
    told = error.details
    inner = told.get("error", told) if isinstance(told, dict) else {}
    details = inner.get("details") if isinstance(inner, dict) else None
    return [part for part in details if isinstance(part, dict)] if isinstance(details, list) else []
