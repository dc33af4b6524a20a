"""Failures that arise in workers, and how any exception becomes a named one.

In: an exception. Out: a SluiceError: its class name is the name that the state machine matches, `retryable` says whether the machine may try again.

    SluiceError
    ├── PayloadInvalid           an event that no Task state of ours sent (workers.payload)
    └── NodeFailed
        ├── CameTooLate          work that was done after the node's time was over: the machine has gone on without it
        ├── PromiseBroken        what a workflow or an agent elsewhere gave for an agent node, and its output schema refuses
        ├── OutputNotJson        an output that is no JSON, or that takes the name of a pointer record
        ├── ResultsIncomplete    the results of a map that the engine wrote to S3 are not those of all its items
        └── NodeCrashed          an exception that nobody foresaw; its message is kept short
"""

from typing import Final

from chalicelib.errors import Contention, NodeFailed, RunEnded, RunNotFound, SluiceError, StaleAttempt, Unavailable

MAX_MESSAGE: Final = 300
SILENT: Final = (RunEnded, StaleAttempt, RunNotFound, Contention)  # nothing can or may be written of them into the node's record


class CameTooLate(NodeFailed):
    code = "came-too-late"


class PromiseBroken(NodeFailed):
    code = "promise-broken"


class OutputNotJson(NodeFailed):
    code = "output-not-json"


class ResultsIncomplete(NodeFailed):
    code = "results-incomplete"


class NodeCrashed(NodeFailed):
    code = "node-crashed"


def named(error: Exception) -> SluiceError:
    """The exception as the machine shall see it."""
    if isinstance(error, SluiceError):
        return error
    from botocore.exceptions import BotoCoreError, ClientError

    kind = type(error).__name__
    if isinstance(error, ClientError | BotoCoreError):
        return Unavailable(f"a service that Sluice stands on does not answer as it should ({_code(error) or kind})")
    return NodeCrashed(f"{kind}: {error}"[:MAX_MESSAGE])


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
