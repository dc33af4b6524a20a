"""What the engine calls itself, on the local stack: its output goes on, is recorded, and its failures have names."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.settings import settings
from infra.local.stack import LocalStack
from tests.factories.local_runs import LocalRuns

pytestmark = pytest.mark.scenario
ROLE = "arn:aws:iam::123456789012:role/sluice/orders"


@pytest.fixture(scope="module", autouse=True)
def allowed(stack: LocalStack) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUICE_NATIVE_TOOLS", json.dumps([ROLE]))
        settings.cache_clear()
        yield
    settings.cache_clear()


def call(action: str, *after: str, service: str = "dynamodb", **parameters: Any) -> dict[str, Any]:
    arguments = {"service": service, "action": action, "parameters": parameters, "role": ROLE}
    return {"type": "tool_call", "tool": "aws.call", "with": arguments, "after": [*after]}


def ended(runs: LocalRuns, name: str, nodes: dict[str, Any], output: Any) -> dict[str, Any]:
    runs.publish(json.dumps({"sluice": 1, "name": name, "nodes": nodes, "output": output}))
    return runs.ended(runs.start(name))


def test_its_output_goes_on_and_is_recorded(runs: LocalRuns) -> None:
    kept = {"type": "tool_call", "tool": "kv.put", "with": {"key": "tables", "value": "$tables.TableNames"}, "after": ["tables"]}
    who = call("getCallerIdentity", "kept", service="sts")
    run = ended(runs, "native", {"tables": call("listTables", Limit=10), "kept": kept, "who": who}, "$who.Account")
    assert (run["status"], run["output"]) == ("succeeded", "123456789012"), run["error"]
    nodes = runs.nodes(run["id"])
    assert {name: node["status"] for name, node in nodes.items()} == dict.fromkeys(("tables", "kept", "who"), "succeeded")
    runs.check_log(run["id"])


def test_its_failure_is_caught_by_its_name(runs: LocalRuns) -> None:
    nodes = {"lost": call("describeTable", TableName="nobodys") | {"on_error": "continue"}}
    run = ended(runs, "native-continued", nodes, "$lost.error.name")
    assert run["status"] == "succeeded", run["error"]
    assert run["output"] == "DynamoDb.ResourceNotFoundException"


def test_its_failure_fails_the_run(runs: LocalRuns) -> None:
    run = ended(runs, "native-failed", {"lost": call("describeTable", TableName="nobodys")}, None)
    assert (run["status"], run["error"]["name"]) == ("failed", "DynamoDb.ResourceNotFoundException")
    assert runs.nodes(run["id"])["lost"]["status"] == "failed"
    runs.check_log(run["id"])
