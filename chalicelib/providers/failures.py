"""What goes wrong with a model call, as named exceptions; every vendor's errors are translated into these once, at the adapter.

In: nothing. Out: one class per cause. Class names are the error names in the state machine (a wire contract).
`usage` is what the failed call still cost.
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

from typing import Final

from chalicelib.errors import SluiceError
from chalicelib.providers.model import Usage


class ModelFailure(SluiceError):  # noqa: N818  (the name is what the state machine matches)
    """Root of the model calls' failures."""

    code = "model-failed"

    def __init__(self, message: str, *, usage: Usage | None = None, retry_after_seconds: float | None = None) -> None:
        self.usage = usage
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class ModelRateLimited(ModelFailure):
    code = "rate-limited"
    retryable = True
    status = 503


class ModelOverloaded(ModelFailure):
    code = "overloaded"
    retryable = True
    status = 503


class ModelUnavailable(ModelFailure):
    code = "model-unavailable"
    retryable = True
    status = 503


class ModelTimedOut(ModelFailure):
    code = "model-timed-out"
    retryable = True
    status = 504


class ModelTruncated(ModelFailure):
    code = "truncated"


class ContextTooLong(ModelFailure):
    code = "context-too-long"


class ModelRequestInvalid(ModelFailure):
    code = "model-request-invalid"


class ContentFiltered(ModelFailure):
    code = "content-filtered"


class ModelAuthFailed(ModelFailure):
    code = "model-auth-failed"


class ModelBillingStopped(ModelFailure):
    code = "model-billing-stopped"


class ModelCancelled(ModelFailure):
    code = "model-cancelled"


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
