"""What goes wrong with a model call, as named exceptions; every vendor's errors are translated into these once, at the adapter.

In: nothing. Out: one class per cause, and `MEANING`, what each cause means for the router. Class names are the error names in the state machine (a
wire contract). `usage` is what the failed call still cost, `trail` which candidates the router tried before it gave up.
Never carries a prompt, an answer or a key.

    SluiceError
    └── ModelFailure
        ├── ModelRateLimited      too many requests; `retry_after_seconds` if told  (retryable)
        ├── ModelOverloaded       the vendor has no capacity                        (retryable)
        ├── ModelUnavailable      a vendor's fault, or no connection                (retryable)
        ├── ModelTimedOut         no whole answer in the time given                 (retryable)
        ├── ModelTruncated        the answer ended early: token limit, cut stream
        ├── ContextTooLong        the prompt does not fit the model's window
        ├── ModelRequestInvalid   a request that the vendor refuses, an unknown model or provider
        ├── ContentFiltered       the vendor's policy refuses to answer
        ├── ModelAuthFailed       the key is missing, wrong or may not
        ├── ModelBillingStopped   no credit, or a spending limit
        └── ModelCancelled        the call was given up by its caller
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from chalicelib.errors import SluiceError
from chalicelib.providers.model import Usage

if TYPE_CHECKING:
    from chalicelib.providers.trail import Step


class FailureKind(StrEnum):
    """The causes, one for each class below."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    CONTEXT_TOO_LONG = "context_too_long"
    INVALID_REQUEST = "invalid_request"
    CONTENT_FILTERED = "content_filtered"
    AUTH = "auth"
    BILLING = "billing"
    CANCELLED = "cancelled"


class Health(StrEnum):
    """What a failure says of its candidate."""

    FAULT = "fault"  # counts; enough of them open the breaker
    OPENS = "opens"  # opens the breaker at once: another call would fail as well
    ALIVE = "alive"  # the vendor answered; the request is what was wrong
    NOTHING = "nothing"


class Fallback(StrEnum):
    """Who is asked next."""

    NEXT = "next"
    LARGER = "larger"  # those whose context window is larger
    NEVER = "never"  # the same would happen there, or the caller must know


@dataclass(frozen=True, slots=True)
class Meaning:
    """`retry`: one short second try at the same candidate. `open_seconds`: the first open time of the breaker, where it opens for this."""

    health: Health
    retry: bool
    fallback: Fallback
    open_seconds: float = 0.0


MEANING: Final[Mapping[FailureKind, Meaning]] = {
    FailureKind.RATE_LIMITED: Meaning(Health.OPENS, retry=False, fallback=Fallback.NEXT, open_seconds=5),
    FailureKind.OVERLOADED: Meaning(Health.FAULT, retry=True, fallback=Fallback.NEXT, open_seconds=10),
    FailureKind.UNAVAILABLE: Meaning(Health.FAULT, retry=True, fallback=Fallback.NEXT, open_seconds=10),
    FailureKind.TIMEOUT: Meaning(Health.FAULT, retry=False, fallback=Fallback.NEXT, open_seconds=20),
    FailureKind.TRUNCATED: Meaning(Health.NOTHING, retry=False, fallback=Fallback.NEXT),
    FailureKind.CONTEXT_TOO_LONG: Meaning(Health.ALIVE, retry=False, fallback=Fallback.LARGER),
    FailureKind.INVALID_REQUEST: Meaning(Health.ALIVE, retry=False, fallback=Fallback.NEVER),
    FailureKind.CONTENT_FILTERED: Meaning(Health.ALIVE, retry=False, fallback=Fallback.NEVER),
    FailureKind.AUTH: Meaning(Health.OPENS, retry=False, fallback=Fallback.NEXT, open_seconds=120),
    FailureKind.BILLING: Meaning(Health.OPENS, retry=False, fallback=Fallback.NEXT, open_seconds=300),
    FailureKind.CANCELLED: Meaning(Health.NOTHING, retry=False, fallback=Fallback.NEVER),
}


class ModelFailure(SluiceError):  # noqa: N818  (the name is what the state machine matches)
    """Root of the model calls' failures."""

    code = "model-failed"
    kind: ClassVar[FailureKind] = FailureKind.UNAVAILABLE

    def __init__(self, message: str, *, usage: Usage | None = None, retry_after_seconds: float | None = None) -> None:
        self.usage = usage
        self.trail: tuple[Step, ...] = ()
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class ModelRateLimited(ModelFailure):
    code = "rate-limited"
    kind = FailureKind.RATE_LIMITED
    retryable = True
    status = 503


class ModelOverloaded(ModelFailure):
    code = "overloaded"
    kind = FailureKind.OVERLOADED
    retryable = True
    status = 503


class ModelUnavailable(ModelFailure):
    code = "model-unavailable"
    kind = FailureKind.UNAVAILABLE
    retryable = True
    status = 503


class ModelTimedOut(ModelFailure):
    code = "model-timed-out"
    kind = FailureKind.TIMEOUT
    retryable = True
    status = 504


class ModelTruncated(ModelFailure):
    code = "truncated"
    kind = FailureKind.TRUNCATED


class ContextTooLong(ModelFailure):
    code = "context-too-long"
    kind = FailureKind.CONTEXT_TOO_LONG


class ModelRequestInvalid(ModelFailure):
    code = "model-request-invalid"
    kind = FailureKind.INVALID_REQUEST


class ContentFiltered(ModelFailure):
    code = "content-filtered"
    kind = FailureKind.CONTENT_FILTERED


class ModelAuthFailed(ModelFailure):
    code = "model-auth-failed"
    kind = FailureKind.AUTH


class ModelBillingStopped(ModelFailure):
    code = "model-billing-stopped"
    kind = FailureKind.BILLING


class ModelCancelled(ModelFailure):
    code = "model-cancelled"
    kind = FailureKind.CANCELLED


FAILURES: Final = (
    ModelRateLimited,
    ModelOverloaded,
    ModelUnavailable,
    ModelTimedOut,
    ModelTruncated,
    ContextTooLong,
    ModelRequestInvalid,
    ContentFiltered,
    ModelAuthFailed,
    ModelBillingStopped,
    ModelCancelled,
)
