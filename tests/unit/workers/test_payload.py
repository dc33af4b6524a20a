"""The wire between machines and workers, contract 1."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.spec.model import Json, JsonObject
from chalicelib.workers.payload import Fence, Item, MachineInput, MachineOutput, NextWait, PayloadInvalid, TaskPayload, parse_payload, pointer_record
from tests.factories.payloads import gate_payload, pointer, recorded_payloads, task_payload


def test_it_reads_a_task_as_the_machine_sends_it() -> None:
    payload = parse_payload(
        task_payload(node="rank", values={"$rank.best": {"name": "Ritz"}}, keep=["count", "best.name"], settled={"enough": "true", "skip": None})
    )
    assert (payload.organisation_id, payload.run_id, payload.node) == ("org_local", "run_01J0000000000000000000000", "rank")
    assert payload.values == {"$rank.best": {"name": "Ritz"}}
    assert payload.keep == ("count", "best.name")
    assert payload.settled == {"enough": "true", "skip": None}
    assert payload.fence == Fence(resume=0, visit=0, retry=0)
    assert not payload.close


def test_it_fills_in_what_a_machine_leaves_out() -> None:
    payload = parse_payload({"contract": 1, "organisation_id": "org_local", "run_id": "r", "version_id": "v", "node": "n"})
    assert payload == TaskPayload(contract=1, organisation_id="org_local", run_id="r", version_id="v", node="n")
    assert (payload.values, payload.keep, payload.settled, payload.inline_bytes, payload.items) == ({}, (), {}, 24_576, ())


def test_it_reads_a_gate_with_its_token_and_never_prints_it() -> None:
    payload = parse_payload(gate_payload(token="secret-token"))
    assert payload.token == "secret-token"
    assert payload.deadline_seconds == 86_400
    assert "secret-token" not in repr(payload)


def test_it_reads_the_items_around_a_node() -> None:
    assert parse_payload(task_payload(item_path="questions:3/inner:0")).items == (Item("questions", 3), Item("inner", 0))


def test_it_takes_whole_floats_for_counts() -> None:
    assert parse_payload(task_payload(fence={"resume": 0, "visit": 2.0, "retry": 1})).fence == Fence(visit=2, retry=1)


def test_it_reads_an_announced_wait() -> None:
    assert parse_payload(task_payload(next_wait={"node": "cool_down", "until": None})).next_wait == NextWait(node="cool_down")


def test_it_ignores_fields_of_newer_machines() -> None:
    assert parse_payload(task_payload(colour="blue")) == parse_payload(task_payload())


@pytest.mark.parametrize("recorded", recorded_payloads(), ids=lambda recorded: recorded["node"] or "load")
def test_it_reads_every_recorded_payload(recorded: JsonObject) -> None:
    assert parse_payload(recorded).contract == 1


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"contract": 2}, "contract"),
        ({"contract": "1"}, "contract"),
        ({"organisation_id": ""}, "organisation_id"),
        ({"node": "Rank It"}, "node"),
        ({"run_id": None}, "run_id"),
        ({"item_path": "questions"}, "item_path"),
        ({"item_path": "/questions:1"}, "item_path"),
        ({"fence": {"retry": "1"}}, "fence.retry"),
        ({"fence": {"visit": 1.5}}, "fence.visit"),
        ({"fence": {"resume": -1}}, "fence.resume"),
        ({"values": []}, "values"),
        ({"keep": [1]}, "keep.0"),
        ({"close": "yes"}, "close"),
        ({"token": ""}, "token"),
    ],
    ids=str,
)
def test_it_says_which_known_field_is_wrong(fault: JsonObject, field: str) -> None:
    with pytest.raises(PayloadInvalid, match=field) as caught:
        parse_payload(task_payload(**fault))
    assert caught.value.code == "payload-invalid"
    assert not caught.value.retryable


def test_it_keeps_values_out_of_its_complaint() -> None:
    with pytest.raises(PayloadInvalid) as caught:
        parse_payload(task_payload(token={"secret": "hunter2"}))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(JSON)
def test_it_refuses_or_reads_anything(event: Json) -> None:
    with suppress(PayloadInvalid):
        parse_payload(event)


def test_it_knows_a_pointer_record_and_what_was_kept() -> None:
    record = pointer_record(pointer(best={"name": "Ritz"}))
    assert record is not None
    assert (record.pointer.bytes, record.pointer.count, record.kept) == (300_000, 12, {"best": {"name": "Ritz"}})


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"Pointer": "here"}, {"Pointer": {"key": "k"}}, {"best": 1}], ids=str)
def test_it_takes_other_values_for_what_they_are(value: Json) -> None:
    assert pointer_record(value) is None


def test_it_reads_what_a_machine_starts_and_ends_with() -> None:
    given_to = MachineInput.model_validate(
        {"contract": 1, "organisation_id": "org_local", "run_id": "r", "version_id": "v", "context": pointer(), "trigger": {"type": "manual"}}
    )
    assert pointer_record(given_to.context) is not None
    assert MachineOutput.model_validate({"output": [1], "settled": {"enough": "false"}}) == MachineOutput(output=[1], settled={"enough": "false"})
