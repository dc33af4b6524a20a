"""Rules on transitions and names: where states lead, and what they are called.

In: a `Machine`. Out: diagnostics. AWS's codes for these are MISSING_TRANSITION_TARGET, MISSING_END_STATE and DUPLICATE_STATE_NAME.
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.compiler.asl_rules.codes import finding
from chalicelib.compiler.asl_rules.machine import Machine
from chalicelib.compiler.asl_rules.scopes import Scope, text_of, transitions
from chalicelib.spec.diagnostic import Diagnostic

MAX_NAME: Final = 80
_ODD: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\"'\\]")
_MOVING: Final = frozenset({"Task", "Parallel", "Map", "Pass", "Wait"})


def next_and_end(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if state.type in _MOVING and ("Next" in state.fields) == ("End" in state.fields):
            shown = "both Next and End" if "Next" in state.fields else "neither Next nor End"
            yield finding("asl-transition", state.path, f"`{state.name}` has {shown}")


def missing_target(machine: Machine) -> Iterator[Diagnostic]:
    known = {state.name for state in machine.states}
    for scope in machine.scopes:
        for target, path in _targets(scope):
            if target not in known:
                yield finding("asl-missing-target", path, f"there is no state `{target}`")


def foreign_target(machine: Machine) -> Iterator[Diagnostic]:
    known = {state.name for state in machine.states}
    for scope in machine.scopes:
        for target, path in _targets(scope):
            if target in known and target not in scope.states:
                yield finding("asl-foreign-target", path, f"`{target}` lies in another scope")


def _targets(scope: Scope) -> Iterator[tuple[str, str]]:
    if start := text_of(scope.fields.get("StartAt")):
        yield start, f"{scope.path}/StartAt"
    for state in scope.states.values():
        yield from transitions(state)


def unreachable_state(machine: Machine) -> Iterator[Diagnostic]:
    for scope in machine.scopes:
        reached = _reached(scope)
        for state in scope.states.values():
            if reached and state.name not in reached:
                yield finding("asl-unreachable-state", state.path, f"no transition leads to `{state.name}`")


def _reached(scope: Scope) -> set[str]:
    """The states that the scope's start leads to; empty where there is no start."""
    waiting = [text_of(scope.fields.get("StartAt"))]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in scope.states and name not in reached:
            reached.add(name)
            waiting.extend(target for target, _path in transitions(scope.states[name]))
    return reached


def no_terminal_state(machine: Machine) -> Iterator[Diagnostic]:
    for scope in machine.scopes:
        if scope.states and not any(state.type in {"Succeed", "Fail"} or "End" in state.fields for state in scope.states.values()):
            yield finding("asl-no-terminal-state", scope.path, "no state ends it: none has End, and none is Succeed or Fail")


def choice_without_default(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if state.type == "Choice" and "Default" not in state.fields:
            yield finding("asl-choice-without-default", state.path, f"`{state.name}` has no Default")


def duplicate_state(machine: Machine) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for state in machine.states:
        if state.name in first:
            yield finding("asl-duplicate-state", state.path, f"`{state.name}` is also the name of {first[state.name]}")
        first.setdefault(state.name, state.path)


def odd_state_name(machine: Machine) -> Iterator[Diagnostic]:
    for state in machine.states:
        if not 1 <= len(state.name) <= MAX_NAME:
            yield finding("asl-state-name", state.path, f"the name has {len(state.name)} characters; 1 to {MAX_NAME} are allowed")
        elif _ODD.search(state.name) or state.name != state.name.strip():
            yield finding("asl-state-name", state.path, f"the name {state.name!a} has a quote, a control character or a blank at its rim")


def duplicate_label(machine: Machine) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for state in machine.states:
        if state.type == "Map" and (label := text_of(state.fields.get("Label"))):
            if label in first:
                yield finding("asl-map-label", f"{state.path}/Label", f"`{first[label]}` has the Label `{label}` too")
            first.setdefault(label, state.name)
