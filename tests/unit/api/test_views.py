"""Records as the API shows them."""

import pytest

from chalicelib.api.views import node_run_view, view
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.record import Record
from chalicelib.store.run_records import Fence, NodeRun
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.values import Stored


class Box(Record):
    organisation_id: str = "org_local"
    revision: int = 3
    choices: tuple[GateChoice, ...] = (GateChoice(choice="yes"),)
    by_name: dict[str, Fence] = {"a": Fence(visit=1)}  # noqa: RUF012 (pydantic copies it)
    status: NodeStatus = NodeStatus.RUNNING


def test_it_leaves_the_stores_own_business_out_at_every_depth() -> None:
    assert view(Box()) == {
        "choices": [{"choice": "yes", "title": "", "approves": True, "fields": None}],
        "by_name": {"a": {"resume": 0, "again": 0, "visit": 1, "entry": 0, "retry": 0}},
        "status": "running",
    }


def test_it_leaves_out_what_it_is_told_to() -> None:
    assert set(view(Box(), without=frozenset({"by_name", "status"}))) == {"choices"}


def test_it_refuses_what_is_no_json() -> None:
    class Odd(Record):
        value: bytes = b"x"

    with pytest.raises(TypeError, match="bytes"):
        view(Odd())


def test_it_shows_a_node_run_without_values_as_such() -> None:
    shown = node_run_view("org_local", NodeRun(run_id="run_1", node="a", status=NodeStatus.SKIPPED, started_at=""), whole=False)
    assert (shown["input"], shown["input_bytes"], shown["output"], shown["output_bytes"]) == (None, 0, None, 0)


def test_it_counts_bytes_not_letters() -> None:
    node_run = NodeRun(run_id="run_1", node="a", status=NodeStatus.SUCCEEDED, started_at="", result=Stored(text='"äö"'))
    assert node_run_view("org_local", node_run, whole=False)["output_bytes"] == 6
