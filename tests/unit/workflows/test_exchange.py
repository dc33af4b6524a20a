"""Workflows as files: what goes out comes in again, to the byte."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.access.secrets import put_secret
from chalicelib.errors import DocumentInvalid, SpecInvalid, VersionNotFound, WorkflowNameTaken
from chalicelib.spec.load import load
from chalicelib.spec.yaml_text import compose
from chalicelib.workflows.bundle import Bundle, read_bundle, write_bundle, write_text, yaml_document
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.drafts import get_draft
from chalicelib.workflows.exchange import export_bundle, export_workflow, import_text
from chalicelib.workflows.query import find_workflow, get_version, list_workflows
from chalicelib.workflows.starter_files import built_in
from tests.factories.cloud import ANN, STRANGER, Cloud
from tests.factories.publishing import publish
from tests.unit.workflows.test_publish import ASKING, PARENT
from tests.unit.workflows.test_versions import wired
from tests.unit.workflows.test_workflows import HOTEL

REMARKED = "# Ours.\n" + HOTEL.lstrip() + "# the end\n"
JSON_HOTEL = json.dumps(load(HOTEL).spec and compose(HOTEL).value, indent=4)
NEEDY = """
sluice: 1
name: needy
nodes:
  look: {type: tool_call, tool: mcp.call, with: {server: shop, tool: x, arguments: {token: {secret: shop_token}}}}
  ask: {type: human_gate, ask: "Go?", channels: [whatsapp, console], after: [look]}
  api: {type: tool_call, tool: openapi.call, with: {api: pets, operation: getPet}, after: [ask]}
  read: {type: tool_call, tool: sql.query, with: {source: books, query: SELECT 1}, after: [api]}
  say: {type: tool_call, tool: a2a.send, with: {agent: clerk, text: hi}, after: [read]}
  sub: {type: workflow, workflow: nowhere, after: [say]}
