"""Publishing: one immutable version and one machine for one document."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from chalicelib.access.scopes import ALL
from chalicelib.errors import EngineUnavailable, PublisherUnavailable, SpecInvalid, VersionNotFound, WorkflowNotFound
from chalicelib.runs.start import start
from chalicelib.spec.model import JsonObject
from chalicelib.store.clients import client
from chalicelib.workflows import publication
from chalicelib.workflows.create import create
from chalicelib.workflows.drafts import get_draft, save_draft
from chalicelib.workflows.publish import Wish
from chalicelib.workflows.query import get_document, get_version, get_version_by_id, get_workflow, list_versions
from chalicelib.workflows.validate import validate
from tests.factories.cloud import ANN, STRANGER, Cloud
from tests.factories.publishing import publish
from tests.unit.workflows.test_workflows import HOTEL

ASKING = HOTEL.replace("nodes:\n", "nodes:\n  ask: {type: agent_call, prompt: 'Where is {{ $context.city }}?'}\n")
PARENT = """
sluice: 1
name: trip
nodes:
  sub: {type: workflow, workflow: hotel, with: {city: Rome}}
output: $sub
"""


def machines() -> list[str]:
    return [machine["name"] for machine in client("stepfunctions").list_state_machines()["stateMachines"]]


def test_the_draft_becomes_a_version_with_a_machine(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    version = publish(ANN, workflow.id)
    assert (version.number, version.workflow_name, version.created_by, version.title) == (1, "hotel", "ann", "Book a hotel")
    assert version.machine_arn.rpartition(":")[2] in machines()
    assert get_workflow(ANN, workflow.id).latest_version == 1
    assert get_version(ANN, workflow.id, 1) == get_version_by_id("org_local", version.id) == version
    assert [summary.id for summary in list_versions(ANN, workflow.id).versions] == [version.id]
    assert version.spec["name"] == "hotel"


def test_its_documents_can_be_read(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKING)
    publish(ANN, workflow.id)
    asl = get_document(ANN, workflow.id, 1, "asl")
    assert isinstance(asl, dict)
    assert "ask" in json.dumps(asl)
    assert "${" not in json.dumps(asl)
    assert "ask" in str(get_document(ANN, workflow.id, 1, "plan"))
    assert get_document(ANN, workflow.id, 1, "forecast")
    assert get_document(ANN, workflow.id, 1, "map")
    assert get_document(ANN, workflow.id, 1, "source") == ASKING


def test_the_same_document_twice_is_one_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    assert publish(ANN, workflow.id) == publish(ANN, workflow.id, text=HOTEL + "# a remark\n")
    assert len(machines()) == 1


def test_another_prompt_is_another_version_though_the_machine_is_the_same(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKING)
    first = publish(ANN, workflow.id)
    second = publish(ANN, workflow.id, text=ASKING.replace("Where is", "How far is"))
    assert (first.number, second.number) == (1, 2)
    assert [summary.number for summary in list_versions(ANN, workflow.id).versions] == [2, 1]


def test_going_back_to_an_earlier_document_is_a_new_version(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKING)
    first = publish(ANN, workflow.id)
    publish(ANN, workflow.id, text=HOTEL)
    again = publish(ANN, workflow.id, text=ASKING)
    assert (again.number, again.digest) == (3, first.digest)
    assert get_workflow(ANN, workflow.id).latest_version == 3


def test_a_document_with_errors_is_refused_with_its_diagnostics(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    for text in ("{", HOTEL.replace("$say", "$nowhere"), HOTEL.replace("name: hotel", "name: motel")):
        with pytest.raises(SpecInvalid) as refused:
            publish(ANN, workflow.id, text=text)
        assert any(found.is_error for found in refused.value.diagnostics)
    assert machines() == []
    assert list_versions(ANN, workflow.id).versions == ()


def test_a_publication_that_broke_off_goes_on_with_its_number(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    aws.refuse("stepfunctions:CreateStateMachine", "ThrottlingException")
    with pytest.raises(EngineUnavailable):
        publish(ANN, workflow.id)
    assert get_workflow(ANN, workflow.id).latest_version == 0
    assert publish(ANN, workflow.id).number == 1
    assert get_workflow(ANN, workflow.id).latest_version == 1


def test_eight_publications_at_once_are_one_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: publish(ANN, workflow.id), range(8)))
    assert len({version.id for version in versions}) == 1
    assert len(machines()) == 1


def test_a_sub_workflow_s_version_is_pinned(aws: Cloud) -> None:
    hotel, trip = create(ANN, text=HOTEL), create(ANN, text=PARENT)
    child = publish(ANN, hotel.id)
    first = publish(ANN, trip.id)
    assert first.children["hotel"].version_id == child.id
    publish(ANN, hotel.id, text=ASKING)
    second = publish(ANN, trip.id)
    assert (second.number, second.children["hotel"].version) == (2, 2)
    pinned = publish(ANN, trip.id, text=PARENT.replace("workflow: hotel", "workflow: hotel, version: 1"))
    assert pinned.children["hotel"].version == 1


def test_what_is_published_can_be_started(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    version = publish(ANN, workflow.id)
    assert start(ANN, workflow_id=workflow.id, input={"city": "Rome"}).version_id == version.id


def test_a_version_of_another_organisation_is_not_there(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    version = publish(ANN, workflow.id)
    with pytest.raises(WorkflowNotFound):
        publish(STRANGER, workflow.id)
    with pytest.raises(VersionNotFound):
        get_version(STRANGER, workflow.id, 1)
    with pytest.raises(VersionNotFound):
        get_version_by_id("org_other", version.id)
    with pytest.raises(VersionNotFound):
        get_document(STRANGER, workflow.id, 1, "asl")


def test_validating_keeps_nothing(aws: Cloud) -> None:
    good, bad = validate(ANN, text=ASKING), validate(ANN, text=HOTEL.replace("$say", "$nowhere"))
    assert good.is_valid
    assert "ask" in (good.plan_text or "")
    assert not bad.is_valid
    assert not validate(ANN, text="{").is_valid
    assert "dynamodb:PutItem" not in aws.calls
    assert good.digest == publish(ANN, create(ANN, text=ASKING).id).digest


class Wired:
    """Both ends of the wire: what the API invokes is what the publisher handles."""

    def __init__(self, aws: Cloud) -> None:
        aws.reply("lambda:Invoke", self._answer)
        self.payload: JsonObject = {}
        self.failed = False

    def _answer(self) -> JsonObject:
        told = json.dumps(publication.handle(self.payload)).encode()
        return {"Payload": BytesIO(told), **({"FunctionError": "Unhandled"} if self.failed else {})}  # type: ignore[dict-item]


def test_a_request_comes_back_with_the_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    wired = Wired(aws)
    wired.payload = {"organisation_id": "org_local", "person": "ann", "roles": [], "scopes": [*ALL], "workflow_id": workflow.id, "text": None}
    first, again = publication.request(ANN, workflow.id), publication.request(ANN, workflow.id)
    assert (first.version.number, first.is_new, again.version, again.is_new) == (1, True, first.version, False)
    wired.payload["text"] = "{"
    with pytest.raises(SpecInvalid) as refused:
        publication.request(ANN, workflow.id, Wish(text="{"))
    assert refused.value.diagnostics
    wired.payload["workflow_id"] = "wf_unknown"
    with pytest.raises(WorkflowNotFound):
        publication.request(ANN, "wf_unknown")
    wired.failed = True
    with pytest.raises(PublisherUnavailable):
        publication.request(ANN, workflow.id)


@pytest.mark.parametrize("told", [b"no json", b"[]", b"{}", b'{"error": {"name": "Strange", "message": "?"}}'])
def test_a_request_that_comes_back_with_nonsense_says_so(aws: Cloud, told: bytes) -> None:
    aws.reply("lambda:Invoke", lambda: {"Payload": BytesIO(told)})
    workflow = create(ANN, text=HOTEL)
    with pytest.raises(PublisherUnavailable):
        publication.request(ANN, workflow.id)


def test_a_request_that_reaches_nobody_says_so(aws: Cloud) -> None:
    aws.refuse("lambda:Invoke", "ResourceNotFoundException")
    workflow = create(ANN, text=HOTEL)
    with pytest.raises(PublisherUnavailable):
        publication.request(ANN, workflow.id)


def test_drafts_are_published_as_they_were_saved_last(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    save_draft(ANN, workflow.id, text=ASKING, match=get_draft(ANN, workflow.id).etag)
    publish(ANN, workflow.id)
    assert get_document(ANN, workflow.id, 1, "source") == ASKING
