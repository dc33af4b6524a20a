"""Once a minute: what a crash left half done is found and completed.

In: the schedule's tick. Out: nothing but a log line with what was found.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Rate

from chalicelib.access.alerts import tell_left
from chalicelib.access.audit import checkpoint, take_in
from chalicelib.access.principal import organisations
from chalicelib.runs.sweep import sweep
from chalicelib.triggers.missed import take_missed
from chalicelib.triggers.sync import reconcile, sync_left

functions = Blueprint(__name__)
logger = Logger(service="sweeper")
RECONCILED: Final[set[str]] = set()  # organisations, by this process: its first sweep of each looks at all triggers


@functions.schedule(Rate(1, unit=Rate.MINUTES), name="sweeper")
def sweeper(event: Any) -> None:
    """Fire for what reached nobody; sweep every organisation, then its triggers, its alerts, its audit."""
    _tried(_take_missed, "the queue of missed occasions was not looked at")
    for organisation_id in organisations():
        swept = asdict(sweep(organisation_id))
        if any(swept.values()):
            logger.info("swept", organisation_id=organisation_id, **swept)
        _tried(partial(_tell_eventbridge, organisation_id), "triggers were not looked after", organisation_id)
        _tried(partial(tell_left, organisation_id), "nobody was told of a budget's alert", organisation_id)
        _tried(partial(_sign, organisation_id), "the audit was not signed", organisation_id)


def _tried(act: Callable[[], object], failing: str, organisation_id: str = "") -> None:
    """What fails now keeps nothing else waiting: the next sweep comes back to it."""
    try:
        act()
    except Exception:
        logger.exception(failing, organisation_id=organisation_id)


def _take_missed() -> None:
    if count := take_missed():
        logger.warning("occasions that had reached nobody were dealt with", count=count)


def _tell_eventbridge(organisation_id: str) -> None:
    """Triggers that the stream gave up on; all of them at first, since the local EventBridge forgets and a deployment's may have been changed."""
    if organisation_id not in RECONCILED:
        reconcile(organisation_id)
        RECONCILED.add(organisation_id)
    sync_left(organisation_id)


def _sign(organisation_id: str) -> None:
    """What people did that is not in the chain yet, and a checkpoint over the chain."""
    take_in(organisation_id)
    checkpoint(organisation_id)
