"""A run's budget holds for the runs that it starts: whatever is called in them counts for it, and where it says so people are asked there."""

from collections.abc import Iterator

import pytest

from chalicelib.errors import BudgetExceeded
from chalicelib.gates.decide import decide
from chalicelib.runs.start import Parent, start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import gates, keys, ledger, runs, table
from chalicelib.store.gate_records import Gate
from chalicelib.store.run_records import NodeAttempt, Run
from tests.factories.cloud import ANN, DAN, cloud, published
from tests.factories.scripted_models import COST, ScriptedVendor, answered_by
from tests.factories.worker_runs import Story

ORG = DAN.organisation_id
AMPLE, SCANT = 10_000_000, 1_000  # one call of the model may cost a fifth of a dollar
WORK: JsonObject = {"type": "agent_call", "model": "anthropic:claude-opus-5-5", "prompt": "Do it."}


@pytest.fixture
def vendor() -> Iterator[ScriptedVendor]:
    with cloud(ANTHROPIC_API_KEY="sk-ant-test"):
        found = ScriptedVendor(["Done."])
        with answered_by(found):
            yield found


def tale(name: str, *, budget: JsonObject | None = None, above: Run | None = None) -> Story:
    """A run of one agent, started by hand or by another run."""
    spec: JsonObject = {"sluice": 1, "name": name, "nodes": {"work": WORK}, **({"budget": budget} if budget else {})}
    version = published(spec)
    waits = None if above is None else Parent(attempt=NodeAttempt(organisation_id=ORG, run_id=above.id, node="sub"), token="t" * 40)
    return Story(start(DAN, workflow_id=version.workflow_id, input={}, parent=waits), version)


def spent(run: Run) -> object:
    item = table.get(keys.spent_of_run(ORG, run.id))
    return None if item is None else (item["spent"], item["reserved"])


def entered(child: Story, entry: int) -> Json:
    return child.serve("work", fence={"resume": 0, "visit": 0, "retry": 0, "entry": entry})


def asked(child: Story) -> Gate:
    told = child.serve("work", wait=True, token="t" * 40)
    assert isinstance(told, dict)
    return gates.get(ORG, str(told["gate_id"]))


def test_what_a_run_started_costs_counts_for_all_that_wait_for_it(vendor: ScriptedVendor) -> None:
    root = tale("root", budget={"micro_dollars": AMPLE})
    middle = tale("middle", above=root.run)
    leaf = tale("leaf", above=middle.run)
    assert [above.run_id for above in runs.get(ORG, leaf.run.id).above] == [middle.run.id, root.run.id]
    leaf.serve("work")
    middle.serve("work")
    root.serve("work")
    assert (spent(root.run), spent(middle.run), spent(leaf.run)) == ((3 * COST, 0), None, None)
    assert [ledger.cost_below(ORG, each.run.id).cost for each in (root, middle, leaf)] == [2 * COST, COST, 0]


def test_a_call_that_the_run_above_cannot_pay_is_not_made(vendor: ScriptedVendor) -> None:
    root = tale("root", budget={"micro_dollars": SCANT})
    leaf = tale("leaf", budget={"micro_dollars": AMPLE}, above=root.run)
    with pytest.raises(BudgetExceeded, match=f"run {root.run.id}"):
        leaf.serve("work")
    assert vendor.answered == 0


def test_people_are_asked_where_the_call_is_made_and_raise_the_budget_above(vendor: ScriptedVendor) -> None:
    root = tale("root", budget={"micro_dollars": AMPLE // 40, "at_limit": "ask"})
    leaf = tale("leaf", budget={"micro_dollars": AMPLE, "at_limit": "ask"}, above=root.run)
    raised_by = AMPLE // 40
    table.write(table.add(keys.spent_of_run(ORG, root.run.id), {"spent": raised_by, "committed": raised_by, "reserved": 0}))
    assert leaf.serve("work") == {"Next": "wait", "output": None}
    gate = asked(leaf)
    assert gate.ask == f"The budget of run {root.run.id}, which waits for this one, of $0.25 is used up at work. May it spend as much again?"
    decide(ANN, gate.id, choice="go_on")
    assert entered(leaf, 1) == {"Next": "done", "output": {"text": "Done."}}
    assert spent(root.run) == (raised_by + COST, 0)
    assert table.get(keys.spent_of_run(ORG, leaf.run.id)) is not None
    assert vendor.answered == 1


@pytest.mark.parametrize(("root", "leaf"), [("fail", "ask"), ("ask", "fail")])
def test_nobody_is_asked_but_where_both_workflows_say_so(vendor: ScriptedVendor, root: str, leaf: str) -> None:
    above = tale("root", budget={"micro_dollars": SCANT, "at_limit": root})
    child = tale("leaf", budget={"micro_dollars": AMPLE, "at_limit": leaf}, above=above.run)
    with pytest.raises(BudgetExceeded):
        child.serve("work")
    assert vendor.answered == 0
