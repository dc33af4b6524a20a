"""Workflows and their drafts."""

import pytest

from chalicelib.errors import SpecInvalid, WorkflowNameTaken, WorkflowNotFound
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.drafts import get_draft, list_drafts, save_draft
from chalicelib.workflows.query import find_workflow, get_workflow, list_versions, list_workflows
from tests.factories.cloud import ANN, BOB, STRANGER, Cloud

HOTEL = """
sluice: 1
name: hotel
title: Book a hotel
labels: {team: travel}
input: {type: object, properties: {city: {type: string}}, required: [city]}
nodes:
  say: {type: transform, value: $context.city}
output: $say
"""


def test_a_workflow_takes_its_name_and_title_from_its_text(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    assert (workflow.name, workflow.title, workflow.labels, workflow.created_by) == ("hotel", "Book a hotel", {"team": "travel"}, "ann")
    assert get_workflow(ANN, workflow.id) == workflow
    assert find_workflow(ANN, "hotel") == workflow
    draft = get_draft(ANN, workflow.id)
    assert (draft.text, draft.revision) == (HOTEL, 1)


def test_a_draft_may_be_wrong(aws: Cloud) -> None:
    workflow = create(ANN, text='name: "half-done"\ntitle: Half done\nnodes: [')
    assert (workflow.name, workflow.title) == ("half-done", "Half done")
    assert create(ANN, text="{", name="other").name == "other"
    assert create(ANN, text='{"nodes": {},\n  "name": "indented", "title": 3}').name == "indented"


@pytest.mark.parametrize(("text", "name"), [("nodes: {}", None), ("name: Not A Name", None), (HOTEL, "No"), ("", "")])
def test_it_needs_a_name(aws: Cloud, text: str, name: str | None) -> None:
    with pytest.raises(SpecInvalid) as refused:
        create(ANN, text=text, name=name)
    assert refused.value.diagnostics[-1].is_error


def test_a_name_is_taken_once_in_an_organisation(aws: Cloud) -> None:
    create(ANN, text=HOTEL)
    with pytest.raises(WorkflowNameTaken):
        create(BOB, text=HOTEL)
    assert create(STRANGER, text=HOTEL).name == "hotel"


def test_a_deleted_workflow_is_gone_and_its_name_free(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    delete(ANN, workflow.id)
    assert find_workflow(ANN, "hotel") is None
    assert list_workflows(ANN).workflows == ()
    for ask in (get_workflow, get_draft, list_drafts, list_versions, delete):
        with pytest.raises(WorkflowNotFound):
            ask(ANN, workflow.id)
    with pytest.raises(WorkflowNotFound):
        save_draft(ANN, workflow.id, text="a")
    assert create(ANN, text=HOTEL).id != workflow.id


def test_it_lists_workflows_by_name(aws: Cloud) -> None:
    for name in ("cherry", "apple", "banana"):
        create(ANN, text=HOTEL.replace("hotel", name))
    page = list_workflows(ANN, limit=2)
    assert [workflow.name for workflow in page.workflows] == ["apple", "banana"]
    rest = list_workflows(ANN, limit=2, cursor=page.cursor)
    assert ([workflow.name for workflow in rest.workflows], rest.cursor) == (["cherry"], None)
    assert list_workflows(STRANGER).workflows == ()


def test_nobody_reaches_into_another_organisation(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    for ask in (get_workflow, get_draft, list_drafts, list_versions, delete):
        with pytest.raises(WorkflowNotFound):
            ask(STRANGER, workflow.id)
