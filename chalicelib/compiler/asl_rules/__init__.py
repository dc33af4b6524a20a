"""What AWS refuses in a state machine, or fails at run time, and an emulator lets pass.

In: plain ASL JSON, ours or anybody's. Out: diagnostics, in the order of `RULES`. Never: a change, a call, an exception, whatever the JSON.
The rules are those of AWS; where AWS is known only by measuring, the module says so. Machines in JSONata only: those in JSONPath get one diagnostic.
"""

from collections.abc import Callable, Iterator
from typing import Final

from chalicelib.compiler.asl_rules import errors, language, shape, transitions, variables
from chalicelib.compiler.asl_rules.machine import Machine, read_machine
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.model import JsonObject

Rule = Callable[[Machine], Iterator[Diagnostic]]

RULES: Final[tuple[Rule, ...]] = (
    # shape
    shape.foreign_query_language,
    shape.unknown_type,
    shape.missing_field,
    shape.wait_without_one_delay,
    shape.invocation_without_function,
    shape.illegal_field,
    shape.bad_value,
    shape.oversized_definition,
    # names
    transitions.duplicate_state,
    transitions.odd_state_name,
    transitions.duplicate_label,
    # transitions
    transitions.next_and_end,
    transitions.missing_target,
    transitions.foreign_target,
    transitions.unreachable_state,
    transitions.no_terminal_state,
    transitions.choice_without_default,
    # errors and time
    errors.catch_all_misplaced,
    errors.unknown_error,
    errors.uncatchable_error,
    errors.reserved_failure_name,
    errors.token_without_timeout,
    errors.token_not_sent,
    errors.heartbeat_not_below_timeout,
    errors.unusable_resource,
    errors.pattern_in_express,
    # expressions
    language.broken_delimiters,
    language.broken_syntax,
    language.top_level_reference,
    language.evaluation,
    language.unknown_function,
    language.call_of_variable,
    language.long_chain,
    language.deep_expression,
    language.unknown_states_member,
    language.result_unavailable,
    language.error_output_unavailable,
    language.token_unavailable,
    language.map_item_unavailable,
    language.distributed_execution,
    # variables
    variables.bad_variable_name,
    variables.shadowed_variable,
    variables.unknown_variable,
    variables.foreign_variable,
    variables.distributed_variable,
    variables.unassigned_variable,
    variables.output_reads_own_assign,
)


def check_machine(machine: JsonObject) -> tuple[Diagnostic, ...]:
    """Every finding on the machine; empty for one that AWS creates and that runs without a fault of its making.

    What cannot be judged is told alone: another query language, and a machine that is too large, before its expressions cost time.
    """
    read = read_machine(machine)
    if "QueryLanguage" not in machine or machine["QueryLanguage"] == "JSONPath":
        return tuple(shape.foreign_query_language(read))
    too_large = tuple(each for each in shape.oversized_definition(read) if each.is_error)
    return too_large or tuple(diagnostic for rule in RULES for diagnostic in rule(read))
