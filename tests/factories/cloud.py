"""A table, a bucket and a silent engine, for tests of what stands on them.

In: nothing. Out: `cloud()`, a context in which the project's clients reach moto with the table of `store.keys.TABLE`.
Executions start and stop but run nothing:
how one ends is the test's word. `Cloud.answers` are the task tokens' answers that the engine was sent; `Cloud.refuse` makes a call fail as AWS would.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from chalicelib import ids
from chalicelib.access.authenticate import forget_standings
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import ALL
from chalicelib.access.signing_keys import forget_signing_keys
from chalicelib.access.throttle import THROTTLE
from chalicelib.clock import now_text
from chalicelib.machines.names import machine_name
from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, workflows
from chalicelib.store.clients import client, forget_clients
from chalicelib.store.cursors import forget_seal
from chalicelib.store.values import keep
from chalicelib.store.workflow_records import Child, DocumentName, Documents, Draft, Version, Workflow
from infra.local.patches import item_expressions, items, making, pace, queues, storage
from infra.local.patches.patch import applied

REGION: Final = "eu-central-1"
ENVIRONMENT: Final = {
    "SLUICE_TABLE": "sluice-test",
    "SLUICE_BUCKET": "sluice-test-data",
    "SLUICE_AUDIT_BUCKET": "sluice-test-audit",
    "SLUICE_WORKER_ARN": f"arn:aws:lambda:{REGION}:123456789012:function:worker",
    "SLUICE_MACHINE_ROLE_ARN": "arn:aws:iam::123456789012:role/machine",
    "SLUICE_WEBSOCKET_ENDPOINT": "https://sockets.test/api",
    "SLUICE_WEBSOCKET_URL": "wss://sockets.test/api",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
}
_PATCHES: Final = (*storage.PATCHES, *making.PATCHES, *items.PATCHES, *item_expressions.PATCHES, *pace.PATCHES, *queues.PATCHES)
ANN: Final = Principal("org_local", "ann", frozenset({"approver"}), ALL)
BOB: Final = Principal("org_local", "bob", frozenset({"approver"}), ALL)
DAN: Final = Principal("org_local", "dan", scopes=ALL)
STRANGER: Final = Principal("org_other", "ann", frozenset({"approver"}), ALL)
_RANGE: Final[JsonObject] = {"least": 3, "most": 3}
TOLD: Final[Mapping[DocumentName, Json]] = {  # by the compiler, of a version
    "plan": "a plan",
    "asl": {"QueryLanguage": "JSONata", "StartAt": "rank", "States": {"rank": {"Type": "Succeed"}}},
    "map": [{"state": "rank", "node": "rank", "role": "", "line": 4}],
    "forecast": {"transitions": _RANGE, "invocations": _RANGE, "writes": _RANGE, "notes": []},
}
SPEC: Final[JsonObject] = {
    "sluice": 1,
    "name": "hotel",
    "title": "Book a hotel",
    "input": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "max_price": {"type": "number", "default": 200}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "nodes": {
        "search": {"type": "tool_call", "tool": "http.get", "with": {"url": "https://example.com"}},
        "enough": {"type": "condition", "if": "$search.status = 200", "after": ["search"]},
        "approve": {"type": "human_gate", "ask": "Book it?"},
        "book": {"type": "tool_call", "tool": "http.post", "with": {"url": "https://example.com"}, "effect": "money"},
    },
    "edges": [{"from": "enough", "to": "approve", "when": True}, {"from": "approve", "to": "book", "when": "approve"}],
    "output": {"booking": "$book"},
}


@dataclass(frozen=True)
class Sent:
    """What the engine was told for a token."""

    token: str
    output: Json = None
    error: str | None = None
    cause: str | None = None


@dataclass
class Cloud:
    """`calls` are the operations made, in order, as `service:Operation`; `done` those that AWS answered."""

    answers: list[Sent] = field(default_factory=list)
    frames: list[tuple[str, JsonObject]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    faults: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    cancellations: list[list[JsonObject]] = field(default_factory=list)
    before: list[Callable[[str], None]] = field(default_factory=list)
    after: list[Callable[[str], None]] = field(default_factory=list)
    replies: dict[str, Callable[[], JsonObject]] = field(default_factory=dict)
    ears: dict[str, Callable[[Any], None]] = field(default_factory=dict)

    def refuse(self, operation: str, code: str, *, status: int = 400, times: int = 1) -> None:
        """The next calls of an operation (`stepfunctions:SendTaskSuccess`) fail with an AWS error code."""
        self.faults.setdefault(operation, []).extend([(status, code)] * times)

    def cancel_transactions(self, reasons: list[JsonObject]) -> None:
        """The next transaction is cancelled for these reasons."""
        self.cancellations.append(reasons)

    def reply(self, operation: str, give: Callable[[], Any]) -> None:
        """From now on an operation gives what `give` gives."""
        self.replies[operation] = give

    def hear_bodies(self, operation: str, hear: Callable[[Any], None]) -> None:
        """From now on what is sent to an operation goes to `hear`, and the operation gives nothing."""
        self.ears[operation] = hear

    def end(self, execution_name: str, machine_arn: str) -> None:
        """Stop an execution behind the project's back."""
        arn = machine_arn.replace(":stateMachine:", ":execution:") + f":{execution_name}"
        client("stepfunctions").stop_execution(executionArn=arn)


