"""Faults of moto's Choice states.

In: moto's interpreter classes. Out: `PATCHES`. Only JSONata states are changed.
"""
# ruff: noqa: SLF001

from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice

from infra.local.patches.errors import failure
from infra.local.patches.expressions import query_evaluation_error
from infra.local.patches.patch import Patch, Replacement

_choose_jsonpath, _output_jsonpath = StateChoice._eval_state, StateChoice._eval_state_output


def _choose(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        _choose_jsonpath(self, env)
        return
    for rule in self.choices_decl.rules:
        rule.eval(env)
        if env.stack.pop() is True:
            env.stack.append(rule.next_stmt.name)
            return
    if self.default_state is None:
        raise failure(env, StatesErrorName(typ=StatesErrorNameType.StatesNoChoiceMatched), f"State '{self.name}' failed: no choice matched")
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    if self.output:
        self.output.eval(env=env)
    env.stack.append(self.default_state.state_name)


def _leave(self: Any, env: Any) -> None:
    if self._is_language_query_jsonpath():
        _output_jsonpath(self, env)
    else:
        env.next_state_name = env.stack.pop()


def _condition(self: Any, env: Any) -> None:
    self.string_jsonata.eval(env=env)
    if not isinstance(env.stack[-1], bool):
        expression = self.string_jsonata.expression
        raise query_evaluation_error(
            env,
            f"The JSONata expression '{expression}' specified for the field 'Condition' returned an unexpected result type. Expected 'boolean'.",
        )


PATCHES: Final = (
    Patch(
        "no_choice_matched",
        "A Choice without a match fails with States.Runtime; where a rule leads to the same state as Default, Default's Assign and Output are "
        "evaluated too. On AWS: States.NoChoiceMatched, and only those of what was taken.",
        (Replacement(StateChoice, "_eval_state", _choose), Replacement(StateChoice, "_eval_state_output", _leave)),
    ),
    Patch(
        "condition_is_boolean",
        "A Condition that gives no boolean fails with States.Runtime. On AWS: States.QueryEvaluationError.",
        (Replacement(ConditionStringJSONata, "_eval_body", _condition),),
    ),
)
