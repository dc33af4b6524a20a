"""What workers tell of their node: numbered, fenced, told once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import RunEnded, RunNotFound, StaleAttempt
from chalicelib.runs.nodes import (
    NextWait,
    Replay,
    get_node_run,
    node_continued,
    node_failed,
    node_retrying,
    node_started,
    node_succeeded,
    node_waiting,
)
from chalicelib.spec.model import JsonObject
from chalicelib.store.run_records import Fault, NodeAttempt, Usage
from chalicelib.store.statuses import NodeStatus, RunStatus
from chalicelib.store.values import load
from tests.factories.cloud import Cloud
from tests.factories.run_stories import attempt_at, check_journal, ended, events_of, node_of, now, started_run, told

BROKEN = Fault(name="HttpServerFailed", message="503", retryable=True)
MAPPED: JsonObject = {
    "sluice": 1,
    "name": "mapped",
    "nodes": {
        "first": {"type": "condition", "if": "true"},
        "questions": {
            "type": "map",
            "over": "$context.all",
            "nodes": {"pick": {"type": "transform", "value": 1}, "ask": {"type": "tool_call", "tool": "x"}},
        },
    },
}


def test_it_tells_how_a_node_starts_and_succeeds(aws: Cloud) -> None:
    run = started_run()
    search = attempt_at(run, "search")
    assert node_started(search, input={"url": "https://example.com"}) is None
    assert now(run).status is RunStatus.RUNNING
    assert node_succeeded(search, result={"status": 200}, usage=Usage(input_tokens=3, cost=500), details={"status": 200}) == {"status": 200}
    assert told(run) == ["run_queued", "run_started", "node_started search", "node_succeeded search"]
    found = node_of(run, "search")
    assert (found.status, load("org_local", found.result), load("org_local", found.input)) == (
        NodeStatus.SUCCEEDED,
        {"status": 200},
        {"url": "https://example.com"},
    )
    assert events_of(run)[-1].data["result"] == {"status": 200}
    assert now(run).usage.cost == 500
    assert now(run).invocation_count == 1
    check_journal(run)


def test_it_counts_every_item_that_it_writes(aws: Cloud) -> None:
    run = started_run()
    search = attempt_at(run, "search")
    node_started(search)
    node_succeeded(search, result=1)
    assert now(run).write_count == 4 + 4 + 3  # run, input, event, tally; run, node run, two events; run, node run, event


def test_it_replays_what_a_visit_gave_instead_of_running_it_twice(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result={"status": 200})
    before = now(run)
    assert node_started(attempt_at(run, "search", retry=1)) == Replay({"status": 200})
    assert node_succeeded(attempt_at(run, "search", retry=1), result={"status": 500}) == {"status": 200}
    assert now(run) == before


def test_it_lets_a_new_visit_run_again(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_succeeded(attempt_at(run, "search"), result=1)
    assert node_started(attempt_at(run, "search", visit=1)) is None
    assert node_succeeded(attempt_at(run, "search", visit=1), result=2) == 2
    assert node_of(run, "search").attempt_count == 2
    check_journal(run)


def test_it_refuses_a_stale_attempt(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_started(attempt_at(run, "search", retry=1))
    with pytest.raises(StaleAttempt):
        node_succeeded(attempt_at(run, "search"), result="late")
    with pytest.raises(StaleAttempt):
        node_failed(attempt_at(run, "search"), error=BROKEN)
    assert node_succeeded(attempt_at(run, "search", retry=1), result="in time") == "in time"


def test_it_refuses_to_begin_an_attempt_again_that_failed(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_failed(attempt_at(run, "search"), error=BROKEN)
    with pytest.raises(StaleAttempt):
        node_started(attempt_at(run, "search"))


def test_it_keeps_a_retrying_node_running_and_its_attempts(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_retrying(attempt_at(run, "search"), error=BROKEN)
    node_retrying(attempt_at(run, "search"), error=BROKEN)
    assert node_of(run, "search").status is NodeStatus.RUNNING
    node_started(attempt_at(run, "search", retry=1))
    node_failed(attempt_at(run, "search", retry=1), error=BROKEN)
    node_failed(attempt_at(run, "search", retry=1), error=BROKEN)
    assert told(run)[2:] == ["node_started search", "node_retrying search", "node_started search", "node_failed search"]
    found = node_of(run, "search")
    assert [attempt.error is not None for attempt in found.attempts] == [True, True]
    assert found.status is NodeStatus.FAILED
    check_journal(run)


def test_it_tells_of_a_failure_that_the_run_goes_on_from(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    for _ in range(2):
        node_continued(attempt_at(run, "search"), error=BROKEN, usage=Usage(cost=7), next_wait=NextWait("cool_down"))
    assert told(run)[2:] == ["node_started search", "node_failed search", "node_succeeded search", "node_waiting cool_down", "run_waiting"]
    failed, succeeded = events_of(run)[3:5]
    assert (failed.data["continued"], failed.data["usage"]) == (True, {"input_tokens": 0, "output_tokens": 0, "cost": 7})
    assert succeeded.data["result"] == {"error": {"name": BROKEN.name, "message": BROKEN.message}}
    assert succeeded.data["details"] == {"continued": True}
    found = node_of(run, "search")
    assert (found.status, found.error, now(run).usage.cost) == (NodeStatus.SUCCEEDED, BROKEN, 7)
    check_journal(run)


def test_it_adds_up_what_failed_attempts_spent(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    node_retrying(attempt_at(run, "search"), error=BROKEN, usage=Usage(input_tokens=1, cost=10), details={"model": "m"})
    node_started(attempt_at(run, "search", retry=1))
    node_failed(attempt_at(run, "search", retry=1), error=BROKEN, usage=Usage(input_tokens=2, cost=20))
    node_failed(attempt_at(run, "search", retry=1), error=BROKEN, usage=Usage(input_tokens=2, cost=20))
    found = node_of(run, "search")
    assert [attempt.usage.cost for attempt in found.attempts] == [10, 20]
    assert (found.usage, found.details) == (Usage(input_tokens=3, cost=30), {"model": "m"})
    assert now(run).usage == Usage(input_tokens=3, cost=30)
    assert [event.data.get("usage") for event in events_of(run)[3:] if event.type.value != "node_started"] == [
        {"input_tokens": 1, "output_tokens": 0, "cost": 10},
        {"input_tokens": 3, "output_tokens": 0, "cost": 30},
    ]


def test_it_shows_a_run_as_waiting_while_nothing_else_goes_on(aws: Cloud) -> None:
    run = started_run()
    node_waiting(attempt_at(run, "ask"), waiting_for="reply", reference="msg_1")
    assert now(run).status is RunStatus.WAITING
    node_started(attempt_at(run, "search"))
    assert now(run).status is RunStatus.RUNNING
    node_succeeded(attempt_at(run, "search"), result=1)
    assert now(run).status is RunStatus.WAITING
    node_succeeded(attempt_at(run, "ask"), result="yes")
    assert told(run)[2:] == [
        "node_started ask",
        "node_waiting ask",
        "run_waiting",
        "node_started search",
        "run_resumed",
        "node_succeeded search",
        "run_waiting",
        "node_succeeded ask",
        "run_resumed",
    ]
    check_journal(run)


def test_it_says_nothing_twice_of_a_node_that_waits(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "child"))
    for _ in range(2):
        node_waiting(attempt_at(run, "child"), waiting_for="child", reference="run_2")
    assert told(run)[2:] == ["node_started child", "node_waiting child", "run_waiting"]


def test_it_takes_no_waiting_back_when_the_answer_was_faster(aws: Cloud) -> None:
    run = started_run()
    child = attempt_at(run, "child")
    node_started(child)
    node_succeeded(child, result=1)
    assert node_waiting(child, waiting_for="child", reference="run_2") == Replay(1)


def test_it_records_native_nodes_with_the_next_worker_s_word(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "book"), settled={"enough": "true", "approve": None})
    assert told(run)[1:] == ["run_started", "node_succeeded enough", "node_skipped approve", "node_started book"]
    assert load("org_local", node_of(run, "enough").result) == "true"
    node_started(attempt_at(run, "other"), settled={"enough": "true"})
    assert told(run).count("node_succeeded enough") == 1
    check_journal(run)


def test_it_announces_the_wait_that_follows(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    for _ in range(2):
        node_succeeded(attempt_at(run, "search"), result=1, next_wait=NextWait("cool_down", "2026-11-21T00:00:00Z"))
    assert told(run)[3:] == ["node_succeeded search", "node_waiting cool_down", "run_waiting"]
    node_started(attempt_at(run, "book"), settled={"cool_down": {"until": "2026-11-21T00:00:00Z"}})
    assert told(run)[6:] == ["node_succeeded cool_down", "node_started book", "run_resumed"]
    check_journal(run)


def test_it_begins_a_map_with_its_first_item(aws: Cloud) -> None:
    run = started_run(MAPPED, given={"all": [1, 2]})
    for item in ("questions:0", "questions:1"):
        node_started(attempt_at(run, "ask", item_path=item), settled={"first": "true", "pick": 7})
    assert told(run)[2:] == [
        "node_succeeded first",
        "node_succeeded pick",
        "node_started questions",
        "node_started ask",
        "node_succeeded pick",
        "node_started ask",
    ]
    assert node_of(run, "first").item_path == ""
    assert node_of(run, "pick", "questions:1").status is NodeStatus.SUCCEEDED
    check_journal(run)


def test_it_writes_items_of_distributed_maps_without_events(aws: Cloud) -> None:
    run = started_run(MAPPED, given={"all": [1, 2]})
    first = attempt_at(run, "ask", item_path="questions:0", distributed=True)
    node_started(first, settled={"pick": 7})
    node_succeeded(first, result=1, usage=Usage(cost=1000))
    assert node_started(first.model_copy(update={"fence": first.fence.model_copy(update={"retry": 1})})) == Replay(1)
    assert told(run)[1:] == ["run_started", "node_started questions"]
    assert node_of(run, "pick", "questions:0").status is NodeStatus.SUCCEEDED
    check_journal(run)
    done = ended(run, "SUCCEEDED", settled={"questions": 2, "first": "true"})
    assert done.usage.cost == 1000
    check_journal(run)


def test_an_item_that_begins_while_its_run_ends_ends_with_it(aws: Cloud) -> None:
    run = started_run(MAPPED, given={"all": [1]})
    first = attempt_at(run, "ask", item_path="questions:0", distributed=True)
    node_started(attempt_at(run, "ask", item_path="questions:1", distributed=True))

    def end_once(operation: str) -> None:
        if operation == "dynamodb:PutItem":
            aws.before.clear()
            ended(run, "ABORTED")

    aws.before.append(end_once)
    node_started(first)
    assert node_of(run, "ask", "questions:0").status is NodeStatus.CANCELLED
    assert node_of(run, "ask", "questions:1").status is NodeStatus.CANCELLED
    check_journal(run)


def test_two_words_of_one_item_at_once_are_both_heard(aws: Cloud) -> None:
    run = started_run(MAPPED, given={"all": [1]})
    item = attempt_at(run, "ask", item_path="questions:0", distributed=True)

    def succeed_first(operation: str) -> None:
        if operation == "dynamodb:PutItem":
            aws.before.clear()
            node_succeeded(item, result=1)

    node_started(item)
    aws.before.append(succeed_first)
    assert node_succeeded(item, result=2) == 1


def test_it_writes_nothing_to_a_run_that_has_ended(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    ended(run, "ABORTED")
    before = now(run)
    for tell in (lambda: node_started(attempt_at(run, "book")), lambda: node_succeeded(attempt_at(run, "search"), result=1)):
        with pytest.raises(RunEnded):
            tell()
    with pytest.raises(RunEnded):
        node_failed(attempt_at(run, "search"), error=BROKEN)
    assert now(run) == before


def test_it_refuses_attempts_from_before_a_resume(aws: Cloud) -> None:
    from chalicelib.store import keys, table

    run = started_run()
    table.write(table.assign(keys.run(run.organisation_id, run.id), {"resume": 1}))
    with pytest.raises(StaleAttempt):
        node_started(attempt_at(run, "search"))
    assert node_started(attempt_at(run, "search", resume=1)) is None


def test_it_keeps_a_large_result_in_s3(aws: Cloud) -> None:
    run = started_run()
    node_started(attempt_at(run, "search"))
    assert node_succeeded(attempt_at(run, "search"), result="x" * 100_000) == "x" * 100_000
    found = get_node_run(attempt_at(run, "search"))
    assert found is not None
    assert found.result is not None
    assert found.result.blob is not None
    assert node_started(attempt_at(run, "search")) == Replay("x" * 100_000)
    assert "result" not in events_of(run)[-1].data


@pytest.mark.scenario
def test_branches_that_speak_at_once_are_all_heard(aws: Cloud) -> None:
    run = started_run()

    def work(number: int) -> None:
        node_started(attempt_at(run, f"node_{number}"))
        node_succeeded(attempt_at(run, f"node_{number}"), result=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sum(name.startswith("node_succeeded") for name in told(run)) == 8
    check_journal(run)


def test_an_endless_message_is_cut(aws: Cloud) -> None:
    run = started_run()
    node_failed(attempt_at(run, "search"), error=Fault(name="Boom", message="x" * 1_000_000))
    error = node_of(run, "search").error
    assert error is not None
    assert len(error.message) == 4000


def test_it_knows_no_run_of_another_organisation(aws: Cloud) -> None:
    run = started_run()
    foreign = NodeAttempt(organisation_id="org_other", run_id=run.id, node="search")
    with pytest.raises(RunNotFound):
        node_started(foreign)