@contextmanager
def cloud(**environment: str) -> Iterator[Cloud]:
    """Moto with the project's table and bucket; `environment` adds settings."""
    with ExitStack() as stack:
        stack.enter_context(_environment({**ENVIRONMENT, **environment}))
        THROTTLE.held.clear()  # what this process knows of the last test's buckets
        stack.enter_context(mock_aws())
        stack.enter_context(applied(_PATCHES))
        _heard_clients()
        _HEARD.clear()
        _create_resources()
        forget_signing_keys()
        forget_standings()
        forget_seal()
        found = Cloud()
        _HEARD.append(found)
        stack.callback(_HEARD.clear)
        yield found


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        settings.cache_clear()


_HEARD: Final[list[Cloud]] = []  # the cloud of the test that runs


_LISTENED: Final[list[Any]] = []


def _heard_clients() -> None:
    """The project's clients, kept from test to test: making one takes longer than a test. Each call is heard by the cloud of the day."""
    if client("dynamodb") not in _LISTENED:
        forget_clients()
    for service in ("dynamodb", "s3", "stepfunctions", "lambda", "secretsmanager"):
        listen(client(service))
    listen(client("apigatewaymanagementapi", endpoint_url=ENVIRONMENT["SLUICE_WEBSOCKET_ENDPOINT"]))


def _create_resources() -> None:
    client("dynamodb").create_table(TableName=settings().table, **keys.TABLE)
    for bucket in (settings().bucket, settings().audit_bucket):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})


def listen(service: Any) -> None:
    """Have a client's calls heard by the cloud of the day."""
    if service in _LISTENED:
        return
    _LISTENED.append(service)
    service.meta.events.register("before-call", _before_call)
    service.meta.events.register("after-call", _after_call)


def _before_call(model: Any, params: Any, **_: Any) -> Any:
    """An answer in AWS's place, or None to let the call through."""
    if not _HEARD:
        return None
    found, operation = _HEARD[0], f"{model.service_model.service_name}:{model.name}"
    found.calls.append(operation)
    for hear in found.before:
        hear(operation)
    refused = _refusal(found, operation)
    if refused is not None:
        return refused
    if operation in found.ears:
        found.ears[operation](json.loads(params["body"]))
        return _response(202), {"ResponseMetadata": {"HTTPStatusCode": 202}}
    if operation in found.replies:
        return _response(200), {**found.replies[operation](), "ResponseMetadata": {"HTTPStatusCode": 200}}
    return (_response(200), {"ResponseMetadata": {"HTTPStatusCode": 200}}) if _is_kept(found, operation, params) else None


def _after_call(model: Any, **_: Any) -> None:
    if not _HEARD:
        return
    operation = f"{model.service_model.service_name}:{model.name}"
    _HEARD[0].done.append(operation)
    for hear in _HEARD[0].after:
        hear(operation)


def _refusal(found: Cloud, operation: str) -> Any:
    if operation == "dynamodb:TransactWriteItems" and found.cancellations:
        return _response(400), {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": found.cancellations.pop(0)}
    if waiting := found.faults.get(operation):
        status, code = waiting.pop(0)
        return _response(status), {"Error": {"Code": code, "Message": "as arranged"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return None


def _is_kept(found: Cloud, operation: str, params: Any) -> bool:
    """What moto would forget is kept here: tokens' answers and frames."""
    match operation:
        case "stepfunctions:SendTaskSuccess":
            body = json.loads(params["body"])
            found.answers.append(Sent(body["taskToken"], output=json.loads(body["output"])))
        case "stepfunctions:SendTaskFailure":
            body = json.loads(params["body"])
            found.answers.append(Sent(body["taskToken"], error=body["error"], cause=body["cause"]))
        case "apigatewaymanagementapi:PostToConnection":
            found.frames.append((params["url_path"].rpartition("/")[2], json.loads(params["body"])))
        case _:
            return False
    return True


def _response(status: int) -> AWSResponse:
    return AWSResponse("", status, HTTPHeaders(), None)


def published(
    spec: JsonObject = SPEC, *, organisation_id: str = "org_local", children: Mapping[str, Child] | None = None, context_fields: Sequence[str] = ()
) -> Version:
    """A version as publishing leaves it, without the compiler: its machine does nothing."""
    name = str(spec["name"])
    known = workflows.find_by_name(organisation_id, name) or unpublished(organisation_id, name)
    number = known.latest_version + 1
    version_id = ids.new_id(ids.VERSION)
    version = Version(
        id=version_id,
        organisation_id=organisation_id,
        workflow_id=known.id,
        workflow_name=name,
        number=number,
        digest=version_id,
        title=str(spec.get("title", "")),
        machine_arn=_machine(machine_name(workflow_name=name, version_id=version_id, number=number)),
        spec=spec,
        children=children or {},
        context_fields=tuple(context_fields),
        created_at=now_text(),
        created_by="ann",
    )
    told = {name: keep(organisation_id, name, document) for name, document in TOLD.items()}
    workflows.put_version(version, Documents(version_id=version_id, values=told), after=known.latest_version)
    return version


def unpublished(organisation_id: str, name: str) -> Workflow:
    """A workflow with an empty draft."""
    now = now_text()
    workflow = Workflow(id=ids.new_id(ids.WORKFLOW), organisation_id=organisation_id, name=name, created_at=now, created_by="ann", updated_at=now)
    workflows.create(workflow, Draft(workflow_id=workflow.id, person="ann", text="", revision=1, saved_at=now, saved_by="ann"))
    return workflow


def _machine(name: str) -> str:
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})
    role = settings().machine_role_arn
    arn: str = client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    return arn
