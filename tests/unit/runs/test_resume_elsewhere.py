"""What a resume means to whoever looks on: the search, the audit, access control, those who asked to be told."""

from collections.abc import Iterator

import pytest

from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL, Scope, scopes_of
from chalicelib.errors import RunNotFound, ScopeMissing, WorkflowNotFound
from chalicelib.runs.repeat import repeat
from chalicelib.runs.resume import Wanted, prepare, resume
from chalicelib.runs.search import Wanted as Asked
from chalicelib.runs.search import search
from chalicelib.runs.trial import TrialWanted, try_node
from chalicelib.spec.model import Json
from chalicelib.store import audit_entries, keys, table
from chalicelib.store.acts import Actor, acting
from chalicelib.store.run_records import Run
from chalicelib.store.statuses import RunStatus
from tests.factories.arena import Arena, arena
from tests.factories.cloud import ANN, DAN

ORDER = """
sluice: 1
name: order
labels: {team: shop}
input: {type: object, properties: {amount: {type: number, default: 5}, customer: {type: string, default: c1}}}
indexed: [customer]
nodes:
  pay: {type: tool_call, tool: http.post, effect: money, with: {url: "https://pay.example"}}
  breaks: {type: tool_call, tool: math, with: {expression: 1 / zero, values: {zero: "{% $context.amount - 5 %}"}}, after: [pay]}
output: $breaks.value
"""
OPERATOR = Principal("org_local", "dan", frozenset({"operator"}), scopes_of(["operator"]))
NOBODYS = Principal("org_local", "eve", frozenset({"operator"}), scopes_of(["operator"]))
WHO = Actor("org_local", "ann", "runs.resume")


@pytest.fixture(scope="module")
def stage() -> Iterator[Arena]:
    with arena(ORDER) as found:
        yield found


@pytest.fixture
def broken(stage: Arena) -> Run:
    return stage.finished(stage.begin())


def resumed(run: Run, by: Principal = ANN, **wanted: Json) -> Run:
    wish = Wanted.model_validate(wanted)
    return resume(by, run.id, wish, plan=prepare(by, run.id, wish).plan.digest, reason="mended")


def is_found(run: Run, asked: Asked) -> bool:
    return run.id in [each.id for each in search(ANN, asked).runs]


def kinds(run: Run) -> set[str]:
    place = keys.run_mark("org_local", run.id, "")
    return {item["SK"].removeprefix(place.sk) for item in table.query_all(place.pk, prefix=place.sk)}


def test_it_is_found_by_its_latest_end_alone(stage: Arena, broken: Run) -> None:
    assert is_found(broken, Asked(status=RunStatus.FAILED))
    assert kinds(broken) == {"STATUS", "ERROR", "LABEL#team", "FIELD#customer"}
    now = resumed(broken, outputs={"breaks": {"value": 3}})
    assert kinds(now) == {"LABEL#team", "FIELD#customer"}
    assert not is_found(now, Asked(status=RunStatus.FAILED))
    assert stage.finished(now).status == "succeeded"
    assert is_found(now, Asked(status=RunStatus.SUCCEEDED))
    assert not is_found(now, Asked(error="ToolFailed"))


def test_no_list_has_a_trial_however_it_ends(stage: Arena, broken: Run) -> None:
    tried = try_node(ANN, broken.workflow_id, "breaks", TrialWanted(input={"amount": 6}))
    asked = (Asked(), Asked(status=RunStatus.QUEUED), Asked(labels={"team": "shop"}), Asked(workflow_id=tried.workflow_id, version=1))
    assert not any(is_found(tried, each) for each in asked)
    assert stage.finished(tried).status == "succeeded"
    assert not is_found(tried, Asked(status=RunStatus.SUCCEEDED))


def test_a_resume_and_a_trial_leave_an_act(broken: Run) -> None:
    with acting(WHO):
        resumed(broken, input={"amount": 6})
        tried = try_node(ANN, broken.workflow_id, "breaks", TrialWanted(input={"amount": 6}))
    told = {(act.by, act.noun, act.target, act.verb) for act in audit_entries.list_acts("org_local")}
    assert {("ann", "run", broken.id, "changed"), ("ann", "run", tried.id, "created")} <= told


def test_who_gives_an_output_may_change_the_workflow(broken: Run) -> None:
    """Else a person could decide at a gate that asks others."""
    given = Wanted(outputs={"breaks": {"value": 3}})
    with pytest.raises(ScopeMissing) as missing:
        prepare(OPERATOR, broken.id, given)
    assert missing.value.scope == Scope.WORKFLOW_WRITE
    assert prepare(OPERATOR, broken.id, Wanted()).plan.resume == 1  # dan started it
    with pytest.raises(RunNotFound):
        prepare(NOBODYS, broken.id, Wanted())


def test_who_tries_an_effect_may_change_the_workflow(broken: Run) -> None:
    allowed = TrialWanted(allow_effects=True)
    shared = Principal("org_local", "ann", frozenset(), ALL - {Scope.ORG_ADMIN, Scope.WORKFLOW_WRITE})
    with pytest.raises(ScopeMissing):
        try_node(shared, broken.workflow_id, "pay", allowed)
    assert try_node(shared, broken.workflow_id, "breaks", TrialWanted(input={"amount": 6})).trial_of == "breaks"
    with pytest.raises(WorkflowNotFound):
        try_node(NOBODYS, broken.workflow_id, "breaks", TrialWanted())


def test_only_who_may_run_the_workflow_repeats_a_run(broken: Run) -> None:
    with pytest.raises(WorkflowNotFound):
        repeat(OPERATOR, broken.id)  # dan started it, when he still might
    with pytest.raises(RunNotFound):
        repeat(NOBODYS, broken.id)
    assert repeat(DAN, broken.id).trigger.source == broken.id
