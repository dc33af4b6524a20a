"""How executions end: Step Functions tells EventBridge, and a run gets its terminal status.

In: a `Step Functions Execution Status Change`. Out: nothing; an error lets EventBridge deliver again.
"""

from typing import Any, Final

from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib.runs.finish import finish, read_change

functions = Blueprint(__name__)
logger = Logger(service="execution-status")

# Executions carry their run's id as their name.
PATTERN: Final = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    "detail": {"name": [{"prefix": "run_"}]},
}


@functions.on_cw_event(PATTERN, name="execution_status")
def execution_status(event: Any) -> None:
    """Apply one status change."""
    change = read_change(event.to_dict())
    if change is not None:
        logger.set_correlation_id(change.execution_name)
        finish(change)
