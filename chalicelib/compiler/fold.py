"""Fewer states for the same ways: a Choice that leads straight into an invented Choice asks that one's questions itself.

In: an `Outline` as drawn. Out: the same outline, changed in place: rules inlined, states that nothing reaches any more removed.
Each state entered is paid for, rules are not. An inner question that reads what the way to it assigns stays where it is.
"""

from typing import Final

from chalicelib.compiler.code import Code, Key, code, codes_in
from chalicelib.compiler.outline import Decide, Scope, Transition, all_scopes
from chalicelib.compiler.sheet import Outline

MAX_RULES: Final = 40
_INVENTED: Final = "when"


def fold(outline: Outline) -> None:
    for scope in all_scopes(outline.root):
        for state in scope.states.values():
            if isinstance(state, Decide):
                _inline(state, outline)
        _prune(scope, outline)


def _inline(choice: Decide, outline: Outline) -> None:
    """Take in invented Choices behind the rules and the default until none is left that fits."""
    rules: list[tuple[Code, Transition]] = []
    todo = list(choice.rules)
    while todo:
        condition, way = todo.pop(0)
        inner = _behind(way, choice, outline)
        if inner is None or len(rules) + len(todo) + len(inner.rules) + 1 > MAX_RULES:
            rules.append((condition, way))
            continue
        both = [(code("(", condition, ") and (", question, ")"), _through(way, onward)) for question, onward in inner.rules]
        todo = [*both, (condition, _through(way, inner.default)), *todo]
    while (inner := _behind(choice.default, choice, outline)) is not None and len(rules) + len(inner.rules) <= MAX_RULES:
        rules.extend((question, _through(choice.default, onward)) for question, onward in inner.rules)
        choice.default = _through(choice.default, inner.default)
    choice.rules = rules


def _behind(way: Transition, choice: Decide, outline: Outline) -> Decide | None:
    """The invented Choice that the way leads to, if its questions do not depend on what the way assigns."""
    inner = choice.scope.states.get(way.target or "")
    if not isinstance(inner, Decide) or inner.role != _INVENTED or inner is choice:
        return None
    asked = {key for question, _ in inner.rules for key in _keys(question, outline)}
    return None if asked & way.assigns.keys() else inner


def _keys(question: Code, outline: Outline) -> set[Key]:
    """The keys a question reads, those that derived ones are made of included."""
    found: set[Key] = set()
    for each in codes_in(question):
        for part in each.parts:
            if not isinstance(part, str):
                found.add(part.key)
                if part.key in outline.derived:
                    found |= _keys(outline.derived[part.key], outline)
    return found


def _through(first: Transition, second: Transition) -> Transition:
    return Transition(second.target, {**first.assigns, **second.assigns})


def _prune(scope: Scope, outline: Outline) -> None:
    """Drop the states that no way reaches."""
    reached: set[str] = set()
    todo = [scope.start]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo.extend(way.target for way in scope.states[name].exits() if way.target is not None)
    for name in [name for name in scope.states if name not in reached]:
        del scope.states[name]
        del outline.states[name]