"""
TEXTS = [text for starter in built_in().values() for text in starter.bundle.texts.values()]


@pytest.mark.parametrize("text", [REMARKED, JSON_HOTEL, HOTEL])
def test_what_was_written_comes_out_as_it_was_written(aws: Cloud, text: str) -> None:
    assert import_text(ANN, text).workflows[0].status == "new"
    workflow = find_workflow(ANN, "hotel")
    assert workflow is not None
    assert export_workflow(ANN, workflow.id) == text
    publish(ANN, workflow.id)
    assert export_workflow(ANN, workflow.id) == text


@pytest.mark.parametrize("wanted", ["yaml", "json"])
@pytest.mark.parametrize("text", [*TEXTS, REMARKED, JSON_HOTEL])
def test_another_format_says_the_same_and_comes_back_to_the_byte(text: str, wanted: str) -> None:
    written = write_text(text, wanted)  # type: ignore[arg-type]
    assert compose(written).value == compose(text).value
    assert load(written).spec == load(text).spec
    assert write_text(written, wanted) == written  # type: ignore[arg-type]
    there_and_back = write_text(write_text(written, "json"), "yaml")
    assert write_text(write_text(there_and_back, "json"), "yaml") == there_and_back


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3))


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_a_document_as_yaml_is_that_document(value: object) -> None:
    document = {"sluice": 1, "value": value}
    composed = compose(yaml_document(document))  # type: ignore[arg-type]
    errors = [found.code for found in composed.diagnostics if found.is_error]
    assert composed.value == document or errors  # what YAML cannot hold is refused, never changed


@pytest.mark.parametrize("wanted", ["yaml", "json"])
def test_a_bundle_is_read_as_it_was_written(wanted: str) -> None:
    for starter in built_in().values():
        written = write_bundle(starter.bundle, wanted)  # type: ignore[arg-type]
        read = read_bundle(written)
        assert (read.root, list(read.texts)) == (starter.bundle.root, list(starter.bundle.texts))
        assert write_bundle(read, wanted) == written  # type: ignore[arg-type]
        if wanted == "yaml":
            assert read == starter.bundle


@pytest.mark.parametrize("text", [f"---\n{HOTEL}", f"{HOTEL}...\n", HOTEL.rstrip("\n"), HOTEL.replace("\n", "\r\n")])
def test_a_text_that_would_break_the_stream_is_written_canonically(text: str) -> None:
    bundle = Bundle("hotel", {"hotel": text, "trip": PARENT})
    read = read_bundle(write_bundle(bundle, "yaml"))
    assert load(read.texts["hotel"]).spec == load(HOTEL).spec
    assert read.texts["trip"] == PARENT
    assert write_bundle(read, "yaml") == write_bundle(bundle, "yaml")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("sluice_bundle: 2\nroot: hotel\n---\n" + HOTEL, "/sluice_bundle"),
        ("sluice_bundle: 1\nroot: other\n---\n" + HOTEL, "/root"),
        ("sluice_bundle: 1\nroot: hotel\n", "/workflows"),
        ("sluice_bundle: 1\nroot: hotel\n---\n" + HOTEL + "---\n" + HOTEL, "/workflows/1"),
        ('{"sluice_bundle": 1, "root": "hotel", "workflows": 5}', "/workflows"),
        ('{"sluice_bundle": 1, "root": "hotel", "workflows": [5]}', "/workflows/0/name"),
        ("nodes: {}", "/workflows/0/name"),
        ("{", "/workflows/0/name"),
    ],
)
def test_it_says_what_is_wrong_with_a_file(aws: Cloud, text: str, where: str) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        import_text(ANN, text)
    assert where in refused.value.faults


def test_texts_with_errors_go_out_only_as_they_are(aws: Cloud) -> None:
    workflow = create(ANN, text="name: half-done\nnodes: [", name="half-done")
    assert export_workflow(ANN, workflow.id) == "name: half-done\nnodes: ["
    with pytest.raises(DocumentInvalid):
        export_workflow(ANN, workflow.id, wanted="json")
    with pytest.raises(DocumentInvalid):
        export_bundle(ANN, workflow.id)


@pytest.mark.parametrize("wanted", ["yaml", "json"])
def test_a_bundle_takes_all_that_it_calls_to_another_organisation(aws: Cloud, wanted: str) -> None:
    hotel, trip = create(ANN, text=REMARKED), create(ANN, text=PARENT)
    publish(ANN, hotel.id)
    publish(ANN, trip.id)
    publish(ANN, hotel.id, text=ASKING)
    bundle = export_bundle(ANN, trip.id, wanted=wanted)  # type: ignore[arg-type]
    with wired(aws):
        made = import_text(STRANGER, bundle, publish=True)
        again = import_text(STRANGER, bundle, publish=True)
    assert [(each.name, each.status, each.version) for each in made.workflows] == [("hotel", "new", 1), ("trip", "new", 1)]
    assert [(each.status, each.version) for each in again.workflows] == [("unchanged", 1)] * 2
    assert made.lacks.workflows == ()
    root = made.workflows[-1].workflow_id
    assert root is not None
    assert export_bundle(STRANGER, root, wanted=wanted) == bundle  # type: ignore[arg-type]
    if wanted == "yaml":
        assert REMARKED in bundle  # the version that is pinned, remarks included
    assert get_version(STRANGER, root, 1).children["hotel"].version == 1


def test_it_takes_an_earlier_version_out(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    publish(ANN, workflow.id, text=ASKING)
    assert export_workflow(ANN, workflow.id, version=1) == HOTEL
    assert export_workflow(ANN, workflow.id) == ASKING
    with pytest.raises(VersionNotFound):
        export_workflow(ANN, workflow.id, version=3)


def test_workflows_that_call_each_other_are_taken_once(aws: Cloud) -> None:
    first = "sluice: 1\nname: first\non_failure: second\nnodes: {say: {type: transform, value: 1}}\n"
    one, two = create(ANN, text=first), create(ANN, text=first.replace("first", "third").replace("second", "first").replace("third", "second"))
    publish(ANN, one.id)
    publish(ANN, two.id)
    assert list(read_bundle(export_bundle(ANN, one.id)).texts) == ["second", "first"]
    delete(ANN, two.id)
    assert list(read_bundle(export_bundle(ANN, one.id)).texts) == ["first"]


def test_a_name_that_is_taken_stops_the_whole(aws: Cloud) -> None:
    create(ANN, text=HOTEL)
    bundle = write_bundle(Bundle("trip", {"hotel": ASKING, "trip": PARENT}), "yaml")
    looked = import_text(ANN, bundle, dry_run=True)
    assert [(each.name, each.status) for each in looked.workflows] == [("hotel", "taken"), ("trip", "new")]
    with pytest.raises(WorkflowNameTaken, match="hotel"):
        import_text(ANN, bundle)
    assert [workflow.name for workflow in list_workflows(ANN).workflows] == ["hotel"]


def test_what_broke_off_is_finished_by_the_same_file(aws: Cloud) -> None:
    bundle = write_bundle(Bundle("trip", {"hotel": HOTEL, "trip": PARENT}), "yaml")
    create(ANN, text=HOTEL)
    made = import_text(ANN, bundle)
    assert [(each.name, each.status) for each in made.workflows] == [("hotel", "unchanged"), ("trip", "new")]
    assert get_draft(ANN, str(made.workflows[1].workflow_id)).text == PARENT


def test_it_says_what_is_lacking(aws: Cloud) -> None:
    lacks = import_text(ANN, NEEDY, dry_run=True).lacks
    assert lacks.as_json() == {
        "secrets": ["shop_token"], "channels": ["whatsapp"], "workflows": ["nowhere"], "mcp_servers": ["shop"], "a2a_agents": ["clerk"],
        "apis": ["pets"], "databases": ["books"],
    }  # fmt: skip
    put_secret("org_local", "shop_token", "s3cret")
    publish(ANN, create(ANN, text=HOTEL.replace("hotel", "nowhere")).id)
    lacks = import_text(ANN, NEEDY, dry_run=True).lacks
    assert (lacks.secrets, lacks.workflows) == ((), ())


def test_it_brings_nothing_in_that_has_errors(aws: Cloud) -> None:
    bundle = write_bundle(Bundle("trip", {"hotel": HOTEL.replace("type: transform", "type: nonsense"), "trip": PARENT}), "yaml")
    with pytest.raises(SpecInvalid) as refused:
        import_text(ANN, bundle)
    assert any(found.location.path.startswith("hotel: nodes.say") for found in refused.value.diagnostics)
    assert list_workflows(ANN).workflows == ()
