"""A Task's payload in, the node's output or a named error out, and the node run recorded: on moto, with the real store."""

from collections.abc import Callable

import pytest

from chalicelib.errors import BlobMissing, OutputTooLarge, RunEnded, StaleAttempt, Unavailable, VersionNotFound
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import runs
from chalicelib.store.blobs import put_json
from chalicelib.store.pointers import is_pointer, resolve
from chalicelib.store.statuses import NodeStatus
from chalicelib.tools.failures import ArgumentsInvalid, CalculationFailed, HostUnreachable, UrlRefused
from chalicelib.workers.dispatch import dispatch
from chalicelib.workers.failures import NodeCrashed
from chalicelib.workers.payload import PayloadInvalid
from tests.factories.cloud import Cloud
from tests.factories.run_stories import ended
from tests.factories.worker_runs import Story, story

ADD: JsonObject = {"type": "tool_call", "tool": "math", "with": {"expression": "a + 1", "values": {"a": "$context.a"}}}
FAIL: JsonObject = {"type": "tool_call", "tool": "math", "with": {"expression": "1 / 0"}}
UNREACHABLE: JsonObject = {"type": "tool_call", "tool": "http.get", "with": {"url": "http://localhost:9/"}}
ECHO: JsonObject = {"type": "tool_call", "tool": "json.pick", "with": {"value": "$search", "path": ""}}


def fence(retry: int = 0, visit: int = 0, resume: int = 0) -> JsonObject:
    return {"resume": resume, "visit": visit, "retry": retry}


def test_it_gives_the_output_and_records_the_attempt(aws: Cloud) -> None:
    tale = story({"add": ADD})
    assert tale.serve("add", values={"$context.a": 2}) == {"value": 3}
    node_run = tale.node_run("add")
    assert node_run.status is NodeStatus.SUCCEEDED
    assert tale.result("add") == {"value": 3}
    assert tale.shown("add") == {"tool": "math", "arguments": {"expression": "a + 1", "values": {"a": 2}}}
    assert node_run.ended_at is not None
    assert tale.events()[-2:] == ["node_started", "node_succeeded"]


def test_it_replays_a_visit_that_has_succeeded(aws: Cloud) -> None:
    tale = story({"put": {"type": "tool_call", "tool": "kv.put", "with": {"key": "k", "value": "$context.v"}}})
    first = tale.serve("put", values={"$context.v": 1})
    told = tale.events()
    assert tale.serve("put", values={"$context.v": 2}, fence=fence(retry=1)) == first
    assert tale.events() == told


def test_it_serves_the_next_visit_anew(aws: Cloud) -> None:
    tale = story({"add": ADD})
    assert tale.serve("add", values={"$context.a": 1}) == {"value": 2}
    assert tale.serve("add", values={"$context.a": 5}, fence=fence(visit=1)) == {"value": 6}


def test_it_records_a_failure_for_good(aws: Cloud) -> None:
    tale = story({"fail": FAIL})
    with pytest.raises(CalculationFailed, match="division by zero"):
        tale.serve("fail")
    node_run = tale.node_run("fail")
    assert node_run.status is NodeStatus.FAILED
    assert node_run.error is not None
    assert (node_run.error.name, node_run.error.message, node_run.error.code) == ("CalculationFailed", "division by zero", "calculation-failed")
    assert tale.events()[-1] == "node_failed"


@pytest.mark.parametrize(
    ("retry", "max_attempts", "event"), [(0, 3, "node_retrying"), (1, 3, "node_retrying"), (2, 3, "node_failed"), (0, 1, "node_failed")]
)
def test_it_tells_whether_the_machine_will_try_again(aws: Cloud, retry: int, max_attempts: int, event: str) -> None:
    tale = story({"get": UNREACHABLE | {"retry": {"max_attempts": max_attempts}}})
    with pytest.raises(HostUnreachable):
        tale.serve("get", fence=fence(retry=retry))
    assert tale.events()[-1] == event


def test_it_does_not_promise_a_retry_that_nobody_asked_for(aws: Cloud) -> None:
    tale = story({"get": UNREACHABLE})
    with pytest.raises(HostUnreachable):
        tale.serve("get")
    assert tale.events()[-1] == "node_failed"


