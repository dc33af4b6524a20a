"""Triggers of EventBridge fire: schedules at their times, and events that match.

In: what EventBridge's target was given (`triggers.at_aws`). Out: the run's id, or none. An error lets EventBridge deliver again: one occasion has one
run, however often it is told of.
"""

from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib.triggers.occasions import take

functions = Blueprint(__name__)
logger = Logger(service="trigger")


@functions.lambda_function(name="trigger")
def trigger(event: Any, context: Any) -> Any:
    """Start the run."""
    firing = take(event)
    return None if firing is None else {"run_id": firing.run_id, "error": firing.error.name if firing.error else None}
