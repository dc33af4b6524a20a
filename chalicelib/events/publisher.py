"""The compiler function: the only one that may create state machines and pass their role.

In: what `workflows.publication.request` sends. Out: the version, or the errors that kept it from being published.
"""

from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib.workflows import publication

functions = Blueprint(__name__)
logger = Logger(service="publisher")


@functions.lambda_function(name="publisher")
def publisher(event: Any, context: Any) -> Any:
    """Publish a version."""
    logger.set_correlation_id(event.get("workflow_id"))
    return publication.handle(event)
