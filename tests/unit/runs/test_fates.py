"""What becomes of each node of a broken run, by what is recorded of it and what is wanted; maps above all."""

from collections.abc import Mapping

import pytest

from chalicelib.compiler.graph import WorkflowGraph, build
from chalicelib.runs.changed import Differences
from chalicelib.runs.fates import Broken, plan_of
from chalicelib.runs.resume_plan import Fate, ResumePlan, Wish
from chalicelib.spec.load import load
from chalicelib.spec.model import Json
from chalicelib.store.run_records import Fence, NodeRun, Run
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.values import Stored

SPEC = """
sluice: 1
name: mapped
input: {type: object, properties: {rows: {type: array, default: []}, tone: {type: string, default: x}}}
nodes:
  first: {type: agent_call, prompt: hello}
  large: {type: condition, if: "$first.text = 'x'", after: [first]}
  rows:
    type: map
    over: $context.rows
    as: row
    after: [large]
    nodes:
      one: {type: tool_call, tool: http.post, with: {url: "https://pay.example", json: $row}}
      two: {type: agent_call, prompt: "{{ $context.tone }}", after: [one]}
      note: {type: transform, value: $two.text, after: [two]}
    output: $note
  last: {type: agent_call, prompt: "{{ $rows }}", after: [rows]}
  joined: {type: join, after: [last]}
  end: {type: message, text: "{{ $first.text }}", after: [joined]}
output: $last.text
"""
RUN = Run(
    id="run_1", organisation_id="org_local", workflow_id="wf_1", workflow_name="mapped", version_id="ver_1", version=1, status=RunStatus.FAILED,
    machine_arn="arn", execution_name="run_1", started_by="ann", created_at="2026-11-27T12:00:00.000Z", updated_at="2026-11-27T12:00:00.000Z",
)  # fmt: skip
GIVEN: dict[str, Json] = {"rows": [1, 2], "tone": "x"}
SETTLED = ("first", "large", "rows", "one rows:0", "one rows:1", "two rows:0", "two rows:1", "note rows:0", "note rows:1")


def graph(text: str = SPEC) -> WorkflowGraph:
    spec = load(text).spec
    assert spec is not None
    found = build(spec)
    assert isinstance(found, WorkflowGraph)
    return found


def node_run(address: str, status: NodeStatus = NodeStatus.SUCCEEDED, *, again: int = 0) -> NodeRun:
    name, _, path = address.partition(" ")
    kept = Stored(text='"x"') if status is NodeStatus.SUCCEEDED else None
    return NodeRun(
        run_id="run_1", node=name, item_path=path, status=status, started_at="", result=kept, fence=Fence(again=again), is_container=name == "rows"
    )


def planned(
    *settled: str,
    failed: tuple[str, ...] = (),
    wish: Wish | None = None,
    new: str = SPEC,
    given: Mapping[str, Json] | None = None,
    run: Run = RUN,
) -> ResumePlan:
    found = [*map(node_run, settled), *(node_run(each, NodeStatus.FAILED) for each in failed)]
    differences = Differences(graph(), graph(new), dict(GIVEN), dict(GIVEN if given is None else given))
    return plan_of(Broken(run, {each.address: each for each in found}, differences, "ver_1", 1), wish or Wish())


def fates(plan: ResumePlan) -> dict[str, str]:
    return {each.node: each.fate.value for each in plan.nodes}


def test_a_map_that_settled_and_is_read_replays() -> None:
    found = fates(planned(*SETTLED, failed=("last",)))
    assert found == {
        "first": "kept", "large": "kept", "rows": "replayed", "one": "replayed", "two": "replayed", "note": "replayed",
        "last": "retried", "joined": "first", "end": "first",
    }  # fmt: skip


def test_a_map_that_nobody_reads_any_more_is_kept() -> None:
    plan = planned(*SETTLED, "last", failed=("end",), new=SPEC)
    assert fates(plan)["rows"] == "kept"
    assert fates(plan)["end"] == "retried"


