"""Versions: what is published on top of what, what it touches, what differs, and the way back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest

from chalicelib.errors import ConditionLost, Contention, SpecInvalid, VersionMoved, VersionNotFound
from chalicelib.gates.open import Question, open_gate
from chalicelib.runs.start import start
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import workflows
from chalicelib.store.clients import client
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.run_records import NodeAttempt
from chalicelib.triggers.save import WantedWebhook
from chalicelib.workflows import publication
from chalicelib.workflows.create import create
from chalicelib.workflows.delete import delete
from chalicelib.workflows.drafts import get_draft, save_draft
from chalicelib.workflows.impact import CallerImpact, TriggerImpact, VersionImpact, impact_of
from chalicelib.workflows.preview import preview
from chalicelib.workflows.publish import Published, Wish, publish
from chalicelib.workflows.query import get_document, get_version, get_workflow, list_versions
from chalicelib.workflows.rollback import rollback
from chalicelib.workflows.version_diff import diff_of
from tests.factories.cloud import ANN, BOB, Cloud
from tests.factories.trigger_stories import a_trigger
from tests.unit.workflows.test_publish import ASKING, PARENT
from tests.unit.workflows.test_workflows import HOTEL

MOTEL = HOTEL.replace("Book a hotel", "Book a motel")


def publish_text(workflow_id: str, text: str, **more: object) -> Published:
    return publish(ANN, workflow_id, Wish(text=text, **more))  # type: ignore[arg-type]


@contextmanager
def wired(aws: Cloud) -> Iterator[None]:
    """The compiler function, called here."""
    payloads: list[JsonObject] = []

    def heard(params: JsonObject, **_: Json) -> None:
        payloads.append(json.loads(params["body"]))  # type: ignore[arg-type]

    events = client("lambda").meta.events
    events.register_first("before-call.lambda.Invoke", heard)
    aws.reply("lambda:Invoke", lambda: {"Payload": BytesIO(json.dumps(publication.handle(payloads[-1])).encode())})
    try:
        yield
    finally:
        events.unregister("before-call.lambda.Invoke", heard)


def test_a_version_keeps_who_why_and_what(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    version = publish(BOB, workflow.id, Wish(note="first try", labels={"ticket": "OPS-1"})).version
    (summary,) = list_versions(ANN, workflow.id).versions
    for kept in (version, summary):
        assert (kept.note, kept.labels, kept.created_by, kept.digest, kept.rollback_of) == (
            "first try",
            {"ticket": "OPS-1"},
            "bob",
            version.digest,
            None,
        )
    assert version.spec_digest == summary.spec_digest != version.digest
    assert get_workflow(ANN, workflow.id).labels == {"team": "travel"}


def test_a_draft_that_does_not_differ_is_no_new_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    first, again = publish(ANN, workflow.id), publish(ANN, workflow.id, Wish(note="another note"))
    assert (first.is_new, again.is_new, again.version) == (True, False, first.version)
    assert again.version.note == ""


def test_nobody_s_publication_is_passed_over_unseen(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    save_draft(ANN, workflow.id, text=ASKING, match=get_draft(ANN, workflow.id).etag)
    save_draft(BOB, workflow.id, text=MOTEL)
    publish(BOB, workflow.id, Wish(note="motels"))
    with pytest.raises(VersionMoved, match="bob published version 2") as refused:
        publish(ANN, workflow.id)
    assert refused.value.detail["latest"]["note"] == "motels"  # type: ignore[index,call-overload]
    assert refused.value.detail["change"] == ["text changed: title"]
    draft = get_draft(ANN, workflow.id)
    save_draft(ANN, workflow.id, text=draft.text, match=draft.etag, base_version=2)
    assert publish(ANN, workflow.id).version.number == 3
    with pytest.raises(VersionMoved):
        publish_text(workflow.id, HOTEL, base_version=2)
    assert publish_text(workflow.id, HOTEL, base_version=3).version.number == 4


def test_a_draft_from_before_any_version_is_told_of_the_first(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    save_draft(BOB, workflow.id, text=MOTEL)
    publish(ANN, workflow.id)
    with pytest.raises(VersionMoved) as refused:
        publish(BOB, workflow.id)
    assert refused.value.detail["change"] == ["there was no version yet"]


def test_a_draft_goes_on_from_what_it_was_published_as(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish_text(workflow.id, HOTEL)
    assert get_draft(ANN, workflow.id).base_version == 1
    save_draft(ANN, workflow.id, text=ASKING, match=get_draft(ANN, workflow.id).etag)
    assert publish(ANN, workflow.id).version.number == 2
    assert get_draft(ANN, workflow.id).base_version == 2


def test_a_publication_that_another_one_overtakes_is_made_on_top_of_it(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    passed: list[str] = []

    def overtake(operation: str) -> None:
        if operation == "stepfunctions:CreateStateMachine" and not passed:
            passed.append(operation)
            publish(BOB, workflow.id, Wish(text=MOTEL))

    aws.after.append(overtake)
    assert publish_text(workflow.id, ASKING).version.number == 3
    assert [summary.number for summary in list_versions(ANN, workflow.id).versions] == [3, 2]
    assert len(client("stepfunctions").list_state_machines()["stateMachines"]) == 2  # the one that was overtaken has no machine


def test_a_draft_that_is_overtaken_while_it_is_published_is_told(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    save_draft(ANN, workflow.id, text=ASKING, match=get_draft(ANN, workflow.id).etag)
    passed: list[str] = []

    def overtake(operation: str) -> None:
        if operation == "stepfunctions:CreateStateMachine" and not passed:
            passed.append(operation)
            publish(BOB, workflow.id, Wish(text=MOTEL))

    aws.after.append(overtake)
    with pytest.raises(VersionMoved, match="bob published version"):
        publish(ANN, workflow.id)


def test_it_gives_up_where_others_always_come_first(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    for _ in range(10):
        aws.cancel_transactions([{"Code": "ConditionalCheckFailed"}, {"Code": "None"}])
    with pytest.raises(Contention):
        publish(ANN, workflow.id)


def test_a_version_of_a_workflow_that_went_is_not_written(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    version = publish(ANN, workflow.id).version
    documents = workflows.get_documents("org_local", version.id)
    delete(ANN, workflow.id)
    with pytest.raises(ConditionLost):
        workflows.put_version(version.model_copy(update={"id": "ver_2", "number": 2}), documents, after=1)


def test_an_earlier_version_is_put_in_force_again_once(aws: Cloud) -> None:
    workflow = create(ANN, text=ASKING)
    first = publish(ANN, workflow.id).version
    publish_text(workflow.id, HOTEL)
    with wired(aws):
        back = rollback(BOB, workflow.id, 1, note="wrong city")
        again = rollback(BOB, workflow.id, 1, note="wrong city")
    assert (back.version.number, back.version.note, back.version.rollback_of) == (3, "rolled back to version 1: wrong city", 1)
    assert (back.version.digest, back.is_new) == (first.digest, True)
    assert (again.version, again.is_new) == (back.version, False)
    assert get_document(ANN, workflow.id, 3, "source") == ASKING
    with pytest.raises(VersionNotFound):
        rollback(ANN, workflow.id, 9)


def test_a_rollback_takes_the_sub_workflows_of_its_time(aws: Cloud) -> None:
    hotel, trip = create(ANN, text=HOTEL), create(ANN, text=PARENT)
    publish(ANN, hotel.id)
    first = publish(ANN, trip.id).version
    publish_text(hotel.id, ASKING)
    publish_text(trip.id, PARENT.replace("Rome", "Paris"))
    with wired(aws):
        back = rollback(ANN, trip.id, 1).version
    assert (back.number, back.children, back.digest) == (3, first.children, first.digest)


def test_the_wire_tells_of_a_version_that_came_in_between(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    publish_text(workflow.id, MOTEL)
    with wired(aws), pytest.raises(VersionMoved) as refused:
        publication.request(ANN, workflow.id, Wish(text=ASKING, base_version=1))
    assert refused.value.detail["latest"]["number"] == 2  # type: ignore[index,call-overload]
    assert refused.value.detail["change"] == ["text changed: title"]


def test_a_preview_says_what_would_be_published_and_keeps_nothing(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    first = preview(ANN, workflow.id)
    assert (first.is_new, first.difference, first.impact.versions) == (True, None, ())
    version = publish(ANN, workflow.id).version
    assert (first.digest, preview(ANN, workflow.id).is_new) == (version.digest, False)
    second = preview(ANN, workflow.id, text=ASKING)
    assert second.difference is not None
    assert second.difference.difference.summary == ("nodes added: ask",)
    assert set(second.difference.difference.forecast or {}) >= {"transitions", "invocations"}
    assert get_workflow(ANN, workflow.id).reserved_version == 1
    publish_text(workflow.id, MOTEL)
    with pytest.raises(VersionMoved):
        preview(ANN, workflow.id, text=ASKING, base_version=1)
    with pytest.raises(SpecInvalid):
        preview(ANN, workflow.id, text="{")


def test_it_compares_versions_and_one_s_draft(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    publish_text(workflow.id, ASKING)
    assert diff_of(ANN, workflow.id, 1, 2).difference.summary == ("nodes added: ask",)
    assert diff_of(ANN, workflow.id, 2, 1).difference.summary == ("nodes removed: ask",)
    drafted = diff_of(ANN, workflow.id, 2, None)
    assert (drafted.before, drafted.after, drafted.difference.summary) == ("2", "draft", ("nodes removed: ask",))
    assert drafted.difference.forecast
    with pytest.raises(VersionNotFound):
        diff_of(ANN, workflow.id, 1, 3)
    unsound = HOTEL.replace("$context.city", "$nowhere")
    save_draft(ANN, workflow.id, text=unsound, match=get_draft(ANN, workflow.id).etag)
    assert diff_of(ANN, workflow.id, 1, None).difference.summary == ("binding changed: nodes.say.value",)
    assert diff_of(ANN, workflow.id, 1, None).difference.forecast is None
    save_draft(ANN, workflow.id, text="{", match=get_draft(ANN, workflow.id).etag)
    with pytest.raises(SpecInvalid):
        diff_of(ANN, workflow.id, 1, None)


def test_it_counts_what_a_publication_touches(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    assert impact_of(ANN, workflow.id).versions == ()
    old = start(ANN, workflow_id=workflow.id, input={"city": "Rome"})
    publish_text(workflow.id, ASKING)
    for _ in range(2):
        start(ANN, workflow_id=workflow.id, input={"city": "Rome"})
    question = Question(ask="Go on?", choices=(GateChoice(choice="yes"),))
    open_gate(NodeAttempt(organisation_id="org_local", run_id=old.id, node="say"), token="t", question=question)
    found = impact_of(ANN, workflow.id)
    assert found.versions == (VersionImpact(2, 2, 0), VersionImpact(1, 1, 1))
    assert (found.in_flight_count, found.open_gate_count, found.latest_version, found.is_whole) == (3, 1, 2, True)


def test_it_names_the_triggers_of_which_some_start_the_new_version(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    publish(ANN, workflow.id)
    nightly = a_trigger(workflow_id=workflow.id)
    fixed = a_trigger(WantedWebhook("token"), name="fixed", workflow_id=workflow.id, version=1, enabled=False)
    assert set(impact_of(ANN, workflow.id).triggers) == {
        TriggerImpact(nightly.id, "nightly", "schedule", True, None),
        TriggerImpact(fixed.id, "fixed", "webhook", False, 1),
    }


def test_it_names_the_workflows_that_call_it(aws: Cloud) -> None:
    hotel, trip = create(ANN, text=HOTEL), create(ANN, text=PARENT)
    publish(ANN, hotel.id)
    publish(ANN, trip.id)
    publish_text(hotel.id, ASKING)
    assert impact_of(ANN, hotel.id).callers == (CallerImpact(trip.id, "trip", 1, 1),)
    publish_text(trip.id, "sluice: 1\nname: trip\nnodes:\n  say: {type: transform, value: 1}\n")
    assert impact_of(ANN, hotel.id).callers == ()
    publish_text(trip.id, PARENT)
    delete(ANN, trip.id)
    assert impact_of(ANN, hotel.id).callers == ()


def test_its_document_is_the_text_that_was_published(aws: Cloud) -> None:
    workflow = create(ANN, text=HOTEL)
    published = publish_text(workflow.id, MOTEL)
    assert get_version(ANN, workflow.id, 1) == published.version
    assert get_document(ANN, workflow.id, 1, "source") == MOTEL
