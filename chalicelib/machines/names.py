"""Names of state machines and ARNs of executions, derived, never looked up."""

import hashlib
from typing import Final

_NAME_LENGTH: Final = 40
_HASH_LENGTH: Final = 10


def machine_name(*, workflow_name: str, version_id: str, number: int) -> str:
    """`<name, ≤ 40>-v<n>-<10 of the version id's hash>`: readable in AWS's console, the same each time, at most 80 characters."""
    suffix = hashlib.sha256(version_id.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{workflow_name[:_NAME_LENGTH].rstrip('-')}-v{number}-{suffix}"


def execution_arn(machine_arn: str, execution_name: str) -> str:
    """The ARN that an execution of that name has."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{execution_name}"
