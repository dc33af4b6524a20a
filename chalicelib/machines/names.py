"""Names of state machines and ARNs of executions, derived, never looked up."""

import hashlib
from typing import Final

_NAME_LENGTH: Final = 40
_HASH_LENGTH: Final = 10


def machine_name(*, workflow_name: str, version_id: str, number: int) -> str:
    """`<name, ≤ 40>-v<n>-<10 of the version id's hash>`: readable in AWS's console, the same each time, at most 80 characters."""
    return f"{workflow_name[:_NAME_LENGTH].rstrip('-')}-v{number}-{_hash(version_id)}"


def residual_name(*, workflow_name: str, run_id: str, number: int, resume: int) -> str:
    """`<name, ≤ 40>-v<n>_r<resume>-<10 of the hash of run and resume>`. No workflow's name has an underscore, so that no version's machine is
    called so."""
    return f"{workflow_name[:_NAME_LENGTH].rstrip('-')}-v{number}_r{resume}-{_hash(f'{run_id}/{resume}')}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def execution_arn(machine_arn: str, execution_name: str) -> str:
    """The ARN that an execution of that name has."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{execution_name}"