def test_a_map_that_broke_goes_on_with_the_items_that_have_not_settled() -> None:
    plan = planned("first", "large", "one rows:0", "two rows:0", failed=("rows", "one rows:1"))
    found = {each.node: each for each in plan.nodes}
    assert (found["rows"].fate, found["one"].fate, found["two"].fate) == (Fate.RETRIED, Fate.RETRIED, Fate.REPLAYED)
    assert (found["one"].settled_count, found["one"].open_count, plan.again) == (1, 1, {})
    assert "again under the same key" in (found["one"].warning or "")


def test_a_node_in_a_map_that_is_named_runs_again_with_all_that_follows_outside_too() -> None:
    plan = planned(*SETTLED, "last", failed=("end",), wish=Wish(from_node="two"))
    assert fates(plan) == {
        "first": "kept", "large": "kept", "rows": "retried", "one": "replayed", "two": "again", "note": "again",
        "last": "again", "joined": "first", "end": "again",
    }  # fmt: skip
    assert plan.again == {"two": 1, "note": 1, "last": 1, "end": 1}


def test_another_list_has_all_in_the_map_begin_anew() -> None:
    found = fates(planned(*SETTLED, failed=("last",), given={**GIVEN, "rows": [3]}))
    assert {name: found[name] for name in ("first", "rows", "one", "two", "last")} == {
        "first": "kept", "rows": "again", "one": "again", "two": "again", "last": "retried",
    }  # fmt: skip


def test_another_input_has_only_what_reads_it_begin_anew() -> None:
    found = fates(planned(*SETTLED, failed=("last",), given={**GIVEN, "tone": "y"}))
    assert (found["one"], found["two"], found["note"], found["rows"]) == ("replayed", "again", "again", "retried")


def test_on_a_newer_version_only_what_changed_in_a_map_begins_anew() -> None:
    newer = SPEC.replace('prompt: "{{ $context.tone }}"', 'prompt: "Say {{ $context.tone }}"').replace(
        "over: $context.rows", "over: $context.rows\n    concurrency: 2"
    )
    found = fates(planned(*SETTLED, failed=("last",), new=newer))
    assert (found["one"], found["two"], found["rows"]) == ("replayed", "again", "retried")


def test_a_title_and_a_retry_change_nothing_about_what_was_put_out() -> None:
    newer = SPEC.replace("prompt: hello}", "prompt: hello, title: First, retry: {max_attempts: 3}, timeout_seconds: 9}")
    assert fates(planned(*SETTLED, failed=("last",), new=newer))["first"] == "kept"


@pytest.mark.parametrize(("old", "new"), [("after: [large]", "after: [first]"), ("after: [rows]}", "after: [rows, first]}")])
def test_another_edge_makes_another_node(old: str, new: str) -> None:
    found = fates(planned(*SETTLED, "last", failed=("end",), new=SPEC.replace(old, new)))
    assert "again" in (found["rows"], found["last"])


def test_a_worker_of_which_nobody_heard_was_skipped_if_what_follows_has_begun() -> None:
    """Also behind a map whose list was empty."""
    found = fates(planned("first", "large", "rows", failed=("end",)))
    assert (found["one"], found["rows"], found["last"], found["joined"], found["end"]) == ("replayed", "kept", "kept", "computed", "retried")


def test_what_an_earlier_resume_had_run_again_is_not_settled_by_what_it_was_before() -> None:
    marked = RUN.model_copy(update={"resume": 1, "again": {"last": 1}})
    plan = planned(*SETTLED, "last", failed=("end",), run=marked)
    assert (fates(plan)["last"], plan.again["last"], plan.resume) == ("retried", 1, 2)


def test_the_same_plan_has_the_same_digest_and_another_wish_another() -> None:
    first = planned(*SETTLED, failed=("last",))
    assert first.digest == planned(*SETTLED, failed=("last",)).digest
    assert (
        len(
            {
                first.digest,
                planned(*SETTLED, failed=("last",), wish=Wish(from_node="last")).digest,
                planned(*SETTLED, failed=("last",), given={**GIVEN, "more": 1}).digest,
            }
        )
        == 3
    )
