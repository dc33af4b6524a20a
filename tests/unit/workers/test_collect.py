"""Results of a distributed map, collected into the map's output."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import BlobMissing, OutputTooLarge
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store.clients import client
from chalicelib.store.pointers import resolve
from chalicelib.workers import collect
from chalicelib.workers.dispatch import dispatch
from chalicelib.workers.failures import NodeCrashed, ResultsIncomplete
from tests.factories.cloud import Cloud, cloud

FOLDER = "org_local/runs/run_1/rows/results/1"
PAYLOAD: JsonObject = {
    "contract": 1,
    "organisation_id": "org_local",
    "run_id": "run_1",
    "version_id": "ver_1",
    "node": "rows",
    "collect": f"{FOLDER}/manifest.json",
}


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def written(results: list[Any]) -> None:
    """What the engine leaves, in whatever order the items ended."""
    s3 = client("s3")
    children = [{"Name": str(number), "Status": "SUCCEEDED", "Output": json.dumps(result)} for number, result in enumerate(results)]
    files = {"SUCCEEDED": [{"Key": f"{FOLDER}/SUCCEEDED_0.json", "Size": 1}], "FAILED": [], "PENDING": []}
    for name, body in (("SUCCEEDED_0.json", children), ("manifest.json", {"ResultFiles": files})):
        s3.put_object(Bucket=settings().bucket, Key=f"{FOLDER}/{name}", Body=json.dumps(body).encode())


def result(position: int, output: Json, around: str = "") -> JsonObject:
    return {"path": f"{around}rows:{position}", "output": output}


def test_it_gives_the_results_in_the_order_of_the_items(aws: Cloud) -> None:
    written([result(2, "c"), result(0, None), result(1, {"b": 1})])
    assert dispatch(PAYLOAD) == [None, {"b": 1}, "c"]
    assert dispatch(PAYLOAD) == [None, {"b": 1}, "c"]


def test_it_gives_those_of_a_map_within_a_map(aws: Cloud) -> None:
    written([result(1, "b", "outer:7/"), result(0, "a", "outer:7/")])
    assert dispatch(PAYLOAD | {"item_path": "outer:7"}) == ["a", "b"]


def test_many_results_go_by_pointer(aws: Cloud) -> None:
    results: list[Json] = [{"kind": number % 2, "text": "x" * 50} for number in range(300)]
    written([result(number, each) for number, each in reversed(list(enumerate(results)))])
    given = dispatch(PAYLOAD | {"inline_bytes": 1000, "keep": ["kind", "[]"]})
    assert isinstance(given, dict)
    assert given["kind"] == [0, 1] * 150
    assert given["Pointer"]["count"] == 300  # type: ignore[index,call-overload]
    assert given["Pointer"]["lists"] == {"*": 300}  # type: ignore[index,call-overload]
    assert resolve("org_local", given) == results
    assert dispatch(PAYLOAD | {"inline_bytes": 1000, "keep": ["kind", "[]"]}) == given


@pytest.mark.parametrize("results", [[result(1, "b")], ["no path"], [{"path": "", "output": 1}], [{"path": "other:0", "output": 1}], [{"output": 1}]])
def test_results_that_are_not_those_of_all_items_fail_the_map(aws: Cloud, results: list[Any]) -> None:
    written(results)
    with pytest.raises(ResultsIncomplete):
        dispatch(PAYLOAD)


def test_results_that_no_value_may_hold_fail_the_map(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    written([result(0, "x" * 100)])
    monkeypatch.setattr(collect, "MAX_OUTPUT_BYTES", 50)
    with pytest.raises(OutputTooLarge):
        dispatch(PAYLOAD)


def test_a_manifest_that_is_not_there_fails_the_map(aws: Cloud) -> None:
    with pytest.raises(BlobMissing):
        dispatch(PAYLOAD)


def test_a_manifest_that_is_none_is_told_as_a_crash(aws: Cloud) -> None:
    client("s3").put_object(Bucket=settings().bucket, Key=f"{FOLDER}/manifest.json", Body=b"no JSON")
    with pytest.raises(NodeCrashed):
        dispatch(PAYLOAD)