def test_it_does_not_retry_what_cannot_succeed(aws: Cloud) -> None:
    tale = story({"fail": FAIL | {"retry": {"max_attempts": 5}}})
    with pytest.raises(CalculationFailed):
        tale.serve("fail")
    assert tale.events()[-1] == "node_failed"


def test_it_succeeds_after_a_retry(aws: Cloud) -> None:
    tale = story({"add": ADD | {"retry": {"max_attempts": 3}}})
    with pytest.raises(BlobMissing):
        tale.serve("add", values={"$context.a": pointer_to(tale, "gone")})
    assert tale.node_run("add").status is NodeStatus.FAILED
    assert tale.serve("add", values={"$context.a": 1}, fence=fence(retry=1)) == {"value": 2}
    assert tale.node_run("add").attempt_count == 2


def test_it_continues_over_a_failure_with_the_value_of_the_machines_catch(aws: Cloud) -> None:
    tale = story({"fail": FAIL | {"on_error": "continue"}})
    with pytest.raises(CalculationFailed):
        tale.serve("fail")
    node_run = tale.node_run("fail")
    assert node_run.status is NodeStatus.SUCCEEDED
    assert tale.result("fail") == {"error": {"name": "CalculationFailed", "message": "division by zero"}}
    assert node_run.attempts[-1].error is not None
    assert node_run.error is not None
    assert node_run.details == {"continued": True}
    assert tale.events()[-3:] == ["node_started", "node_failed", "node_succeeded"]


def test_it_fails_a_node_whose_error_leads_elsewhere(aws: Cloud) -> None:
    tale = story({"fail": FAIL | {"on_error": {"goto": "after"}}, "after": ADD})
    with pytest.raises(CalculationFailed):
        tale.serve("fail")
    assert tale.node_run("fail").status is NodeStatus.FAILED


def test_it_names_an_exception_that_nobody_foresaw(aws: Cloud) -> None:
    tale = story({"add": ADD})
    there = pointer_to(tale, 1)
    aws.reply("s3:GetObject", raising(KeyError("oops")))
    with pytest.raises(NodeCrashed, match="KeyError: 'oops'"):
        tale.serve("add", values={"$context.a": there})
    assert tale.node_run("add").status is NodeStatus.FAILED


def test_it_names_a_fault_of_aws(aws: Cloud) -> None:
    tale = story({"add": ADD | {"retry": {"max_attempts": 2}}})
    blob = put_json(tale.run.organisation_id, f"runs/{tale.run.id}/search", 1)
    aws.refuse("s3:GetObject", "AccessDenied", status=403)
    with pytest.raises(Unavailable, match="AccessDenied"):
        tale.serve("add", values={"$context.a": {"Pointer": blob.model_dump(mode="json", exclude={"schema_version"})}})
    assert tale.events()[-1] == "node_retrying"


