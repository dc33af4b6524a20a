"""Two runs beside each other."""

from typing import Any

import pytest

from chalicelib.api.views import comparison_view
from chalicelib.errors import RunNotFound
from chalicelib.runs import compare as module
from chalicelib.runs.compare import Comparison, compare
from chalicelib.runs.nodes import node_failed, node_started, node_succeeded
from chalicelib.runs.start import start
from chalicelib.spec.model import Json
from chalicelib.store import pointers
from chalicelib.store.run_records import Fault, Run, Usage
from tests.factories.cloud import ANN, SPEC, STRANGER, Cloud, published
from tests.factories.run_stories import attempt_at, ended


def run_of(version_id: str, found: Json, *, city: str = "Rome") -> Run:
    run = start(ANN, workflow_id=version_id, input={"city": city})
    node_started(attempt_at(run, "search"), input={"url": "u"})
    node_succeeded(attempt_at(run, "search"), result=found, usage=Usage(cost=5))
    return run


def compared(before: Json, after: Json) -> Comparison:
    workflow_id = published().workflow_id
    return compare(ANN, run_of(workflow_id, before).id, run_of(workflow_id, after).id)


def test_it_tells_what_differs(aws: Cloud) -> None:
    workflow_id = published().workflow_id
    first = ended(run_of(workflow_id, {"status": 200}), "SUCCEEDED", output={"booking": 1})
    published({**SPEC, "title": "Book another"})
    second = run_of(workflow_id, {"status": 500}, city="Oslo")
    node_failed(attempt_at(second, "book"), error=Fault(name="ToolFailed", message="no room"))
    found: Any = comparison_view(compare(ANN, first.id, ended(second, "FAILED", error="ToolFailed", cause="no room").id))
    paths = {part: [(each["path"], each["kind"]) for each in found[part]["found"]] for part in ("spec", "input", "output")}
    assert paths == {"spec": [("/title", "changed")], "input": [("/city", "changed")], "output": [("", "changed")]}
    nodes = {node["node"]: node for node in found["nodes"]}
    assert nodes["search"]["status"] == ["succeeded", "succeeded"]
    assert nodes["search"]["output"]["found"] == [{"path": "/status", "kind": "changed", "before": "200", "after": "500"}]
    assert nodes["search"]["cost"] == [5, 5]
    assert nodes["book"]["status"] == ["skipped", "failed"]
    assert nodes["book"]["error"][1]["name"] == "ToolFailed"


def test_it_finds_nothing_where_nothing_differs(aws: Cloud) -> None:
    found = compared({"a": 1}, {"a": 1})
    assert not any(part.found for part in (found.spec, found.input, found.output, found.nodes[0].output, found.nodes[0].input))


def test_it_follows_pointers_of_a_moderate_size(aws: Cloud) -> None:
    values: list[Json] = [{"rows": [0] * 5_000, "last": last} for last in ("a", "b")]
    before, after = (pointers.fit("org_local", value, folder="runs/x", inline_bytes=10) for value in values)
    assert [each.path for each in compared(before, after).nodes[0].output.found] == ["/last"]


def test_it_reads_nothing_that_is_too_large(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPARED_BYTES", 100)
    large, other = "x" * 20_000, "y" * 20_000
    (told,) = compared(large, other).nodes[0].output.found
    assert told.before is not None
    assert told.before.startswith("(too large to be shown: ")
    assert compared(large, large).nodes[0].output.found == ()
    pointed = [pointers.fit("org_local", {"a": text}, folder="runs/x", inline_bytes=10) for text in (large, other)]
    (told,) = compared(*pointed).nodes[0].output.found
    assert told.after == "(too large to be shown: 20,008 bytes)"


def test_it_tells_so_many_nodes(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NODES", 0)
    assert compared(1, 1).is_cut


def test_it_shows_no_run_of_another_organisation(aws: Cloud) -> None:
    run = run_of(published().workflow_id, 1)
    with pytest.raises(RunNotFound):
        compare(STRANGER, run.id, run.id)
