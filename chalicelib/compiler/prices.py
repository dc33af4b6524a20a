"""What AWS charges for what a run takes, and what a run writes: every constant of the forecast, in one place.

In: nothing. Out: `PRICES`, `WRITES`, `EVENTS`. List prices of us-east-1 without free tiers, in pico-dollars, so that sums stay whole numbers. Model
tokens, storage, logs, API calls and the messages of channels are no part of it.
"""

from dataclasses import dataclass
from typing import Final

PICO_DOLLARS: Final = 10**12  # in a dollar
PICO_IN_MICRO: Final = 10**6

PRICES_AS_OF: Final = "2026-11"


@dataclass(frozen=True, slots=True)
class Prices:
    """Pico-dollars. Sources: the price pages of Step Functions (Standard), Lambda (x86) and DynamoDB (on demand)."""

    transition: int = 25_000_000  # $0.025 per 1,000; every state entered, every retry
    lambda_request: int = 200_000  # $0.20 per million
    lambda_gigabyte_second: int = 16_666_700  # $0.0000166667
    write_unit: int = 625_000  # $0.625 per million, 1 KB each


@dataclass(frozen=True, slots=True)
class Lambda:
    """The worker: `memory_gigabytes` as in .chalice/config.json, `own_milliseconds` what an invocation takes beside waiting for its node's work."""

    memory_gigabytes: int = 1
    own_milliseconds: int = 60


@dataclass(frozen=True, slots=True)
class WriteModel:
    """Items that a run writes to the table, retries excluded. A transaction of the journal writes the run and, for each thing told, the node run and
    its event.

    An item in a transaction takes two write units, as long as it is below 1 KB.
    """

    run_started: int = 3  # the run, its event `run_queued`, the idempotency record of the start
    run_first_told: int = 1  # the event `run_started`, with the first thing that is told of the run
    run_finished: int = 2
    node_started: int = 3  # the run, the node run, its event
    node_finished: int = 3
    wait_opened: int = 2  # beside `node_started`: the gate or message with its token, the event
    wait_closed: int = 2  # beside `node_finished`: the gate's decision, the event
    native_told: int = 2  # a native node's run and its event, in a transaction that happens anyway
    units_per_item: int = 2


@dataclass(frozen=True, slots=True)
class EventModel:
    """Events in an execution's history, of which AWS allows 25,000 (recorded histories; retries excluded, they add three each)."""

    execution: int = 2
    task: int = 5
    token_task: int = 6
    plain: int = 2  # Pass, Choice, Wait, Succeed
    parallel: int = 4
    map: int = 4
    map_item: int = 2
    distributed_map: int = 6  # its items have histories of their own


PRICES: Final = Prices()
LAMBDA: Final = Lambda()
WRITES: Final = WriteModel()
EVENTS: Final = EventModel()
HISTORY_LIMIT: Final = 25_000
