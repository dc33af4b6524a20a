"""Rules on expressions: delimiters, syntax, functions, bounds of evaluation, and what `$states` holds where.

In: a `Machine`. Out: diagnostics. Sources: developer guide, "Transforming data with JSONata" and "Context object"; evaluation depth as measured,
where a chain overflows at 99 to 101 terms.
"""

from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.asl_rules.codes import finding
from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import State, text_of
from chalicelib.compiler.asl_rules.texts import Place
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.functions import STEP_FUNCTIONS_FUNCTIONS
from chalicelib.spec.syntax_tree import Fault

MAX_CHAIN: Final = 60
MAX_DEPTH: Final = 80
_MEMBERS: Final = frozenset({"input", "result", "errorOutput", "context"})
_WITH_RESULT: Final = frozenset({"Task", "Parallel", "Map"})


def broken_delimiters(machine: Machine) -> Iterator[Diagnostic]:
    for text in machine.texts:
        trimmed = text.value.strip()
        if text.syntax is None and (trimmed.startswith("{%") or trimmed.endswith("%}")):
            yield finding("asl-expression-delimiters", text.path, f"`{_short(text.value)}` is neither an expression nor a plain text")


def broken_syntax(machine: Machine) -> Iterator[Diagnostic]:
    for text in machine.texts:
        if isinstance(fault := text.syntax, Fault):
            yield finding("asl-expression-syntax", text.path, f"{fault.message}, at character {fault.position + 1} of `{_short(text.value)}`")


def top_level_reference(machine: Machine) -> Iterator[Diagnostic]:
    for text, syntax in machine.expressions:
        for shown in syntax.top_level:
            yield finding("asl-top-level-reference", text.path, f"`{shown}` reads nothing at the top level of `{_short(text.value)}`")


def long_chain(machine: Machine) -> Iterator[Diagnostic]:
    for text, syntax in machine.expressions:
        if syntax.chain > MAX_CHAIN:
            yield finding("asl-expression-chain", text.path, f"more than {MAX_CHAIN} operands in one chain")


def deep_expression(machine: Machine) -> Iterator[Diagnostic]:
    for text, syntax in machine.expressions:
        if syntax.depth > MAX_DEPTH >= syntax.chain:
            yield finding("asl-expression-depth", text.path, f"the expression is nested {syntax.depth} deep; {MAX_DEPTH} are safe")


def evaluation(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in machine.reads:
        if read.name == "eval" and "eval" not in machine.variables:
            yield finding("asl-eval", text.path, "there is no $eval")


def unknown_function(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in machine.reads:
        if read.called and read.name not in STEP_FUNCTIONS_FUNCTIONS and read.name != "eval" and read.name not in machine.variables:
            yield finding("asl-unknown-function", text.path, f"there is no function ${read.name}")


def call_of_variable(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in machine.reads:
        if read.called and read.name in machine.variables:
            yield finding("asl-call-of-variable", text.path, f"${read.name} is a variable here; calling it fails")


# --- $states -----------------------------------------------------------------------------------------------------


def unknown_states_member(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path and path[0] not in _MEMBERS:
            yield finding("asl-states-member", text.path, f"$states has no `{path[0]}`")


def result_unavailable(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path[:1] == ("result",) and not (text.place is Place.RESULT and text.state.type in _WITH_RESULT):
            yield finding("asl-result-unavailable", text.path, f"there is no result in this place of the {text.state.type} `{text.state.name}`")


def error_output_unavailable(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path[:1] == ("errorOutput",) and text.place is not Place.CAUGHT:
            yield finding("asl-error-output-unavailable", text.path, "there is no error output in this place")


def token_unavailable(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path[:2] == ("context", "Task") and not (text.place is Place.ARGUMENTS and _has_token(text.state)):
            yield finding("asl-token-unavailable", text.path, "there is no task token in this place")


def _has_token(state: State) -> bool:
    resource = text_of(state.fields.get("Resource"))
    return resource.endswith(".waitForTaskToken") or ":activity:" in resource


def map_item_unavailable(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path[:2] == ("context", "Map") and text.place is not Place.SELECTOR:
            yield finding("asl-map-item-unavailable", text.path, "there is no map item in this place")


def distributed_execution(machine: Machine) -> Iterator[Diagnostic]:
    for text, path in machine.states_reads:
        if path[:2] == ("context", "Execution") and text.state.is_distributed:
            yield finding("asl-distributed-execution", text.path, "inside a distributed map, Execution is the item's own")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
