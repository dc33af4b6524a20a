"""Warnings of workers: what a run goes on in spite of. They go to the log, with the run and the node."""

import logging
from collections.abc import Iterable
from typing import Final

from chalicelib.store.run_records import NodeAttempt

_log: Final = logging.getLogger(__name__)


def warn(attempt: NodeAttempt, warnings: Iterable[str]) -> None:
    for warning in warnings:
        _log.warning(warning, extra={"run_id": attempt.run_id, "node": attempt.node})
