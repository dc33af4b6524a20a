"""Rules on errors and time: Retry, Catch, Fail, time limits, and what a Resource can do.

In: a `Machine`. Out: diagnostics. Sources: developer guide, "Handling errors" and "Integrating services" (the table of integration patterns).
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.asl_rules.codes import finding
from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import Scope, ScopeKind, State, objects_in, text_of
from chalicelib.compiler.asl_rules.syntax import Syntax
from chalicelib.compiler.asl_rules.texts import Place, texts_of
from chalicelib.spec.diagnostic import Diagnostic

ALL: Final = "States.ALL"
_NEVER_CAUGHT: Final = frozenset({"States.Runtime"})
ERROR_NAMES: Final = frozenset(
    {ALL, "States.TaskFailed", "States.Timeout", "States.HeartbeatTimeout", "States.DataLimitExceeded", "States.Permissions", "States.Runtime"}
    | {"States.QueryEvaluationError", "States.NoChoiceMatched", "States.BranchFailed", "States.ExceedToleratedFailureThreshold"}
    | {"States.ItemReaderFailed", "States.ResultWriterFailed", "States.Http.Socket"}
)
_SERVICE: Final = re.compile(r"arn:[\w-]+:states:[^:]*:[^:]*:(?P<service>[\w-]+(?::[\w-]+)*?)(?P<pattern>\.sync(?::2)?|\.waitForTaskToken)?")
_FUNCTION: Final = re.compile(r"arn:[\w-]+:lambda:[^:]+:\d+:function:.+")
_ACTIVITY: Final = re.compile(r"arn:[\w-]+:states:[^:]+:\d+:activity:.+")
_PLACEHOLDER: Final = re.compile(r"\$\{\w+\}")
_NO_TOKENS: Final = ("athena:", "batch:", "dynamodb:", "glue:", "http:")
_DYNAMODB: Final = frozenset({"getItem", "putItem", "updateItem", "deleteItem"})
_SDK: Final = re.compile(r"aws-sdk:[a-z0-9]+:[a-z][a-zA-Z0-9]*")
_NOT_A_SERVICE: Final = "aws-sdk:apigatewaymanagementapi:"


def catch_all_misplaced(machine: Machine) -> Iterator[Diagnostic]:
    for path, names, is_last in _handlers(machine):
        if ALL in names and (len(names) > 1 or not is_last):
            shown = "States.ALL stands beside other names" if len(names) > 1 else "an entry follows the one with States.ALL"
            yield finding("asl-catch-all", path, shown)


def unknown_error(machine: Machine) -> Iterator[Diagnostic]:
    for path, names, _is_last in _handlers(machine):
        for name in names:
            if name.startswith("States.") and name not in ERROR_NAMES:
                yield finding("asl-unknown-error", path, f"Step Functions has no error `{name}`")


def uncatchable_error(machine: Machine) -> Iterator[Diagnostic]:
    for path, names, _is_last in _handlers(machine):
        for name in sorted(_NEVER_CAUGHT.intersection(names)):
            yield finding("asl-error-not-catchable", path, f"`{name}` ends the execution before Retry and Catch are asked")


def _handlers(machine: Machine) -> Iterator[tuple[str, list[str], bool]]:
    """Every Retry and Catch entry: where its names stand, the names, whether it is the last."""
    for state in machine.states:
        for field in ("Retry", "Catch"):
            entries = list(objects_in(state.fields.get(field)))
            for index, entry in entries:
                names = entry.get("ErrorEquals")
                texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
                yield f"{state.path}/{field}[{index}]/ErrorEquals", texts, index == entries[-1][0]


def reserved_failure_name(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        error = text_of(state.fields.get("Error"))
        if state.type == "Fail" and error.startswith("States."):
            yield finding("asl-unknown-error", f"{state.path}/Error", f"a state's own error may not be called `{error}`")


# --- task tokens and time limits ---------------------------------------------------------------------------------


def token_without_timeout(machine: Machine) -> Iterator[Diagnostic]:
    for state in _waiting(machine):
        if "TimeoutSeconds" not in state.fields:
            yield finding("asl-token-without-timeout", state.path, f"`{state.name}` waits for a task token without TimeoutSeconds")


def token_not_sent(machine: Machine) -> Iterator[Diagnostic]:
    for state in _waiting(machine):
        sent = (text.syntax for text in texts_of(state) if text.place is Place.ARGUMENTS)
        reads = (read for syntax in sent if isinstance(syntax, Syntax) for read in syntax.reads)
        if not any(read.name == "states" and _may_hold_token(read.path) for read in reads):
            yield finding("asl-token-not-sent", f"{state.path}/Arguments", f"`{state.name}` waits for a task token that nobody is given")


def _may_hold_token(path: tuple[str, ...]) -> bool:
    whole = ("context", "Task", "Token")
    return whole[: len(path)] == path[:3]


def heartbeat_not_below_timeout(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        heartbeat, timeout = state.fields.get("HeartbeatSeconds"), state.fields.get("TimeoutSeconds")
        if state.type == "Task" and isinstance(heartbeat, int) and (timeout is None or (isinstance(timeout, int) and heartbeat >= timeout)):
            shown = "has no TimeoutSeconds" if timeout is None else f"{heartbeat} is not below the TimeoutSeconds of {timeout}"
            yield finding("asl-heartbeat", f"{state.path}/HeartbeatSeconds", f"`{state.name}` {shown}" if timeout is None else shown)


def _waiting(machine: Machine) -> Iterator[State]:
    return (state for state in machine.states if state.type == "Task" and text_of(state.fields.get("Resource")).endswith(".waitForTaskToken"))


# --- resources ---------------------------------------------------------------------------------------------------


def unusable_resource(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        resource = state.fields.get("Resource")
        if state.type == "Task" and isinstance(resource, str) and (fault := _resource_fault(resource)):
            yield finding("asl-resource", f"{state.path}/Resource", fault)


def _resource_fault(resource: str) -> str:
    if any(kind.fullmatch(resource) for kind in (_PLACEHOLDER, _FUNCTION, _ACTIVITY)):
        return ""
    match = _SERVICE.fullmatch(resource)
    if match is None:
        return f"`{resource}` is neither a service integration, a Lambda function nor an activity"
    service, pattern = match["service"], match["pattern"] or ""
    if service.startswith(_NOT_A_SERVICE):
        return "Step Functions has no integration for WebSocket messages; use apigateway:invoke"
    if service.startswith("aws-sdk:") and not _SDK.fullmatch(service):
        return f"`{service}` does not name an action of the SDK, as `aws-sdk:sqs:sendMessage` does"
    if service.startswith("dynamodb:") and service.removeprefix("dynamodb:") not in _DYNAMODB:
        return f"the integration has no `{service}`; use aws-sdk:{service}"
    if pattern == ".waitForTaskToken" and service.startswith(_NO_TOKENS):
        return f"`{service}` cannot wait for a task token"
    return ""


def pattern_in_express(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        resource = text_of(state.fields.get("Resource"))
        if (resource.endswith((".sync", ".sync:2", ".waitForTaskToken")) or _ACTIVITY.fullmatch(resource)) and _is_express(state.scope):
            yield finding("asl-express-pattern", f"{state.path}/Resource", "an express execution cannot wait for a job, a token or an activity")


def _is_express(scope: Scope) -> bool:
    around = next((outer for outer in (scope, *scope.around()) if outer.kind is ScopeKind.DISTRIBUTED), None)
    config = None if around is None else around.fields.get("ProcessorConfig")
    return isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS"
