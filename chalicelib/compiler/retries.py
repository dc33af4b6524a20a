"""Who is tried again: the Retry blocks of Task states.

In: a node's `retry`. Out: ASL retriers. The engine owns retries of a node's failure; nobody else retries it.
`RETRYABLE_ERRORS` are the class names of all errors that say `retryable`; a repository test compares them with the classes.
"""

from typing import Final

from chalicelib.compiler.asl import Retrier
from chalicelib.spec.nodes import Retry

# AWS's own list of passing faults of an invocation (Developer Guide, best practices), throttling added, and our own store's and engine's: they
# strike before or after a node's work, whose result is then replayed, so they are tried again on every node.
TRANSIENT: Final = Retrier(
    error_equals=(
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
        "Contention",
        "EngineUnavailable",
        "Unavailable",
    ),
    interval_seconds=2,
    max_attempts=6,
    backoff_rate=2,
    jitter="FULL",
)

RETRYABLE_ERRORS: Final = (
    "Contention",
    "EngineUnavailable",
    "HostUnreachable",
    "HttpServerFailed",
    "HttpThrottled",
    "HttpTimedOut",
    "ModelOverloaded",
    "ModelRateLimited",
    "ModelTimedOut",
    "ModelUnavailable",
    "PublisherUnavailable",
    "Unavailable",
    "WorkerLost",
)
_LOST_WORKER: Final = ("Lambda.Unknown", "Sandbox.Timedout", "States.Timeout")


def retrier(retry: Retry) -> Retrier:
    """`max_attempts` of the language counts all tries, that of ASL the retries."""
    return Retrier(
        error_equals=(*RETRYABLE_ERRORS, *_LOST_WORKER),
        interval_seconds=retry.interval_seconds,
        max_attempts=retry.max_attempts - 1,
        backoff_rate=retry.backoff_rate,
        max_delay_seconds=retry.max_delay_seconds,
        jitter=retry.jitter.upper(),
    )
