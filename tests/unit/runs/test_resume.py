"""A broken run goes on from what has settled: what is kept, what runs again, under which key, and who may."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from chalicelib.errors import InputInvalid, KeyReused, PlanChanged, RunNotResumable, RunOpen, StaleAttempt
from chalicelib.machines import executions
from chalicelib.runs.cancel import cancel
from chalicelib.runs.nodes import node_succeeded
from chalicelib.runs.query import count_transitions, get_input, get_output, list_node_runs
from chalicelib.runs.resume import Prepared, Wanted, prepare, resume
from chalicelib.runs.sweep import sweep
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import residuals, runs
from chalicelib.store.run_records import Fence, NodeAttempt, Run
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN, DAN
from tests.factories.run_stories import node_of, told

CHAIN = """
sluice: 1
name: chain
input: {type: object, properties: {amount: {type: number, default: 5}, to: {type: string, default: "x"}}}
nodes:
  seen: {type: tool_call, tool: math, with: {expression: a + 1, values: {a: $context.amount}}}
  large: {type: condition, if: "$seen.value > 3", after: [seen]}
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {n: $seen.value}}}
  aside: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example", json: {to: $context.to}}}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / zero, values: {zero: "{% $context.amount - 5 %}"}}, after: [pay, aside]}
  last: {type: tool_call, tool: math, with: {expression: b * 2, values: {b: $breaks.value}}, after: [breaks]}
edges:
  - {from: large, to: pay, when: true}
