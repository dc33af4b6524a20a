"""Rules on shape: which fields a part of a machine must have, may have, and what they may hold.

In: a `Machine`. Out: diagnostics. Two tables say it all: `SHAPES` which fields, `values.VALUES` which values. Sources: developer guide, pages "State
machine structure" and "Transforming data".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from chalicelib.compiler.asl_rules.codes import finding
from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import Scope, ScopeKind, State, mode_of, objects_in, text_of
from chalicelib.compiler.asl_rules.values import ANYTHING, CONSTANT_SECONDS, VALUES, Values, is_expression
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject

MAX_DEFINITION_BYTES: Final = 1_048_576
_JSONPATH_FIELDS: Final = frozenset({"InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath", "Result", "ItemsPath", "Iterator"})


@dataclass(frozen=True, slots=True)
class Shape:
    """`values`: the fields that may hold something else than in other places."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    values: Mapping[str, Values] = field(default_factory=dict)


_MOVES: Final = ("Assign", "Output", "Next", "End")
_WORKS: Final = (*_MOVES, "Retry", "Catch")
_STATE: Final = ("Type", "Comment", "QueryLanguage")
_MAP: Final = (*_STATE, "Items", "ItemSelector", "MaxConcurrency", *_WORKS)
_DISTRIBUTED: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailurePercentage", "ToleratedFailureCount")
SHAPES: Final[Mapping[str, Shape]] = {
    "machine": Shape(("StartAt", "States"), ("Comment", "QueryLanguage", "TimeoutSeconds", "Version"), {"TimeoutSeconds": CONSTANT_SECONDS}),
    "branch": Shape(("StartAt", "States"), ("Comment",)),
    "processor": Shape(("StartAt", "States"), ("Comment", "ProcessorConfig")),
    "inline": Shape((), ("Mode",)),
    "distributed": Shape(("Mode", "ExecutionType")),
    "retrier": Shape(("ErrorEquals",), ("Comment", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy")),
    "catcher": Shape(("ErrorEquals", "Next"), ("Comment", "Assign", "Output")),
    "rule": Shape(("Condition", "Next"), ("Comment", "Assign", "Output")),
    "Task": Shape(("Resource",), (*_STATE, "Arguments", "Credentials", "TimeoutSeconds", "HeartbeatSeconds", *_WORKS)),
    "Choice": Shape(("Choices",), (*_STATE, "Default", "Assign", "Output")),
    "Parallel": Shape(("Branches",), (*_STATE, "Arguments", *_WORKS)),
    "Map": Shape(("ItemProcessor",), _MAP),
    "Map distributed": Shape(("ItemProcessor",), (*_MAP, *_DISTRIBUTED)),
    "Pass": Shape((), (*_STATE, *_MOVES)),
    "Wait": Shape((), (*_STATE, "Seconds", "Timestamp", *_MOVES)),
    "Succeed": Shape((), (*_STATE, "Output")),
    "Fail": Shape((), (*_STATE, "Error", "Cause")),
}
STATE_TYPES: Final = ("Task", "Choice", "Parallel", "Map", "Pass", "Wait", "Succeed", "Fail")


# --- parts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """An object of the machine that a shape is known of."""

    shape: Shape
    fields: JsonObject
    path: str


def parts_of(machine: Machine) -> Iterator[Part]:
    for scope in machine.scopes:
        yield from _scope_parts(scope)
    for state in machine.states:
        if state.type in STATE_TYPES:
            yield from _state_parts(state)


def _scope_parts(scope: Scope) -> Iterator[Part]:
    match scope.kind:
        case ScopeKind.MACHINE:
            yield Part(SHAPES["machine"], scope.fields, "")
        case ScopeKind.BRANCH:
            yield Part(SHAPES["branch"], scope.fields, scope.path)
        case ScopeKind.ITEMS | ScopeKind.DISTRIBUTED:
            yield Part(SHAPES["processor"], scope.fields, scope.path)
            config = scope.fields.get("ProcessorConfig")
            if isinstance(config, dict):
                kind = "distributed" if scope.kind is ScopeKind.DISTRIBUTED else "inline"
                yield Part(SHAPES[kind], config, f"{scope.path}/ProcessorConfig")
        case _:
            assert_never(scope.kind)


def _state_parts(state: State) -> Iterator[Part]:
    processor = state.fields.get("ItemProcessor")
    distributed = state.type == "Map" and isinstance(processor, dict) and mode_of(processor) == "DISTRIBUTED"
    yield Part(SHAPES["Map distributed" if distributed else state.type], state.fields, state.path)
    for name, shape in (("Retry", "retrier"), ("Catch", "catcher"), ("Choices", "rule")):
        for index, entry in objects_in(state.fields.get(name)):
            yield Part(SHAPES[shape], entry, f"{state.path}/{name}[{index}]")


# --- rules -------------------------------------------------------------------------------------------------------


def foreign_query_language(machine: Machine) -> Iterator[Diagnostic]:
    if machine.definition.get("QueryLanguage") != "JSONata":
        yield finding("asl-query-language", "/QueryLanguage", "the machine does not say `QueryLanguage: JSONata`")
    for state in machine.states:
        if state.fields.get("QueryLanguage", "JSONata") != "JSONata":
            yield finding("asl-query-language", f"{state.path}/QueryLanguage", f"`{state.name}` cannot leave the machine's JSONata")


def missing_field(machine: Machine) -> Iterator[Diagnostic]:
    for part in parts_of(machine):
        for name in part.shape.required:
            if name not in part.fields:
                yield finding("asl-missing-field", part.path, f"`{name}` is required")


def wait_without_one_delay(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if state.type == "Wait" and ("Seconds" in state.fields) == ("Timestamp" in state.fields):
            yield finding("asl-missing-field", state.path, "a Wait has exactly one of `Seconds` and `Timestamp`")


def invocation_without_function(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if text_of(state.fields.get("Resource")).split(":", 5)[-1].startswith("lambda:invoke"):
            arguments = state.fields.get("Arguments")
            if not is_expression(arguments) and not (isinstance(arguments, dict) and "FunctionName" in arguments):
                yield finding("asl-missing-field", f"{state.path}/Arguments", "`FunctionName` is required")


def illegal_field(machine: Machine) -> Iterator[Diagnostic]:
    for part in parts_of(machine):
        for name in part.fields:
            if name not in part.shape.required and name not in part.shape.optional:
                of_other = ", which belongs to JSONPath" if name in _JSONPATH_FIELDS or name.endswith("Path") else ""
                yield finding("asl-illegal-field", f"{part.path}/{name}", f"`{name}` may not stand here{of_other}")


def unknown_type(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if state.type not in STATE_TYPES:
            shown = f"`{state.type}` is no type of state" if state.type else "the state has no Type"
            yield finding("asl-unknown-type", f"{state.path}/Type", shown)


def bad_value(machine: Machine) -> Iterator[Diagnostic]:
    for part in parts_of(machine):
        for name, value in part.fields.items():
            values = part.shape.values.get(name) or VALUES.get(name, ANYTHING)
            if not values.accepts(value):
                yield finding("asl-bad-value", f"{part.path}/{name}", f"`{name}` must be {values.words}")


def oversized_definition(machine: Machine) -> Iterator[Diagnostic]:
    text = json.dumps(machine.definition, ensure_ascii=False, separators=(",", ":"))
    size, request = len(text.encode("utf-8", "surrogatepass")), len(json.dumps(text))
    if size > MAX_DEFINITION_BYTES:
        yield finding("asl-definition-size", "", f"the definition has {size:,} bytes; AWS takes {MAX_DEFINITION_BYTES:,}")
    elif request > MAX_DEFINITION_BYTES:
        yield finding("asl-request-size", "", f"quoted in a request, the definition has {request:,} bytes; AWS takes requests of 1 MB")
