"""Fewer states for the same ways: a Choice that leads straight into an invented one asks that one's questions itself, and a way on which a Choice's
answer is known leads past it.

In: an `Outline` as drawn. Out: the same outline, changed in place: rules inlined, states that nothing reaches any more removed.
Each state entered is paid for, rules are not. An inner question that reads what the way to it computes stays where it is.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final, assert_never

from chalicelib.compiler.code import Code, Key, Read, code, codes_in
from chalicelib.compiler.known import asked_after
from chalicelib.compiler.outline import Catching, Decide, Leaving, Scope, State, Transition, all_scopes
from chalicelib.compiler.sheet import Outline

MAX_RULES: Final = 40
MAX_PARTS: Final = 120  # of a question: a longer one costs more to carry along than a state costs to enter
_INVENTED: Final = "when"


@dataclass(frozen=True)
class _Asked:
    """What a Choice still asks on a way that leads to it."""

    rules: list[tuple[Code, Transition]]
    default: Transition

    @property
    def longest(self) -> int:
        return max((len(question.parts) for question, _ in self.rules), default=0)


def fold(outline: Outline) -> None:
    for scope in all_scopes(outline.root):
        for state in scope.states.values():
            if isinstance(state, Decide):
                _inline(state, outline)
            else:
                assert isinstance(state, Leaving)
                _lead_past(state, outline)
        _prune(scope, outline)


def _lead_past(state: Leaving, outline: Outline) -> None:
    """Lead the ways out of the state past every Choice whose answer is known on them."""
    state.next = _past(state.next, state, outline)
    if isinstance(state, Catching):
        for catch in state.catches:
            catch.transition = _past(catch.transition, state, outline)


def _past(way: Transition, state: State, outline: Outline) -> Transition:
    while (asked := _behind(way, state, outline, answered=True)) is not None:
        way = _through(way, asked.default)
    return way


def _inline(choice: Decide, outline: Outline) -> None:
    """Take in invented Choices behind the rules and the default until none is left that fits."""
    rules: list[tuple[Code, Transition]] = []
    todo = list(choice.rules)
    while todo:
        condition, way = todo.pop(0)
        inner = _behind(way, choice, outline)
        if inner is None or len(rules) + len(todo) + len(inner.rules) + 1 > MAX_RULES or inner.longest + len(condition.parts) > MAX_PARTS:
            rules.append((condition, way))
            continue
        both = [(code("(", condition, ") and (", question, ")"), _through(way, onward)) for question, onward in inner.rules]
        todo = [*both, (condition, _through(way, inner.default)), *todo]
    while (inner := _behind(choice.default, choice, outline)) is not None and len(rules) + len(inner.rules) <= MAX_RULES:
        rules.extend((question, _through(choice.default, onward)) for question, onward in inner.rules)
        choice.default = _through(choice.default, inner.default)
    choice.rules = rules


def _behind(way: Transition, state: State, outline: Outline, *, answered: bool = False) -> _Asked | None:
    """What the Choice asks that the way leads to; None where it must be entered: the way computes what it asks, or it is authored and has to ask.

    `answered`: only a Choice that has nothing left to ask.
    """
    inner = state.scope.states.get(way.target or "")
    if not isinstance(inner, Decide) or inner is state or any(len(question.parts) > MAX_PARTS for question, _ in inner.rules):
        return None
    asked = _asked(inner, way, outline, answered=answered or inner.role != _INVENTED)
    if asked is None:
        return None
    onward = [transition for _, transition in asked.rules] + [asked.default]
    return None if any(_reads(transition, way.assigns.keys()) for transition in onward) else asked


def _asked(inner: Decide, way: Transition, outline: Outline, *, answered: bool) -> _Asked | None:
    rules: list[tuple[Code, Transition]] = []
    for question, onward in inner.rules:
        answer = asked_after(question, way.assigns, outline)
        match answer:
            case None:
                return None
            case True:
                return _Asked(rules, onward)
            case False:
                continue
            case Code():
                if answered:
                    return None
                rules.append((answer, onward))
            case _:
                assert_never(answer)
    return _Asked(rules, inner.default)


def _reads(way: Transition, keys: Set[Key]) -> bool:
    """Whether what the way assigns is made of these as they are before it."""
    parts = (part for template in way.assigns.values() for each in codes_in(template) for part in each.parts)
    return any(isinstance(part, Read) and part.key in keys for part in parts)


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
