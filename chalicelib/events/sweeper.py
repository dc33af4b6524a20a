"""Once a minute: what a crash left half done is found and completed.

In: the schedule's tick. Out: nothing but a log line with what was found.
"""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Rate

from chalicelib.access.audit import checkpoint, take_in
from chalicelib.access.principal import organisations
from chalicelib.runs.sweep import sweep

functions = Blueprint(__name__)
logger = Logger(service="sweeper")


@functions.schedule(Rate(1, unit=Rate.MINUTES), name="sweeper")
def sweeper(event: Any) -> None:
    """Sweep every organisation, then its audit."""
    for organisation_id in organisations():
        swept = asdict(sweep(organisation_id))
        if any(swept.values()):
            logger.info("swept", organisation_id=organisation_id, **swept)
        _sign(organisation_id)


def _sign(organisation_id: str) -> None:
    """What people did that is not in the chain yet, and a checkpoint over the chain. What fails now, the next sweep does."""
    try:
        take_in(organisation_id)
        checkpoint(organisation_id)
    except Exception:
        logger.exception("the audit was not signed", organisation_id=organisation_id)
