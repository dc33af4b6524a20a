"""Once a minute: what a crash left half done is found and completed.

In: the schedule's tick. Out: nothing but a log line with what was found.
"""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Rate

from chalicelib.access.principal import organisations
from chalicelib.runs.sweep import sweep

functions = Blueprint(__name__)
logger = Logger(service="sweeper")


@functions.schedule(Rate(1, unit=Rate.MINUTES), name="sweeper")
def sweeper(event: Any) -> None:
    """Sweep every organisation."""
    for organisation_id in organisations():
        swept = asdict(sweep(organisation_id))
        if any(swept.values()):
            logger.info("swept", organisation_id=organisation_id, **swept)
