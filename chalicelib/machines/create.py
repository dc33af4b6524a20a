"""Create the state machine of a version, or of what is left of a run: the only caller of CreateStateMachine."""

from botocore.exceptions import ClientError

from chalicelib.compiler.placeholders import bind
from chalicelib.machines.engine import engine_faults
from chalicelib.machines.names import machine_name
from chalicelib.settings import settings
from chalicelib.spec.canonical import canonical_json
from chalicelib.spec.model import JsonObject
from chalicelib.store.clients import client


def create(*, workflow_name: str, version_id: str, number: int, machine: JsonObject, tags: dict[str, str] | None = None) -> str:
    """Create a Standard machine named `<name, ≤ 40>-v<n>-<10 of the version id's hash>`, its placeholders bound, and return its ARN.

    Idempotent by name: the version's id is in it, and a version never changes. Raises EngineUnavailable.
    """
    return create_named(machine_name(workflow_name=workflow_name, version_id=version_id, number=number), machine, tags=tags)


def create_named(name: str, machine: JsonObject, *, tags: dict[str, str] | None = None) -> str:
    """The same under a name that is known beforehand; whoever makes the name sees to it that it stands for one machine. Raises EngineUnavailable."""
    stepfunctions = client("stepfunctions")
    with engine_faults():
        try:
            answer = stepfunctions.create_state_machine(
                name=name,
                definition=canonical_json(bound(machine)),
                roleArn=settings().machine_role_arn,
                type="STANDARD",
                tags=[{"key": key, "value": value} for key, value in sorted((tags or {}).items())],
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "StateMachineAlreadyExists":
                raise
            return arn_of(name)
    arn: str = answer["stateMachineArn"]
    return arn


def bound(machine: JsonObject) -> JsonObject:
    """The machine with this deployment's names in the place of its placeholders."""
    return bind(machine, {"Worker": settings().worker_arn, "Bucket": settings().bucket})


def arn_of(name: str) -> str:
    """The ARN that a machine of this account has, from the role's: both lie in one account, the worker says in which region."""
    partition, region, account = settings().worker_arn.split(":")[1], *settings().worker_arn.split(":")[3:5]
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{name}"
