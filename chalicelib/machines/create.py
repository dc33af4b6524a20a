"""Create the state machine of a version: the only caller of CreateStateMachine."""

from chalicelib.spec.model import JsonObject


def create(*, workflow_name: str, version_id: str, number: int, machine: JsonObject, tags: dict[str, str] | None = None) -> str:
    """Create a Standard machine named `<name, ≤ 40>-v<n>-<10 of the version id's hash>`, its placeholders bound, and return its ARN.
    Idempotent by name."""
    raise NotImplementedError


def machine_name(*, workflow_name: str, version_id: str, number: int) -> str:
    """The name that a version's machine has."""
    raise NotImplementedError


def delete(machine_arn: str) -> None:
    """Delete a machine; running executions come to their end. A machine that is gone is no error."""
    raise NotImplementedError
