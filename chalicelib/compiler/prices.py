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
    """Items that a run's records write, as the run counts them itself (`Run.write_count`); retries, votes short of a quorum and sent messages are no
    part of it.

    Each thing told is one transaction of the journal: the run, the node runs that change, their events. An item in a transaction takes two write
    units, as long as it is below 1 KB.
    """

    run_created: int = 4  # the run, its input, the event `run_queued`, its version's tally; a run started with a key writes one more
    run_started: int = 1  # the event, with the first worker's word or at the end
    engines_word: int = 1  # more: the run itself, where a run begins with a Wait and the engine's own word comes first
    run_ended: int = 5  # the run, its output, the event, its version's tally, the mark of how it ended
    run_marked: int = 1  # each label, and each field that runs are found by
    node_visited: int = 6  # started and finished: each the run, the node run, the event
    entered: int = 3  # an agent that is entered again: the run, the node run, the event; its conversation and its ledger are no part of it
    continued: int = 1  # more: the event of a failure that counts as success
    gate_opened: int = 6  # the run, the node run, three events, the gate
    gate_closed: tuple[int, int] = (5, 6)  # the run, the node run, two events, the gate; where somebody decided, also that it was delivered
    reply_visited: int = 10  # asked: the run, the node run, two events, the message; answered: the run, the node run, the event, twice the message
    child_visited: int = 9  # started, waiting, finished
    distributed_visited: int = 2  # an item of a distributed map writes its node run alone
    distributed_told: int = 1  # a native node of such an item: its node run
    map_collected: int = 1  # the run: the map's own end counts as `node_told`
    turns: int = 2  # a run that waits for nothing but this: `run_waiting`, `run_resumed`
    node_told: int = 2  # a node run and its event in another's transaction: native nodes, maps begun and ended, nodes never visited
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
