"""Ten thousand model calls of many runs, one in ten of them with a fault, and what the ledger and the budgets say of them afterwards.

The vendor is a fake that keeps its own books: tokens at its own prices, rounded call by call. Faults are refusals that cost nothing, truncated
answers that cost all the same, settlements and entries that are told twice, and writes that AWS throttles, fails, answers too late for or finds in
conflict. A refused or lost call is made again under a key of its own, as a state machine does. One workflow of five has a limit. Then sixteen
callers at once race for a limit, again and again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from random import Random
from threading import Barrier, Lock
from time import perf_counter
from typing import Final

from botocore.exceptions import ClientError

from bench.clock import busy
from bench.table import Figure, Table
from chalicelib.access.budgets import give_back_lapsed, settle
from chalicelib.access.limits import get_budget, set_budget, uses
from chalicelib.access.metering import Spot, metered
from chalicelib.clock import epoch_seconds, now_text
from chalicelib.errors import BudgetExceeded
from chalicelib.providers.estimate import list_price, upper_cost
from chalicelib.providers.failures import ModelOverloaded, ModelTruncated
from chalicelib.providers.model import ModelRequest, ModelResponse, StopReason, Usage, user
from chalicelib.providers.prices import Tokens
from chalicelib.store import budgets as store
from chalicelib.store import keys, ledger, table
from chalicelib.store.ledger import CallEntry
from tests.factories.cloud import ANN, REGION, cloud, unpublished
from tests.factories.faults import NOISE, Fault, Faults, injected
from tests.factories.short_way import by_short_way

SLOW: Final = True  # the emulator takes some twenty milliseconds a call
CALLS: Final = 10_000
RUNS: Final = 50
WORKFLOWS: Final = 5
REFUSED, TRUNCATED, TWICE, UNWRITTEN = 0.04, 0.02, 0.02, 0.02  # of the calls: a tenth has a fault
RACES: Final = 100
RACERS: Final = 16
ORG: Final = ANN.organisation_id
# Dollars per million tokens: fresh input, output, read from the vendor's cache. The last model has no price.
RATES: Final = {
    "claude-opus-5-5": (Decimal(4), Decimal(20), Decimal("0.2")),
    "claude-sonnet-5-5": (Decimal(2), Decimal(10), Decimal("0.1")),
    "claude-haiku-4-5": (Decimal(1), Decimal(5), Decimal("0.1")),
    "claude-not-in-any-table": None,
}


@dataclass
class Vendor:
    """Its own books: micro-dollars by run, workflow and in all; `unpriced` counts calls that it does not say the price of."""

    chance: Random
    spent: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    unpriced: int = 0
    lock: Lock = field(default_factory=Lock)

    def answer(self, spot: Spot, model: str) -> ModelResponse:
        dice = self.chance.random()
        if dice < REFUSED:
            raise ModelOverloaded("full")
        tokens = Tokens(fresh=self.chance.randint(1, 4000), output=self.chance.randint(1, 900), cache_read=self.chance.choice((0, 0, 777)))
        self._note(spot, model, tokens)
        usage = Usage("anthropic", model, tokens.input, tokens.output, tokens.cache_read, cost=list_price("anthropic", model)(tokens))
        if dice < REFUSED + TRUNCATED:
            raise ModelTruncated("cut off", usage=usage)
        return ModelResponse("yes", StopReason.END, usage)

    def _note(self, spot: Spot, model: str, tokens: Tokens) -> None:
        rates = RATES[model]
        with self.lock:
            self.calls += 1
            if rates is None:
                self.unpriced += 1
                return
            exact = tokens.fresh * rates[0] + tokens.output * rates[1] + tokens.cache_read * rates[2]
            cost = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
            self.spent.update({spot.run_id: cost, spot.workflow_id: cost, "": cost})


def run() -> Table:
    with cloud(AWS_DEFAULT_REGION=REGION, AWS_REGION=REGION):
        spots = _spots()
        vendor, faults = Vendor(Random(20261127)), Faults(_write_faults())
        started = perf_counter()
        with injected(faults, by_short_way(lambda *_: None)):
            repeated = _make_calls(vendor, spots)
            taken = perf_counter() - started
            faults.is_paused = True
            figures = [*_ledger_figures(vendor, spots), *_budget_figures(vendor, spots[0].workflow_id)]
            overspent, unused, held = _races()
    figures += [
        Figure(f"{RACES} races of {RACERS} callers: overspent", f"{overspent:,} micro-dollars", "0", overspent == 0),
        Figure("  left unused where one more call had room", f"{unused:,}", "0", unused == 0),
        Figure("  still held afterwards", f"{held:,} micro-dollars", "0", held == 0),
        Figure("a metered call, nearly all of it the emulator's table", f"{taken / CALLS * 1000:.1f} ms"),
    ]
    notes = [
        f"{vendor.calls:,} answers paid for, {repeated:,} calls made again, {len(faults.met):,} of {len(faults.calls):,} AWS calls failed; {busy()}."
    ]
    return Table(f"The ledger after {CALLS:,} calls with faults", figures, notes=notes)


def _spots() -> list[Spot]:
    """Runs of workflows; the first workflow has limits, which are never met."""
    workflows = [unpublished(ORG, f"measured-{number}").id for number in range(WORKFLOWS)]
    set_budget(ANN, workflow_id=workflows[0], per_run=10**12, per_day=10**12, unpriced="allow")
    return [Spot(ORG, f"run_{number}", workflows[number % WORKFLOWS], f"node_{number % 7}") for number in range(RUNS)]


def _write_faults() -> dict[int, Fault]:
    """Faults of AWS, at calls that lie five apart: a call to the vendor makes some two to AWS, and three in a row would be an outage."""
    chance = Random(4)
    return {number: chance.choice(NOISE) for number in range(50, 5 * CALLS, 5) if chance.random() < UNWRITTEN * 5 / 2}


def _make_calls(vendor: Vendor, spots: Sequence[Spot]) -> int:
    """All of the calls, each until it is answered; how many were made again."""
    chance, repeated = Random(7), 0
    for number in range(CALLS):
        spot, model = chance.choice(spots), chance.choice(list(RATES))
        for attempt in range(20):
            try:
                _call(vendor, spot, model, f"{spot.run_id}/{number}/{attempt}", is_told_twice=chance.random() < TWICE)
            except (ModelOverloaded, ModelTruncated, ClientError):
                repeated += 1
            else:
                break
    return repeated


def _call(vendor: Vendor, spot: Spot, model: str, key: str, *, is_told_twice: bool) -> None:
    request = ModelRequest(messages=(user("x" * 12_000),), max_output_tokens=1000)
    amount = upper_cost(request, list_price("anthropic", model))
    metered(spot, call_key=key, amount=amount, call=partial(vendor.answer, spot, model))
    if is_told_twice:
        again = CallEntry(
            call_key=key,
            at=now_text(),
            provider="anthropic",
            model=model,
            run_id=spot.run_id,
            workflow_id=spot.workflow_id,
            node=spot.node,
            cost=10**9,
        )
        held = store.find_reservation(ORG, key)
        if held is None:
            ledger.record(ORG, again)
        else:
            settle(held, again.cost, entry=again)


def _ledger_figures(vendor: Vendor, spots: Sequence[Spot]) -> list[Figure]:
    days = list(ledger.costs_by_day(ORG, "2000-01-01", "2999-12-31").values())
    total, unpriced = sum(day.cost for day in days), sum(day.unpriced_count for day in days)
    off_runs = sum(ledger.cost_of_run(ORG, spot.run_id).cost != vendor.spent[spot.run_id] for spot in spots)
    of_workflows = {spot.workflow_id: _cost_of_workflow(spot.workflow_id) for spot in spots}
    off_workflows = sum(cost != vendor.spent[workflow_id] for workflow_id, cost in of_workflows.items())
    calls = sum(day.call_count for day in days)
    return [
        Figure(
            "ledger less the vendor's own count",
            f"{total - vendor.spent['']:,} of {vendor.spent['']:,} micro-dollars",
            "0",
            total == vendor.spent[""],
        ),
        Figure("calls in the ledger", f"{calls:,} of {vendor.calls:,}", "all", calls == vendor.calls),
        Figure("calls without a price", f"{unpriced:,} of {vendor.unpriced:,}", "all", unpriced == vendor.unpriced),
        Figure(
            "runs and workflows whose sum differs",
            f"{off_runs + off_workflows} of {len(spots) + len(of_workflows)}",
            "0",
            not off_runs + off_workflows,
        ),
    ]


def _cost_of_workflow(workflow_id: str) -> int:
    return sum(day.cost for day in ledger.costs_by_day(ORG, "2000-01-01", "2999-12-31", workflow_id=workflow_id).values())


def _budget_figures(vendor: Vendor, workflow_id: str) -> list[Figure]:
    """After an hour: whatever failed writes left held has lapsed."""
    for key in table.keys_of(table.query_index(keys.open_reservations(ORG), limit=1000).items):
        table.write(table.assign(key, {"lapses_at": epoch_seconds() - 1, "GSI2SK": "000000000001#lapsed"}))
    while give_back_lapsed(ORG):
        pass
    (day,) = uses(ANN, get_budget(ANN, workflow_id=workflow_id))
    off = day.spent - vendor.spent[workflow_id]
    return [
        Figure("a workflow's budget less the vendor's own count", f"{off:,} micro-dollars", "0", off == 0),
        Figure("still held once reservations have lapsed", f"{day.reserved:,} micro-dollars", "0", day.reserved == 0),
    ]


def _races() -> tuple[int, int, int]:
    """(overspent, callers refused though there was room, still held) over all races, each under a limit of its own."""
    overspent = unused = held = 0
    with ThreadPoolExecutor(RACERS) as pool:
        for race in range(RACES):
            cost, limit = 10 + race % 7, 16 + race * 3 % 150
            workflow_id = unpublished(ORG, f"race-{race}").id
            set_budget(ANN, workflow_id=workflow_id, per_day=limit)
            _race(pool, workflow_id, race, cost)
            (use,) = uses(ANN, get_budget(ANN, workflow_id=workflow_id))
            overspent += max(use.spent - limit, 0)
            unused += use.spent != min(limit // cost, RACERS) * cost
            held += use.reserved
    return overspent, unused, held


def _race(pool: ThreadPoolExecutor, workflow_id: str, race: int, cost: int) -> None:
    barrier = Barrier(RACERS)
    answer = ModelResponse("yes", StopReason.END, Usage("anthropic", "claude-opus-5-5", cost=cost))

    def caller(number: int) -> None:
        barrier.wait()
        try:
            metered(Spot(ORG, workflow_id=workflow_id), call_key=f"race {race}/{number}", amount=cost, call=_giving(answer))
        except BudgetExceeded:
            return

    for done in [pool.submit(caller, number) for number in range(RACERS)]:
        done.result()


def _giving(answer: ModelResponse) -> Callable[[], ModelResponse]:
    return lambda: answer