def test_it_still_raises_when_the_failure_cannot_be_recorded(aws: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    tale = story({"add": ADD})
    aws.refuse("dynamodb:TransactWriteItems", "AccessDeniedException")
    with pytest.raises(BlobMissing):
        tale.serve("add", values={"$context.a": pointer_to(tale, "gone")})
    assert "could not be recorded" in caplog.text
    assert runs.find_node_run(tale.run.organisation_id, tale.run.id, "add") is None


def test_it_fails_a_node_of_an_unknown_name(aws: Cloud) -> None:
    tale = story({"add": ADD})
    with pytest.raises(PayloadInvalid, match="has no node other"):
        tale.serve("other")
    with pytest.raises(VersionNotFound):
        dispatch(tale.payload("add") | {"version_id": "ver_other"})
    with pytest.raises(PayloadInvalid):
        dispatch({"contract": 2})


def test_it_refuses_what_the_machine_serves_itself(aws: Cloud) -> None:
    tale = story({"same": {"type": "transform", "value": 1}})
    with pytest.raises(PayloadInvalid, match="serves itself"):
        tale.serve("same")


def test_it_says_which_value_the_payload_lacks(aws: Cloud) -> None:
    tale = story({"add": ADD})
    with pytest.raises(PayloadInvalid, match=r"\$context\.a"):
        tale.serve("add")
    assert tale.node_run("add").status is NodeStatus.FAILED


def test_it_checks_arguments_against_the_tools_schema(aws: Cloud) -> None:
    tale = story({"add": ADD})
    with pytest.raises(ArgumentsInvalid, match=r"values\.a is no number"):
        tale.serve("add", values={"$context.a": "two"})


def test_it_keeps_out_of_an_ended_run(aws: Cloud) -> None:
    tale = story({"add": ADD})
    ended(tale.run, "ABORTED")
    with pytest.raises(RunEnded):
        tale.serve("add", values={"$context.a": 1})


def test_it_keeps_out_of_a_newer_attempts_way(aws: Cloud) -> None:
    tale = story({"add": ADD})
    tale.serve("add", values={"$context.a": 1}, fence=fence(visit=1))
    with pytest.raises(StaleAttempt):
        tale.serve("add", values={"$context.a": 1})
    assert tale.node_run("add").status is NodeStatus.SUCCEEDED


def test_it_puts_a_large_output_into_s3_and_keeps_what_the_machine_reads(aws: Cloud) -> None:
    tale = story({"pick": ECHO})
    large: Json = {"rows": ["x" * 1000] * 5000, "count": 5000, "best": {"name": "Ritz", "price": 1}}
    output = tale.serve("pick", values={"$search": large}, keep=["found", "value.count", "value.best.name"])
    assert is_pointer(output)
    assert isinstance(output, dict)
    assert {name: value for name, value in output.items() if name != "Pointer"} == {
        "found": True,
        "value": {"count": 5000, "best": {"name": "Ritz"}},
    }
    assert resolve(tale.run.organisation_id, output) == {"value": large, "found": True}
    assert tale.result("pick") == output


def test_it_fails_when_what_the_machine_reads_is_too_large(aws: Cloud) -> None:
    tale = story({"pick": ECHO})
    with pytest.raises(OutputTooLarge):
        tale.serve("pick", values={"$search": "x" * 300_000}, keep=["value"])
    error = tale.node_run("pick").error
    assert error is not None
    assert error.name == "OutputTooLarge"


def test_it_follows_pointers_to_the_field_that_is_read(aws: Cloud) -> None:
    tale = story({"pick": {"type": "tool_call", "tool": "json.pick", "with": {"value": "$search.body.hotels.name", "path": ""}}})
    whole: Json = {"status": 200, "body": {"hotels": [{"name": "Ritz"}, {"name": "Plaza"}, {}]}}
    assert tale.serve("pick", values={"$search.body.hotels.name": pointer_to(tale, whole)}) == {"value": ["Ritz", "Plaza"], "found": True}


def test_it_tells_native_nodes_and_the_wait_that_follows(aws: Cloud) -> None:
    tale = story(
        {
            "add": ADD,
            "enough": {"type": "condition", "if": "true"},
            "skipped": {"type": "transform", "value": 1},
            "pause": {"type": "wait", "seconds": 5},
        }
    )
    tale.serve("add", values={"$context.a": 1}, settled={"enough": "true", "skipped": None}, next_wait={"node": "pause", "until": None})
    assert tale.result("enough") == "true"
    assert tale.node_run("skipped").status is NodeStatus.SKIPPED
    assert tale.node_run("pause").waiting_for == "wait"


def test_it_serves_items_of_maps(aws: Cloud) -> None:
    inner: JsonObject = {"type": "map", "over": "$context.list", "nodes": {"add": ADD}}
    tale = story(
        {"each": inner, "wide": inner | {"mode": "distributed", "nodes": {"far": ADD}}, "many": inner | {"max_items": 41, "nodes": {"third": ADD}}}
    )
    assert tale.serve("add", item_path="each:3", values={"$context.a": 1}) == {"value": 2}
    assert tale.node_run("add", "each:3").status is NodeStatus.SUCCEEDED
    told = tale.events()
    assert tale.serve("far", item_path="wide:0", values={"$context.a": 1}) == {"value": 2}
    assert tale.serve("third", item_path="many:0", values={"$context.a": 1}) == {"value": 2}
    assert tale.node_run("far", "wide:0").status is NodeStatus.SUCCEEDED
    assert [event for event in tale.events()[len(told) :] if event == "node_succeeded"] == []


def test_it_loads_outputs_for_a_resumed_run(aws: Cloud) -> None:
    tale = story({"add": ADD})
    tale.serve("add", values={"$context.a": 1})
    assert dispatch(tale.payload("", load=["add", "never"])) == {"add": {"value": 2}, "never": None}


class _Lambda:
    """A Lambda's context with that many seconds left."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.mark.parametrize(("lambda_seconds", "timeout"), [(1.0, None), (60.0, 1)])
def test_it_gives_up_in_time_to_say_so(aws: Cloud, lambda_seconds: float, timeout: int | None) -> None:
    node: JsonObject = {"type": "tool_call", "tool": "http.get", "with": {"url": "https://example.com/"}}
    tale = story({"get": node if timeout is None else node | {"timeout_seconds": timeout}})
    with pytest.raises(Exception, match="no time is left"):
        dispatch(tale.payload("get"), _Lambda(lambda_seconds))
    assert tale.node_run("get").error is not None


def test_it_hides_credentials_from_what_it_shows(aws: Cloud) -> None:
    headers: JsonObject = {"Authorization": "Bearer t", "X-Api-Key": "k", "Accept": "text/html"}
    tale = story({"get": {"type": "tool_call", "tool": "http.get", "with": {"url": "http://127.0.0.1/", "headers": headers}}})
    with pytest.raises(UrlRefused):
        tale.serve("get")
    shown = tale.shown("get")
    assert isinstance(shown, dict)
    assert shown["arguments"] == {
        "url": "http://127.0.0.1/",
        "headers": {"Authorization": "(hidden)", "X-Api-Key": "(hidden)", "Accept": "text/html"},
    }


def test_it_remembers_per_workflow(aws: Cloud) -> None:
    keeping: JsonObject = {
        "put": {"type": "tool_call", "tool": "kv.put", "with": {"key": "k", "value": {"n": 1}}},
        "get": {"type": "tool_call", "tool": "kv.get", "with": {"key": "k", "default": 0}},
    }
    tale, other = story(keeping), story(keeping, name="other")
    assert tale.serve("get") == {"key": "k", "value": 0, "found": False}
    tale.serve("put")
    assert tale.serve("get", fence=fence(visit=1)) == {"key": "k", "value": {"n": 1}, "found": True}
    assert other.serve("get") == {"key": "k", "value": 0, "found": False}


def pointer_to(tale: Story, value: Json) -> JsonObject:
    """A pointer record of a value that `search` put out; of a value that is gone for "gone"."""
    if value == "gone":
        return {"Pointer": {"key": f"{tale.run.organisation_id}/runs/{tale.run.id}/search/none.json", "bytes": 1, "sha256": "0" * 64, "count": None}}
    blob = put_json(tale.run.organisation_id, f"runs/{tale.run.id}/search", value)
    return {"Pointer": blob.model_dump(mode="json", exclude={"schema_version"})}


def raising(error: Exception) -> Callable[[], JsonObject]:
    """An operation's reply that raises."""

    def give() -> JsonObject:
        raise error

    return give


def test_it_follows_the_pointer_of_a_map_s_item(aws: Cloud) -> None:
    tale = story({"pick": {"type": "tool_call", "tool": "json.pick", "with": {"value": "$row.name", "path": ""}}})
    record = pointer_to(tale, {"rows": [{"name": "a"}, {"name": "b"}]})
    assert isinstance(record, dict)
    assert isinstance(record["Pointer"], dict)
    item: Json = {"Pointer": {**record["Pointer"], "path": ["rows", 1]}}
    assert tale.serve("pick", values={"$row.name": item}) == {"value": "b", "found": True}


def test_it_reads_through_a_value_that_holds_pointers(aws: Cloud) -> None:
    tale = story({"pick": {"type": "tool_call", "tool": "json.pick", "with": {"value": "$each.name", "path": ""}}})
    held: Json = [pointer_to(tale, {"name": "a"}), {"name": "b"}]
    assert tale.serve("pick", values={"$each.name": {"Pointer": {"inline": held, "read": ["name"]}}}) == {"value": ["a", "b"], "found": True}
    assert tale.serve("pick", fence={"visit": 1}, values={"$each.name": {"Pointer": {"inline": held, "read": [0, "name"]}}}) == {
        "value": "a",
        "found": True,
    }