output: {last: $last.value, seen: $seen.value, paid: $pay.status}
"""


@pytest.fixture(scope="module")
def chain() -> Iterator[Arena]:
    with arena(CHAIN) as found:
        yield found


@pytest.fixture
def broken(chain: Arena) -> Run:
    return chain.finished(chain.begin())


def planned(run: Run, **wanted: Json) -> Prepared:
    return prepare(ANN, run.id, Wanted.model_validate(wanted))


def fates(made: Prepared) -> dict[str, str]:
    return {each.node: each.fate.value for each in made.plan.nodes}


def resumed(stage: Arena, run: Run, **wanted: Any) -> Run:
    wish = Wanted.model_validate(wanted)
    return stage.finished(resume(ANN, run.id, wish, plan=prepare(ANN, run.id, wish).plan.digest, reason="mended"))


GIVEN: Final[dict[str, Json]] = {"breaks": {"value": 21}}


def test_it_goes_on_from_the_failure_with_an_output_that_is_given(chain: Arena, broken: Run) -> None:
    assert (broken.status, broken.failed_node) == ("failed", "breaks")
    before = len(chain.payloads)
    ended = resumed(chain, broken, outputs=GIVEN)
    assert (ended.status, ended.resume, get_output(ANN, broken.id)) == ("succeeded", 1, {"last": 42, "seen": 6, "paid": 201})
    assert [payload["node"] for payload in chain.payloads[before:]] == ["last"]
    assert node_of(broken, "breaks").details == {"given": True}


def test_a_resumed_run_reads_as_one_story(chain: Arena, broken: Run) -> None:
    ended = resumed(chain, broken, outputs=GIVEN)
    events = told(broken)
    middle = events.index("run_resumed")
    assert events[middle - 2 : middle + 5] == [
        "run_failed breaks",
        "node_succeeded breaks",
        "run_resumed",
        "run_started",
        "node_started last",
        "node_succeeded last",
        "run_succeeded",
    ]
    (event,) = [each for each in runs.list_events("org_local", broken.id) if each.type == "run_resumed"]
    assert event.data["by"] == "ann"
    assert {name: event.data[name] for name in ("resume", "from", "reason", "after", "edited")} == {
        "resume": 1, "from": "breaks", "reason": "mended", "after": "failed", "edited": ["breaks"],
    }  # fmt: skip
    assert (ended.started_at, ended.error, ended.failed_node, ended.execution_name) == (broken.started_at, None, None, f"{broken.id}-r1")


def test_it_tells_beforehand_what_becomes_of_each_node(broken: Run) -> None:
    made = planned(broken)
    assert fates(made) == {
        "seen": "kept", "large": "kept", "pay": "kept", "aside": "kept", "breaks": "retried", "last": "first",
    }  # fmt: skip
    assert made.plan.warnings == ()
    assert made.compilation.forecast.invocations.most == 2


def test_what_runs_again_is_told_with_its_effect_and_gets_a_key_of_its_own(chain: Arena, broken: Run) -> None:
    made = planned(broken, **{"from": "pay"})
    assert fates(made) == {"seen": "kept", "large": "kept", "pay": "again", "aside": "kept", "breaks": "again", "last": "first"}
    assert [each.node for each in made.plan.warnings] == ["pay"]
    resumed(chain, broken, **{"from": "pay"})
    assert sorted(key.partition("/")[2] for key in chain.charges) == ["aside//0", "pay//0", "pay//0r1"]
    assert node_of(broken, "pay").fence == Fence(resume=1, again=1)
    assert [attempt.fence.resume for attempt in node_of(broken, "pay").attempts] == [0, 1]


def test_a_mark_to_run_again_holds_for_later_resumes(chain: Arena, broken: Run) -> None:
    resumed(chain, broken, **{"from": "pay"})
    assert fates(planned(broken))["pay"] == "kept"
    ended = resumed(chain, broken, outputs=GIVEN)
    assert (ended.resume, ended.status) == (2, "succeeded")
    assert sorted(key.partition("/")[2] for key in chain.charges) == ["aside//0", "pay//0", "pay//0r1"]


def test_with_another_input_runs_again_what_reads_what_is_other(chain: Arena, broken: Run) -> None:
    given: JsonObject = {"amount": 7, "to": "x"}
    assert fates(planned(broken, input=given)) == {
        "seen": "again", "large": "again", "pay": "again", "aside": "kept", "breaks": "again", "last": "first",
    }  # fmt: skip
    ended = resumed(chain, broken, input=given)
    assert (ended.status, get_output(ANN, broken.id), get_input(ANN, broken.id)) == ("succeeded", {"last": 1, "seen": 8, "paid": 201}, given)
    assert fates_of(broken)["large"] == "succeeded"


def fates_of(run: Run) -> dict[str, str]:
    return {each.node: each.status.value for each in list_node_runs(ANN, run.id)}


def test_an_output_that_is_given_runs_again_what_reads_it(broken: Run) -> None:
    made = planned(broken, outputs={"seen": {"value": 9}})
    assert fates(made) == {"seen": "set", "large": "again", "pay": "again", "aside": "kept", "breaks": "retried", "last": "first"}


def test_what_another_input_leads_past_is_skipped(chain: Arena, broken: Run) -> None:
    ended = resumed(chain, broken, input={"amount": 1})
    assert (ended.status, fates_of(broken)["pay"], get_output(ANN, broken.id)) == ("succeeded", "skipped", {"last": -0.5, "seen": 2, "paid": None})


def test_only_the_plan_that_was_shown_runs(chain: Arena, broken: Run) -> None:
    with pytest.raises(PlanChanged):
        resume(ANN, broken.id, Wanted(outputs=GIVEN), plan=planned(broken).plan.digest)
    assert runs.get("org_local", broken.id).resume == 0


def test_a_key_finds_its_resume_again(chain: Arena, broken: Run) -> None:
    digest = planned(broken).plan.digest
    first = resume(ANN, broken.id, Wanted(), plan=digest, key="once")
    assert resume(ANN, broken.id, Wanted(), plan=digest, key="once").resume == first.resume == 1
    with pytest.raises(KeyReused):
        resume(ANN, broken.id, Wanted(from_node="pay"), plan=digest, key="once")
    with pytest.raises(RunOpen):
        resume(ANN, broken.id, Wanted(), plan=digest)


def test_only_a_run_that_ended_without_success_can_be_resumed(chain: Arena, broken: Run) -> None:
    ended = resumed(chain, broken, outputs=GIVEN)
    with pytest.raises(RunNotResumable):
        planned(ended)
    with pytest.raises(RunOpen):
        planned(chain.begin())


def test_a_cancelled_run_goes_on_too(chain: Arena) -> None:
    run = chain.begin()
    chain.engine.executions.clear()
    cancelled = cancel(DAN, run.id)
    assert (cancelled.status, resumed(chain, cancelled, outputs=GIVEN).status) == ("cancelled", "succeeded")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"outputs": {"nothing": 1}}, "/outputs/nothing"),
        ({"outputs": {"large": "perhaps"}}, "/outputs/large"),
        ({"outputs": {"seen": {"Pointer": {"key": "k"}}}}, "/outputs/seen"),
        ({"outputs": {"seen": "x" * 300_000, "large": "no"}}, "/outputs/large"),
        ({"from": "nothing"}, "/from"),
        ({"version": "newest"}, "/version"),
        ({"input": {"amount": "much"}}, "/amount"),
    ],
)
def test_it_says_what_cannot_be_taken(broken: Run, wanted: dict[str, Json], field: str) -> None:
    with pytest.raises(InputInvalid) as found:
        planned(broken, **wanted)
    assert field in found.value.faults


def test_its_machine_is_deleted_at_the_end_and_its_states_stay_counted(chain: Arena, broken: Run) -> None:
    machines = set(chain.engine.machines)
    before = count_transitions(ANN, broken.id)
    ended = resumed(chain, broken, outputs=GIVEN)
    assert set(chain.engine.machines) == machines
    assert ended.machine_arn not in machines
    assert count_transitions(ANN, broken.id) == before + 1
    assert residuals.find("org_local", broken.id, 1) is not None


def test_the_sweeper_starts_what_a_crash_left_recorded(chain: Arena, broken: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> bool:
        raise RuntimeError("it died")

    with monkeypatch.context() as patch:
        patch.setattr(executions, "start", dies)
        wish = Wanted(outputs=GIVEN)
        run = resume(ANN, broken.id, wish, plan=prepare(ANN, broken.id, wish).plan.digest)
    assert run.status == "queued"
    assert sweep("org_local", grace_seconds=0).started_count == 1
    assert chain.finished(run).status == "succeeded"


def test_an_attempt_of_the_older_execution_writes_nothing_more(chain: Arena, broken: Run) -> None:
    resume(ANN, broken.id, Wanted(), plan=planned(broken).plan.digest)
    late = NodeAttempt(organisation_id="org_local", run_id=broken.id, node="breaks")
    with pytest.raises(StaleAttempt):
        node_succeeded(late, result={"value": 1})
