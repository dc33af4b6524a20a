"""What HTTP itself says of a failed call, whoever the vendor is.

In: a status, headers. Out: the class that `failures` has for it, the seconds to wait. What a vendor means otherwise, or tells more exactly by a code
or in words, stands in its adapter.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.providers.failures import (
    ContextTooLong,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelCancelled,
    ModelFailure,
    ModelOverloaded,
    ModelRateLimited,
    ModelTimedOut,
    ModelUnavailable,
)

BY_STATUS: Final[Mapping[int, type[ModelFailure]]] = {
    401: ModelAuthFailed,
    402: ModelBillingStopped,
    403: ModelAuthFailed,
    408: ModelTimedOut,
    409: ModelUnavailable,
    413: ContextTooLong,
    429: ModelRateLimited,
    499: ModelCancelled,
    504: ModelTimedOut,
    529: ModelOverloaded,
}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, of `Retry-After`; None where it is missing or a date. Names of headers as the mapping finds them: in small letters."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
