"""Records as the API shows them."""

from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.api.views import node_run_view, view
from chalicelib.errors import BlobMissing
from chalicelib.store import pointers
from chalicelib.store.blobs import signed_url
from chalicelib.store.gate_records import GateChoice
from chalicelib.store.record import Record
from chalicelib.store.run_records import Fence, NodeRun
from chalicelib.store.statuses import NodeStatus
from chalicelib.store.values import Stored, keep
from tests.factories.cloud import cloud


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


def test_it_signs_where_a_large_value_can_be_had() -> None:
    with cloud(SLUICE_STAGE="prod"):
        large, pointed = keep("org_local", "runs/r", "x" * 20_000), pointers.fit("org_local", ["y" * 99], folder="runs/r", inline_bytes=9)
        node_run = NodeRun(run_id="r", node="a", status=NodeStatus.SUCCEEDED, started_at="t", input=large, result=keep("org_local", "f", pointed))
        found = node_run_view("org_local", node_run, whole=True)
        for name, stored in (("input", large.blob), ("output", pointers.blob_of(pointed))):
            url = urlsplit(str(found[f"{name}_url"]))
            query = parse_qs(url.query)
            assert stored is not None
            assert url.path.endswith(f"/{stored.key}")
            assert query.keys() & {"X-Amz-Expires", "Expires"}
        assert "output_url" not in node_run_view("org_local", node_run, whole=False)
        small = node_run.model_copy(update={"input": None, "result": Stored(text="1")})
        assert (node_run_view("org_local", small, whole=True)["input_url"], node_run_view("org_local", small, whole=True)["output_url"]) == (
            None,
            None,
        )


def test_it_signs_nothing_of_another_organisation() -> None:
    with cloud(SLUICE_STAGE="prod"):
        blob = keep("org_local", "runs/r", "x" * 20_000).blob
        assert blob is not None
        with pytest.raises(BlobMissing):
            signed_url("org_other", blob, name="a")


def test_it_signs_nothing_on_the_local_stack() -> None:
    with cloud():
        blob = keep("org_local", "runs/r", "x" * 20_000).blob
        assert blob is not None
        assert signed_url("org_local", blob, name="a") is None
