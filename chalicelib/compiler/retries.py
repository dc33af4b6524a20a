"""Who is tried again: the Retry blocks of Task states.

In: a node's `retry`. Out: ASL retriers. The engine owns retries of a node's failure; nobody else retries it.
`RETRYABLE_ERRORS` are the class names of all errors that say `retryable`; a repository test compares them with the classes.
"""

from typing import Final

from chalicelib.compiler.asl import Retrier
from chalicelib.spec.nodes import Retry

_PASSING_RETRIES: Final = 6
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
    max_attempts=_PASSING_RETRIES,
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
# A worker that died or hung, as older and newer runtimes tell of it.
_LOST_WORKER: Final = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout")

# Tasks that only ask (gates, questions, sub-workflows), and those that close them: what a worker that dies has done there may be done again.
HARMLESS: Final = Retrier(error_equals=_LOST_WORKER, interval_seconds=1, max_attempts=5, backoff_rate=2, jitter="FULL")
# Agents with tools: whoever enters goes on where one that died was, and takes over from one that is still at it though the machine gave it up.
GOES_ON: Final = Retrier(error_equals=(*_LOST_WORKER, "StaleAttempt"), interval_seconds=1, max_attempts=5, backoff_rate=2, jitter="FULL")


def retriers(retry: Retry | None, *, waits: bool, closes: bool = False, goes_on: bool = False) -> tuple[Retrier, ...]:
    """Of a Task whose node says `retry`. `waits`: for somebody's answer; `closes`: it is a state of the compiler's own that ends such a wait;
    `goes_on`: an agent's, which is entered again."""
    if closes or (waits and retry is None):
        return TRANSIENT, HARMLESS
    own = () if retry is None else (_own(retry, waits=waits),)
    return (TRANSIENT, *own, GOES_ON) if goes_on else (TRANSIENT, *own)


def callers(retry: Retry | None) -> tuple[Retrier, ...]:
    """Of a Task that calls another service. Nobody knows which of its failures pass, or what it has done by then: only the author may say so."""
    return () if retry is None else (_tried(retry, "States.TaskFailed", "States.Timeout"),)


def is_tried_again(retry: Retry | None, error: str, *, retries: int) -> bool:
    """Whether the machine tries the node again after an error that its worker raised in the attempt that so many retries came before."""
    most = _PASSING_RETRIES if error in TRANSIENT.error_equals else 0
    if retry is not None and error in RETRYABLE_ERRORS:
        most = max(most, retry.max_attempts - 1)
    return retries < most


def _own(retry: Retry, *, waits: bool) -> Retrier:
    """`max_attempts` of the language counts all tries, that of ASL the retries. The time-out of a Task that waits for somebody is no lost worker."""
    return _tried(retry, *RETRYABLE_ERRORS, *_LOST_WORKER, *(() if waits else ("States.Timeout",)))


def _tried(retry: Retry, *errors: str) -> Retrier:
    return Retrier(
        error_equals=errors,
        interval_seconds=retry.interval_seconds,
        max_attempts=retry.max_attempts - 1,
        backoff_rate=retry.backoff_rate,
        max_delay_seconds=retry.max_delay_seconds,
        jitter=retry.jitter.upper(),
    )
