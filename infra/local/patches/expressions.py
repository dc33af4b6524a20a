"""Faults of moto's JSONata: how expressions get their variables and what they may put out.

In: moto's interpreter classes. Out: `PATCHES`. The evaluation itself is `infra.local.jsonata_engine`.
"""
# ruff: noqa: SLF001

import json
from typing import Any, Final

from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval import states as states_module
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.states import States
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from infra.local.jsonata_engine import EvaluationFault, evaluate, parsed
from infra.local.patches.patch import Patch, Replacement


def query_evaluation_error(env: Any, cause: str) -> Exception:
    """States.QueryEvaluationError as the interpreter raises it, entered into the history."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EventDetails(evaluationFailedEventDetails=EvaluationFailedEventDetails(cause=cause, error=name.error_name))
    failure: Exception = FailureEventException(
        failure_event=FailureEvent(env=env, error_name=name, event_type=HistoryEventType.EvaluationFailed, event_details=details)
    )
    env.event_manager.add_event(context=env.event_history_context, event_type=HistoryEventType.EvaluationFailed, event_details=details)
    return failure


def _evaluate_by_value(self: Any, env: Any) -> None:
    try:
        names = parsed(self.expression).variables
        env.stack.append(evaluate(self.expression, _bindings(env, names)))
    except EvaluationFault as fault:
        raise query_evaluation_error(env, f"The JSONata expression '{self.expression}' {_field(env)}{fault}") from fault


def _bindings(env: Any, names: frozenset[str]) -> dict[str, Any]:
    store = env.variable_store
    bindings = {name: scope[name] for scope in (store._outer_scope, store._inner_scope) for name in names if name in scope}
    if "states" in names:
        bindings["states"] = {**env.states._states_data, "context": _context(env.states.context_object.context_object_data)}
    return bindings


def _context(context: dict[str, Any]) -> dict[str, Any]:
    execution = context["Execution"]
    started = execution["StartTime"]
    return {**context, "Execution": {**execution, "StartTime": started if isinstance(started, str) else _instant(started)}}


def _instant(moment: Any) -> str:
    return str(moment.isoformat(timespec="milliseconds")).replace("+00:00", "Z")


def _field(env: Any) -> str:
    name = env.next_field_name
    return f"specified for the field '{name}' " if name and name != "StringJSONata" else ""


def copied(value: Any) -> Any:
    """A copy of a JSON value; the interpreter's own uses deepcopy, ten times slower."""
    match value:
        case dict():
            return {key: copied(member) for key, member in value.items()}
        case list():
            return [copied(item) for item in value]
        case _:
            return value


def _extract_copied(query: str | None, data: Any) -> Any:
    return copied(data if query is None else states_module.extract_json(query, data))


def _reset_to_input(self: Any, input_value: Any) -> None:
    self._states_data["input"] = copied(input_value)
    self._states_data.pop("result", None)
    self._states_data.pop("errorOutput", None)


def _set_result(self: Any, result: Any) -> None:
    self._states_data["result"] = copied(result)


def _set_error_output(self: Any, error_output: Any) -> None:
    self._states_data["errorOutput"] = copied(error_output)


def _assigned_variables(self: Any) -> dict[str, str]:
    return {name: json.dumps(self.get(name), separators=(",", ":")) for name in self._declaration_tracing}


def _string_literal(make: Any) -> Any:
    def visit(_self: Any, context: Any) -> Any:
        return make(json.loads(context.string_literal().getText()))

    return visit


PATCHES: Final = (
    Patch(
        "variables_by_value",
        "Evaluation is not wired at all, and variables are re-declared as text for every expression (30 ms a state at 50 variables), found by a "
        "regex that takes what stands between two slashes for a literal; a text with a quote in it breaks every later expression; "
        "a nested `$` is refused, $eval works, $hash and $uuid do not. AWS binds values.",
        (
            Replacement(StringJSONata, "_eval_body", _evaluate_by_value),
            Replacement(VariableStore, "get_assigned_variables", _assigned_variables),
        ),
    ),
    Patch(
        "absent_result_is_undefined",
        "$states.result and $states.errorOutput are null where a state has none. On AWS they are undefined (and refused at create).",
        (
            Replacement(States, "reset", _reset_to_input),
            Replacement(States, "set_result", _set_result),
            Replacement(States, "set_error_output", _set_error_output),
            Replacement(States, "_extract", staticmethod(_extract_copied)),
        ),
    ),
    Patch(
        "literals_unescaped",
        "A literal text with an escape in an Assign or an ItemSelector keeps its backslashes.",
        (
            Replacement(
                Preprocessor,
                "visitAssign_template_value_terminal_string_literal",
                _string_literal(lambda value: preprocessor.AssignTemplateValueTerminalLit(value=value)),
            ),
        ),
    ),
)
