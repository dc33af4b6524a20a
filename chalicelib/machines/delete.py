"""Delete the state machine of a version that nothing needs any more."""

from botocore.exceptions import ClientError

from chalicelib.machines.engine import engine_faults
from chalicelib.store.clients import client


def delete(machine_arn: str) -> None:
    """Delete a machine; running executions come to their end. A machine that is gone is no error. Raises EngineUnavailable."""
    with engine_faults():
        try:
            client("stepfunctions").delete_state_machine(stateMachineArn=machine_arn)
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
