"""Start, work, gate, decision, effects, finish, whatever fails at whatever call to AWS: no run and no decision is lost, no effect is doubled.

Every single fault is tried, in the other stories at the calls that change something. Of the pairs of crashes an even share is tried; `make crashes`
tries all. Of an agent's twelve turns an even share of the deaths and of the lost answers is tried.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import pytest

from chalicelib.gates import deliver as delivery
from chalicelib.machines import executions, tokens
from chalicelib.runs import sweep
from chalicelib.store import answers, table
from chalicelib.store.answers import Answer
from chalicelib.store.items import Item
from chalicelib.store.run_records import Usage
from chalicelib.workers import agent_work
from chalicelib.workers.work import Work
from tests.factories.crash_claims import Harm
from tests.factories.crash_stories import AGENT, CANCELLED, FAILED, FAMILY, ORDER, RESUMED, SILENCE, TEAM, Stage, Told, stage
from tests.factories.crash_world import LOST_WORKER, Manner
from tests.factories.faults import CRASHES, NOISE, Fault, Plan, doubts, evenly, pairs, troubles
from tests.scenario.crashes import Tally, summary

pytestmark = [pytest.mark.scenario, pytest.mark.no_cover]

SHARES: Final = 4  # of the pairs, for as many processes
PAIRS: Final = 30  # tried of each share
RESUMES: Final = 12  # tried of a resume's deaths and lost answers
RESUMING: Final = 30  # calls before the compiler function is asked: the plan, the transaction
AGENTS: Final = 6  # tried of the deaths and lost answers of each
ASKED_AGAIN: Final = Manner(is_watched=True)
ASKED_ONCE: Final = Manner(dies_as=LOST_WORKER, is_patient=False, is_watched=True)


@pytest.fixture
def on_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The order's story, or the one that a test names."""
    with stage(getattr(request, "param", ORDER)) as found:
        yield found


def wrong(told: Iterable[Told]) -> list[str]:
    return [str(each) for each in told if each.wrong]


def calm(on_stage: Stage, manner: Manner | None = None) -> Told:
    """The story without any fault."""
    told = on_stage.tell({}, manner)
    assert told.wrong == ()
    return told


def with_one_of(kinds: Iterable[Fault], told: Told) -> Sequence[Plan]:
    """Every single fault of these kinds, where it is one."""
    found = [plan for plan in troubles(told.calls) if set(plan.values()) <= set(kinds)]
    assert len(found) > len(told.effects) / 2
    return found


@pytest.mark.parametrize("manner", [ASKED_AGAIN, ASKED_ONCE], ids=["asked-again", "asked-once"])
def test_it_survives_any_one_crash(on_stage: Stage, manner: Manner) -> None:
    plans = with_one_of(CRASHES, calm(on_stage, manner))
    assert wrong(on_stage.tell(plan, manner) for plan in plans) == []


@pytest.mark.parametrize("fault", NOISE, ids=lambda fault: fault.name.lower())
def test_it_survives_any_one_fault_of_aws(on_stage: Stage, fault: Fault) -> None:
    assert wrong(map(on_stage.tell, with_one_of([fault], calm(on_stage)))) == []


@pytest.mark.parametrize("share", range(SHARES))
def test_it_survives_two_crashes(on_stage: Stage, share: int) -> None:
    plans = list(pairs(calm(on_stage).calls))[share::SHARES]
    chosen = evenly(plans, PAIRS)
    assert wrong(map(on_stage.tell, chosen)) == [], f"{len(chosen)} of {len(plans)}"


@pytest.mark.parametrize("on_stage", [SILENCE, FAMILY, CANCELLED, FAILED], ids=["time-out", "sub-workflow", "cancelled", "failed"], indirect=True)
def test_other_stories_survive_any_one_fault_at_what_changes_something(on_stage: Stage) -> None:
    plans = [{number: fault} for number in calm(on_stage).effects for fault in (*CRASHES, Fault.UNKNOWN)]
    assert wrong(map(on_stage.tell, plans)) == []


@pytest.mark.parametrize("on_stage", [RESUMED], ids=["resumed"], indirect=True)
def test_a_resume_survives_any_one_death_and_lost_answer(on_stage: Stage) -> None:
    """Whoever resumes it, the compiler function, the child's resume and the end of both: of all calls from the first failure on an even share."""
    calls = calm(on_stage).calls
    first = calls.index("lambda:Invoke")
    plans = [plan for plan in doubts(calls) if min(plan) > first - RESUMING]
    assert wrong(map(on_stage.tell, evenly(plans, RESUMES))) == [], f"{RESUMES} of {len(plans)}"


