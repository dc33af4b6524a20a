"""Results of a distributed map, collected into the map's output."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import BlobMissing, OutputTooLarge
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.clients import client
from chalicelib.store.pointers import resolve
from chalicelib.store.statuses import NodeStatus
from chalicelib.workers import collect
from chalicelib.workers.failures import NodeCrashed, ResultsIncomplete
from tests.factories.cloud import Cloud, cloud
from tests.factories.worker_runs import Story, story

NODES: JsonObject = {
    "rows": {"type": "map", "over": "$context.list", "mode": "distributed", "nodes": {"look": {"type": "agent_call", "prompt": "x"}}},
    "outer": {
        "type": "map",
        "over": "$context.list",
        "mode": "distributed",
        "nodes": {"inner": {"type": "map", "over": "$item", "as": "each_one", "nodes": {"deep": {"type": "agent_call", "prompt": "x"}}}},
    },
}


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def folder(tale: Story) -> str:
    return f"org_local/runs/{tale.run.id}/rows/results/1"


def collected(tale: Story, node: str = "rows", **fields: Json) -> Json:
    return tale.serve(node, collect=f"{folder(tale)}/manifest.json", **fields)


def written(results: list[Any]) -> Story:
    """A run, and what the engine leaves, in whatever order the items ended."""
    s3, tale = client("s3"), story(NODES)
    children = [{"Name": str(number), "Status": "SUCCEEDED", "Output": json.dumps(result)} for number, result in enumerate(results)]
    files = {"SUCCEEDED": [{"Key": f"{folder(tale)}/SUCCEEDED_0.json", "Size": 1}], "FAILED": [], "PENDING": []}
    for name, body in (("SUCCEEDED_0.json", children), ("manifest.json", {"ResultFiles": files})):
        s3.put_object(Bucket=settings().bucket, Key=f"{folder(tale)}/{name}", Body=json.dumps(body).encode())
    return tale


def result(position: int, output: Json) -> JsonObject:
    return {"path": f"rows:{position}", "output": output}


def test_it_gives_the_results_in_the_order_of_the_items(aws: Cloud) -> None:
    tale = written([result(2, "c"), result(0, None), result(1, {"b": 1})])
    assert collected(tale) == [None, {"b": 1}, "c"]


def test_it_tells_once_that_the_map_has_come_to_its_end(aws: Cloud) -> None:
    tale = written([result(0, "a"), result(1, "b")])
    assert collected(tale) == collected(tale) == ["a", "b"]
    assert tale.events() == ["run_queued", "run_started", "node_succeeded"]
    assert (tale.node_run("rows").status, tale.result("rows")) == (NodeStatus.SUCCEEDED, 2)
    assert runs.get("org_local", tale.run.id).invocation_count == 1


def test_it_gives_those_of_a_map_within_a_map_and_tells_nothing_there(aws: Cloud) -> None:
    tale = written([{"path": "outer:7/inner:1", "output": "b"}, {"path": "outer:7/inner:0", "output": "a"}])
    assert collected(tale, "inner", item_path="outer:7") == ["a", "b"]
    assert tale.events() == ["run_queued"]


def test_many_results_go_by_pointer(aws: Cloud) -> None:
    results: list[Json] = [{"kind": number % 2, "text": "x" * 50} for number in range(300)]
    tale = written([result(number, each) for number, each in reversed(list(enumerate(results)))])
    given = collected(tale, inline_bytes=1000, keep=["kind", "[]"])
    assert isinstance(given, dict)
    assert given["kind"] == [0, 1] * 150
    assert given["Pointer"]["count"] == 300  # type: ignore[index,call-overload]
    assert given["Pointer"]["lists"] == {"*": 300}  # type: ignore[index,call-overload]
    assert resolve("org_local", given) == results
    assert collected(tale, inline_bytes=1000, keep=["kind", "[]"]) == given


@pytest.mark.parametrize("results", [[result(1, "b")], ["no path"], [{"path": "", "output": 1}], [{"path": "other:0", "output": 1}], [{"output": 1}]])
def test_results_that_are_not_those_of_all_items_fail_the_map(aws: Cloud, results: list[Any]) -> None:
    tale = written(results)
    with pytest.raises(ResultsIncomplete):
        collected(tale)


def test_results_that_no_value_may_hold_fail_the_map(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    tale = written([result(0, "x" * 100)])
    monkeypatch.setattr(collect, "MAX_OUTPUT_BYTES", 50)
    with pytest.raises(OutputTooLarge):
        collected(tale)


def test_a_manifest_that_is_not_there_fails_the_map(aws: Cloud) -> None:
    with pytest.raises(BlobMissing):
        collected(story(NODES))


def test_a_manifest_that_is_none_is_told_as_a_crash(aws: Cloud) -> None:
    tale = story(NODES)
    client("s3").put_object(Bucket=settings().bucket, Key=f"{folder(tale)}/manifest.json", Body=b"no JSON")
    with pytest.raises(NodeCrashed):
        collected(tale)
