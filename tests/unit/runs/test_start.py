"""Starting a run: recorded first, then given to the engine; once for one key."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import InputInvalid, KeyReused, NotPublished, VersionNotFound, WorkflowNotFound
from chalicelib.machines import executions
from chalicelib.runs.query import get_input, get_run, list_events
from chalicelib.runs.start import start
from chalicelib.spec.model import JsonObject
from chalicelib.store.statuses import EventType, RunStatus
from chalicelib.triggers.manual import start_manually
from tests.factories.cloud import ANN, STRANGER, Cloud, published, unpublished

OPEN_SPEC: JsonObject = {"sluice": 1, "name": "open", "nodes": {"say": {"type": "transform", "value": 1}}}


def test_it_records_the_run_with_its_first_event_before_the_engine_hears_of_it(aws: Cloud) -> None:
    version = published()
    run = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})
    assert get_run(ANN, run.id) == run
    assert (run.event_count, run.write_count) == (1, 4)
    assert run.status is RunStatus.QUEUED
    assert [event.type for event in list_events(ANN, run.id).events] == [EventType.RUN_QUEUED]
    assert aws.calls.index("dynamodb:TransactWriteItems") < aws.calls.index("stepfunctions:StartExecution")


def test_it_gives_the_engine_the_contract_s_envelope_under_the_run_s_name(aws: Cloud) -> None:
    version = published()
    run = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})
    execution = executions.describe(version.machine_arn, run.id)
    assert execution is not None
    assert execution.input == {
        "contract": 1,
        "organisation_id": "org_local",
        "run_id": run.id,
        "version_id": version.id,
        "context": {"city": "Rome", "max_price": 200},
        "trigger": {"type": "manual", "source": ""},
    }
    assert get_input(ANN, run.id) == {"city": "Rome", "max_price": 200}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {""}),
        ({"city": 3}, {"/city"}),
        ({"city": "Rome", "max_price": "much", "more": 1}, {"/max_price", ""}),
        ("Rome", {""}),
    ],
)
def test_it_refuses_an_input_that_the_schema_refuses_and_names_the_fields(aws: Cloud, given: object, fields: set[str]) -> None:
    version = published()
    with pytest.raises(InputInvalid) as refused:
        start(ANN, workflow_id=version.workflow_id, input=given)  # type: ignore[arg-type]
    assert set(refused.value.faults) == fields
    assert "stepfunctions:StartExecution" not in aws.calls


def test_it_finds_the_same_run_for_the_same_key(aws: Cloud) -> None:
    version = published()
    first = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, key="once")
    again = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, key="once")
    assert again.id == first.id
    assert start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, key="twice").id != first.id


def test_it_refuses_a_key_that_came_with_another_input(aws: Cloud) -> None:
    version = published()
    start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, key="once")
    with pytest.raises(KeyReused):
        start(ANN, workflow_id=version.workflow_id, input={"city": "Oslo"}, key="once")


def test_it_answers_with_a_queued_run_when_the_engine_throttles(aws: Cloud) -> None:
    version = published()
    aws.refuse("stepfunctions:StartExecution", "ThrottlingException")
    run = start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"})
    assert get_run(ANN, run.id).status is RunStatus.QUEUED


def test_it_knows_no_workflow_of_another_organisation(aws: Cloud) -> None:
    version = published()
    with pytest.raises(WorkflowNotFound):
        start(STRANGER, workflow_id=version.workflow_id, input={"city": "Rome"})


def test_it_needs_a_version(aws: Cloud) -> None:
    version = published()
    with pytest.raises(VersionNotFound):
        start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, version=7)


def test_it_starts_the_version_asked_for(aws: Cloud) -> None:
    first, second = published(), published()
    assert start(ANN, workflow_id=first.workflow_id, input={"city": "Rome"}, version=1).version_id == first.id
    assert start(ANN, workflow_id=first.workflow_id, input={"city": "Rome"}).version_id == second.id


def test_it_keeps_the_fields_that_the_engine_reads_when_a_large_input_goes_to_s3(aws: Cloud) -> None:
    version = published(OPEN_SPEC, context_fields=("city",))
    given: JsonObject = {"city": "Rome", "document": "x" * 300_000}
    run = start(ANN, workflow_id=version.workflow_id, input=given)
    execution = executions.describe(version.machine_arn, run.id)
    assert execution is not None
    assert isinstance(execution.input, dict)
    context = execution.input["context"]
    assert isinstance(context, dict)
    assert context["city"] == "Rome"
    assert "Pointer" in context
    assert get_input(ANN, run.id) == given


def test_it_refuses_a_workflow_that_was_never_published(aws: Cloud) -> None:
    with pytest.raises(NotPublished):
        start(ANN, workflow_id=unpublished("org_local", "draft-only").id, input={})


def test_a_person_who_starts_a_run_is_its_trigger(aws: Cloud) -> None:
    run = start_manually(ANN, workflow_id=published().workflow_id, input={"city": "Rome"}, key="once")
    assert (run.started_by, run.trigger.type, run.trigger.source, run.key) == ("ann", "manual", "ann", "once")


def test_an_input_schema_that_is_none_is_told(aws: Cloud) -> None:
    version = published({**OPEN_SPEC, "input": {"type": "nonsense"}})
    with pytest.raises(InputInvalid, match="JSON Schema"):
        start(ANN, workflow_id=version.workflow_id, input={})


def test_two_starts_with_one_key_at_once_are_one_run(aws: Cloud) -> None:
    version = published()
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: start(ANN, workflow_id=version.workflow_id, input={"city": "Rome"}, key="once"), range(8)))
    assert len({run.id for run in runs}) == 1
