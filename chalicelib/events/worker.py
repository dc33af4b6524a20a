"""The function that Task states invoke: a node's work.

In: the payload of a Task state (see workers.payload). Out: the node's output; an error's class name is the name that the machine matches.
"""

from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib.workers.dispatch import dispatch

functions = Blueprint(__name__)
logger = Logger(service="worker")


@functions.lambda_function(name="worker")
def worker(event: Any, context: Any) -> Any:
    """Do the node's work."""
    logger.set_correlation_id(event.get("run_id") if isinstance(event, dict) else None)
    return dispatch(event, context)
