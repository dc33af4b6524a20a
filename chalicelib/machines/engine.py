"""Step Functions' faults in our words: what may be tried again becomes EngineUnavailable, the rest passes through."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import EngineUnavailable

_LATER: Final = frozenset(
    {
        "ThrottlingException",
        "TooManyRequestsException",
        "ServiceUnavailable",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "ExecutionLimitExceeded",
        "StateMachineLimitExceeded",
        "KmsThrottlingException",
        "RequestTimeout",
    }
)


@contextmanager
def engine_faults() -> Iterator[None]:
    """Translate what the engine raises inside the block."""
    try:
        yield
    except ClientError as fault:
        code = fault.response["Error"]["Code"]
        if code in _LATER or fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
            raise EngineUnavailable(f"Step Functions answered {code}") from fault
        raise
    except BotoCoreError as fault:
        raise EngineUnavailable(f"Step Functions cannot be reached: {fault}") from fault
