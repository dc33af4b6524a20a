"""Rules on variables: names, scopes, and that what is read has been assigned.

In: a `Machine`. Out: diagnostics. Source: developer guide, "Passing data between states with variables". A variable belongs to the scope of the
states that assign it; inner scopes may read it and may not assign one of its name; a distributed map sees none of the outside.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from chalicelib.compiler.asl_rules.assignment import assignment, way_without
from chalicelib.compiler.asl_rules.codes import finding
from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import Scope, ScopeKind, entries_of
from chalicelib.compiler.asl_rules.syntax import Read, Syntax
from chalicelib.compiler.asl_rules.texts import Text, texts_in
from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.functions import REFUSED_FUNCTIONS, STEP_FUNCTIONS_FUNCTIONS

MAX_NAME: Final = 80
_FUNCTIONS: Final = STEP_FUNCTIONS_FUNCTIONS | REFUSED_FUNCTIONS


def bad_variable_name(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        for entry in entries_of(state):
            for name in entry.names:
                if not _is_name(name):
                    yield finding("asl-variable-name", f"{entry.path}/Assign/{name}", f"`{name}` is no name for a variable")


def _is_name(name: str) -> bool:
    return name.isidentifier() and not name.startswith("_") and name != "states" and len(name) <= MAX_NAME


def shadowed_variable(machine: Machine) -> Iterator[Diagnostic]:
    for scope in machine.scopes[1:]:
        outside = frozenset[str]().union(*(machine.assigned[around] for around in scope.around()))
        if outside.isdisjoint(machine.assigned[scope]):
            continue
        for state in scope.states.values():
            for entry in entries_of(state):
                for name in entry.names:
                    if name in outside:
                        yield finding("asl-variable-shadowed", f"{entry.path}/Assign/{name}", f"a scope around this one assigns `{name}` too")


def output_reads_own_assign(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        for entry in entries_of(state):
            assigned = frozenset(entry.names)
            for text in texts_in(state, entry, "Output") if assigned else ():
                read = text.syntax.reads if isinstance(text.syntax, Syntax) else ()
                for name in sorted({each.name for each in read} & assigned):
                    yield finding("asl-output-reads-assign", text.path, f"`${name}` still has its old value here")


# --- reads -------------------------------------------------------------------------------------------------------


class _Found(Enum):
    """Where a scope finds a variable of some name."""

    VISIBLE = "visible"
    BEYOND = "beyond"  # outside the distributed map that the scope lies in
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"


def unknown_variable(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in _variable_reads(machine):
        if _find(machine, text.state.scope, read.name) is _Found.NOWHERE:
            yield finding("asl-variable-unknown", text.path, f"nothing assigns `${read.name}`")


def foreign_variable(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in _variable_reads(machine):
        if _find(machine, text.state.scope, read.name) is _Found.ELSEWHERE:
            yield finding("asl-variable-out-of-scope", text.path, f"`${read.name}` is assigned in another scope only")


def distributed_variable(machine: Machine) -> Iterator[Diagnostic]:
    for text, read in _variable_reads(machine):
        if _find(machine, text.state.scope, read.name) is _Found.BEYOND:
            yield finding("asl-distributed-variable", text.path, f"`${read.name}` is assigned outside the distributed map")


def unassigned_variable(machine: Machine) -> Iterator[Diagnostic]:
    settled = assignment(machine)
    for text, read in _variable_reads(machine):
        state = text.state
        if read.name in settled.bits and not settled.is_certain(state, read.name) and _find(machine, state.scope, read.name) is _Found.VISIBLE:
            way = " → ".join(way_without(state, read.name))
            yield finding("asl-variable-unassigned", text.path, f"`${read.name}` has not been assigned on the way {way}")


def _variable_reads(machine: Machine) -> Iterator[tuple[Text, Read]]:
    """Reads of variables: neither `$states` nor functions, unless a variable hides one."""
    for text, read in machine.reads:
        if not read.called and read.name != "states" and (read.name not in _FUNCTIONS or read.name in machine.variables):
            yield text, read


def _find(machine: Machine, scope: Scope, name: str) -> _Found:
    if name not in machine.variables:
        return _Found.NOWHERE
    found = _Found.VISIBLE
    for each in (scope, *scope.around()):
        if name in machine.assigned[each]:
            return found
        if each.kind is ScopeKind.DISTRIBUTED:
            found = _Found.BEYOND
    return _Found.ELSEWHERE
