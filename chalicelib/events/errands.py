"""The function that the API has things done by which need secrets.

In: what `workflows.errands` sends, at times twice. Out: what came of it.
"""

from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint

from chalicelib.workers.errands import handle

functions = Blueprint(__name__)
logger = Logger(service="errands")


@functions.lambda_function(name="errands")
def errands(event: Any, context: Any) -> Any:
    """Do what is asked."""
    return handle(event, lambda: context.get_remaining_time_in_millis() / 1000)