@pytest.mark.parametrize("on_stage", [AGENT, TEAM], ids=["agent", "team"], indirect=True)
def test_an_agent_goes_on_where_it_was(on_stage: Stage) -> None:
    """Its output, its effects, its usage and the ledger are those of one that nobody disturbed; so are those of the agents that it hands tasks to."""
    calls = calm(on_stage).calls
    plans = list(doubts(calls))
    assert len(plans) > 400
    assert wrong(map(on_stage.tell, evenly(plans, AGENTS))) == []


@pytest.mark.parametrize("on_stage", [AGENT], ids=["agent"], indirect=True)
def test_it_would_find_an_agents_effect_doubled_and_its_turn_counted_twice(on_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calm(on_stage).calls
    keys_effects_by_attempt(monkeypatch)
    (doubled,) = on_stage.tell({1 + calls.index("pay.example:Charge"): Fault.CRASH_AFTER}).wrong
    assert doubled.harm is Harm.DOUBLED
    monkeypatch.undo()
    monkeypatch.setattr(agent_work, "spent_since", lambda _work, whole: agent_work.stored_usage(whole).less(Usage(cost=1)))
    assert [each.harm for each in on_stage.tell({}).wrong] == [Harm.JOURNAL]


# --- the harness finds what it looks for ---------------------------------------------------------------------------


def marks_before_it_sends(patch: pytest.MonkeyPatch) -> None:
    def deliver(organisation_id: str, waiter_id: str) -> bool:
        waiter = answers.find(organisation_id, waiter_id)
        if waiter is None or waiter.delivered_at is not None or waiter.answer is None:
            return True
        answers.mark_delivered(waiter)
        delivery._send(waiter.token, waiter.answer)
        return True

    patch.setattr(delivery, "deliver", deliver)
    patch.setattr(sweep, "deliver", deliver)


def writes_no_outbox(patch: pytest.MonkeyPatch) -> None:
    def fields(organisation_id: str, waiter_id: str, answer: Answer) -> Item:
        return {"answer": answer.text()}

    patch.setattr(answers, "fields", fields)


def writes_one_by_one(patch: pytest.MonkeyPatch) -> None:
    def transact(writes: Iterable[table.Write]) -> None:
        for write in writes:
            table.write(write)

    patch.setattr(table, "transact", transact)


def forgets_queued_runs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweep, "_start_again", lambda run, swept: None)


def never_looks_at_executions(patch: pytest.MonkeyPatch) -> None:
    look_after = sweep._look_after
    patch.setattr(sweep, "_look_after", lambda run, swept: look_after(run, swept) if run.status == "queued" else None)


def names_executions_anew(patch: pytest.MonkeyPatch) -> None:
    start, numbers = executions.start, iter(range(1000))
    patch.setattr(executions, "start", lambda arn, name, given: start(arn, f"{name}-{next(numbers)}", given))


def keys_effects_by_attempt(patch: pytest.MonkeyPatch) -> None:
    key: Callable[[Work], str] = Work.effect_key.fget  # type: ignore[attr-defined]
    patch.setattr(Work, "effect_key", property(lambda work: f"{key(work)}/{work.payload.fence.retry}"))


def takes_throttling_for_an_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tokens, "_CLOSED", tokens._CLOSED | {"ThrottlingException"})


MUTANTS: Final = (
    marks_before_it_sends,
    writes_no_outbox,
    writes_one_by_one,
    forgets_queued_runs,
    never_looks_at_executions,
    names_executions_anew,
    keys_effects_by_attempt,
    takes_throttling_for_an_answer,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_it_would_find(on_stage: Stage, monkeypatch: pytest.MonkeyPatch, mutant: Callable[[pytest.MonkeyPatch], None]) -> None:
    plans: list[Plan] = [{}, *({number: fault} for number in calm(on_stage).effects for fault in (*CRASHES, Fault.THROTTLED))]
    mutant(monkeypatch)
    assert any(on_stage.tell(plan, Manner(is_patient=False)).wrong for plan in plans)


def test_it_counts_what_faults_do(on_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(singles=2)
    tally.hear(calm(on_stage))
    assert summary({"order": tally}, processor=1, wall=1).is_met
    charged = 1 + calm(on_stage).calls.index("pay.example:Charge")
    keys_effects_by_attempt(monkeypatch)
    tally.hear(on_stage.tell({charged: Fault.CRASH_AFTER}))
    assert tally.harms == {Harm.DOUBLED: 1}
    assert (tally + Tally(pairs=3)).row("both") == ("both", "2", "3", "0", "1", "0", "0", "0")
    found = summary({"order": tally}, processor=1, wall=1)
    assert not found.is_met
    assert "charged under 2 keys" in str(found)
