"""Reserve, call, settle under every fault at every call to AWS: nothing overspent, nothing counted twice, nothing held for ever."""

from dataclasses import dataclass

import pytest

from chalicelib.access.budgets import give_back_lapsed
from chalicelib.access.limits import get_budget, set_budget, uses
from chalicelib.access.metering import Spot, metered
from chalicelib.clock import epoch_seconds
from chalicelib.providers.model import ModelResponse, StopReason, Usage
from chalicelib.store import keys, ledger, table
from chalicelib.store.budget_records import RunLimit
from tests.factories.cloud import ANN, cloud, unpublished
from tests.factories.faults import Crash, Faults, Plan, injected, troubles
from tests.factories.short_way import SavedItems, by_short_way

pytestmark = [pytest.mark.scenario, pytest.mark.no_cover]

ORG = ANN.organisation_id
COST, HELD, LIMIT = 25, 60, 200


@dataclass
class Vendor:
    """Counts what it was asked, to the micro-dollar."""

    spent: int = 0
    calls: int = 0

    def call(self) -> ModelResponse:
        self.calls += 1
        self.spent += COST
        return ModelResponse("yes", StopReason.END, Usage("anthropic", "claude-opus-5-5", input_tokens=5, output_tokens=1, cost=COST))


ROOT = RunLimit(run_id="run_root", limit=LIMIT)


def budgeted() -> Spot:
    """In a run that another one waits for."""
    workflow_id = unpublished(ORG, "greet").id
    set_budget(ANN, per_day=LIMIT)
    set_budget(ANN, workflow_id=workflow_id, per_day=LIMIT)
    return Spot(ORG, run_id="run_1", workflow_id=workflow_id, node="write", above=(ROOT,))


class Story:
    """A worker that makes two calls and is invoked again, with new keys, until it ends in peace; then the sweeper comes, an hour later."""

    def __init__(self, plan: Plan, *, run_limit: int | None) -> None:
        self.run_limit = run_limit
        self.vendor, self.faults, self.unknown = Vendor(), Faults(plan), 0

    def tell(self, place: Spot) -> None:
        for attempt in range(4):
            before = self.vendor.spent, self.told
            try:
                for turn in range(2):
                    metered(place, call_key=f"{attempt}/{turn}", amount=HELD, run_limit=self.run_limit, call=self.vendor.call)
            except (Crash, Exception):
                self.unknown += (self.vendor.spent - before[0]) - (self.told - before[1])
            else:
                break
        with self.faults.paused():
            self._lapse()
            give_back_lapsed(ORG)

    @property
    def told(self) -> int:
        with self.faults.paused():
            return ledger.cost_of_run(ORG, "run_1").cost

    def _lapse(self) -> None:
        """An hour goes by."""
        for key in table.keys_of(table.query_index(keys.open_reservations(ORG)).items):
            table.write(table.assign(key, {"lapses_at": epoch_seconds() - 1, "GSI2SK": "000000000001#x"}))

    def check(self, plan: Plan) -> None:
        """Nothing is counted twice or lost. What a dead worker's last call cost nobody can know."""
        assert self.told == self.vendor.spent - self.unknown, plan
        assert self.unknown in {0, COST}, plan

    def check_limits(self, plan: Plan) -> None:
        """Nothing is overspent, nothing stays held."""
        with self.faults.paused():
            counters = [(use.spent, use.reserved) for use in uses(ANN, get_budget(ANN))]
            assert counters == [(self.told, 0)], plan
            for run_id in ("run_1", "run_root"):
                run = table.get(keys.spent_of_run(ORG, run_id))
                assert run is not None
                assert (run["spent"], run["reserved"], run["committed"]) == (self.told, 0, self.told), plan
            assert ledger.cost_below(ORG, "run_root").cost == self.told, plan
            assert self.told <= LIMIT, plan


@pytest.mark.parametrize("is_limited", [True, False])
def test_no_fault_at_any_call_to_aws_spends_twice_or_holds_for_ever(is_limited: bool) -> None:
    with cloud():
        place = budgeted() if is_limited else Spot(ORG, run_id="run_1", workflow_id="wf_1", node="write")
        saved = SavedItems()
        calm = _story({}, place, saved, is_limited=is_limited)
        assert calm.vendor.calls == 2
        plans = list(troubles(calm.faults.calls))
        told = [_story(plan, place, saved, is_limited=is_limited) for plan in plans]
    assert len(plans) > (40 if is_limited else 15)
    assert sum(story.unknown > 0 for story in told) == 2  # died before it could settle, in each of the two calls


def _story(plan: Plan, place: Spot, saved: SavedItems, *, is_limited: bool) -> Story:
    saved.put_back()
    story = Story(plan, run_limit=LIMIT if is_limited else None)
    with injected(story.faults, by_short_way(lambda *_: None)):
        story.tell(place)
    story.check(plan)
    if is_limited:
        story.check_limits(plan)
    return story
