"""May a call of a tool go ahead? The workflow owner's rules, judged over the call's arguments.

In: a `ToolPolicy` (a default and rules, each a JSONata condition such as `amount > 100` whose input is the arguments) and the arguments. Out:
`Judged`. The first rule that holds decides. It fails closed: a condition that cannot be judged counts as holding wherever its policy is stricter
than what would follow without it, and never where it is milder.

The arguments come from a model, so no condition may be made to run for long by them: evaluation is bounded in time, depth and size of the arguments,
and regular expressions, ranges, `$eval` and `$pad` are refused, since no clock stops them.
"""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from chalicelib.spec.model import Json, JsonObject

Policy = Literal["allow", "ask", "deny"]
STRICTNESS: Final[dict[Policy, int]] = {"allow": 0, "ask": 1, "deny": 2}

MAX_CONDITION_LENGTH: Final = 4_096
MAX_ARGUMENTS_LENGTH: Final = 100_000  # characters of JSON that a condition may look at
TIMEOUT_MILLISECONDS: Final = 250
MAX_DEPTH: Final = 100
UNBOUNDED: Final = frozenset({"eval", "pad"})  # functions that one step of may take for ever
_evaluating = threading.Lock()  # syntax trees are shared between threads, the library keeps its state in them


@dataclass(frozen=True, slots=True)
class Rule:
    """`condition` is JSONata without `{% %}` over the arguments; it must come to true or false."""

    condition: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """What holds for a tool where no rule does, and the rules in their order."""

    default: Policy
    rules: tuple[Rule, ...] = ()

    @property
    def never_runs(self) -> bool:
        """Whether no arguments at all could make a call of the tool go ahead."""
        return all(policy == "deny" for policy in (self.default, *(rule.policy for rule in self.rules)))


@dataclass(frozen=True, slots=True)
class Judged:
    """`why` names the rule that decided, for the record and for who is asked."""

    policy: Policy
    why: str


class ConditionFault(ValueError):  # noqa: N818  (never crosses a machine)
    """A condition that cannot be judged over these arguments."""


def judge(policy: ToolPolicy, arguments: JsonObject) -> Judged:
    """Never raises."""
    decided = Judged(policy.default, f"the tool's default is {policy.default}")
    for rule in reversed(policy.rules):
        decided = _under(rule, arguments, otherwise=decided)
    return decided


def condition_fault(condition: str) -> str | None:
    """Why the text can never be judged, or None: for whoever checks a workflow before it runs."""
    try:
        _program(condition)
    except ConditionFault as fault:
        return str(fault)
    return None


def _under(rule: Rule, arguments: JsonObject, *, otherwise: Judged) -> Judged:
    try:
        holds = _holds(rule.condition, arguments)
    except ConditionFault as fault:
        if STRICTNESS[rule.policy] <= STRICTNESS[otherwise.policy]:
            return otherwise
        return Judged(rule.policy, f"`{rule.condition}` could not be judged ({fault}), so it counts: {rule.policy}")
    return Judged(rule.policy, f"`{rule.condition}` holds: {rule.policy}") if holds else otherwise


def _holds(condition: str, arguments: JsonObject) -> bool:
    """The condition's value over the arguments. Raises ConditionFault."""
    try:
        program = _program(condition)
        size = len(json.dumps(arguments))
        if size > MAX_ARGUMENTS_LENGTH:
            raise ConditionFault(f"the arguments have {size:,} characters; {MAX_ARGUMENTS_LENGTH:,} can be judged")
        with _evaluating:
            value = _run(program, _to_jsonata(arguments))
    except ConditionFault:
        raise
    except Exception as error:  # the library raises whatever an operator meets; each is a condition without an answer
        raise ConditionFault(str(error)[:200] or type(error).__name__) from error
    if value is True or value is False:
        return value
    raise ConditionFault("it comes to nothing" if value is None else "it comes to neither true nor false")


@lru_cache(maxsize=1)
def _library() -> Any:
    """jsonata-python; importing it raises the whole process's recursion limit, which is put back."""
    limit = sys.getrecursionlimit()
    import jsonata

    sys.setrecursionlimit(limit)
    return jsonata


@lru_cache(maxsize=1024)
def _program(condition: str) -> Any:
    """The parsed condition. Raises ConditionFault; what cannot be parsed is parsed again each time, which is dear and rare."""
    if len(condition) > MAX_CONDITION_LENGTH:
        raise ConditionFault(f"it has {len(condition):,} characters; {MAX_CONDITION_LENGTH:,} are allowed")
    try:
        with _evaluating:
            program = _library().Jsonata(condition, regex_engine=_no_regex)
    except ConditionFault:
        raise
    except Exception as error:
        raise ConditionFault(f"it is no JSONata: {str(error)[:200]}") from error
    for refused in _refused(program.ast):
        raise ConditionFault(f"a condition may not use {refused}")
    program.set_output_convert_nulls(False)
    program.set_validate_input(False)
    return program


def _refused(tree: Any) -> Iterator[str]:
    """What of the condition no clock would stop, found by walking its tree."""
    symbol = _library().Parser.Symbol
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list | tuple):
            waiting.extend(node)
        elif isinstance(node, symbol) and id(node) not in seen:
            seen.add(id(node))
            if node.type == "variable" and node.value in UNBOUNDED:
                yield f"${node.value}"
            if node.type == "binary" and node.value == "..":
                yield "a range"
            waiting.extend(vars(node).values())


def _run(program: Any, arguments: Any) -> Any:
    jsonata = _library().Jsonata
    program.environment = program.create_frame(jsonata.static_frame)
    program.environment.set_runtime_bounds(TIMEOUT_MILLISECONDS, MAX_DEPTH)
    jsonata.CURRENT.jsonata = program
    return program.evaluate(arguments)


def _to_jsonata(value: Json) -> Any:
    """JSON as the library wants it: its own null, whole floats as integers."""
    match value:
        case None:
            return _library().Utils.NULL_VALUE
        case dict():
            return {name: _to_jsonata(member) for name, member in value.items()}
        case list():
            return [_to_jsonata(item) for item in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


def _no_regex(_pattern: str, _flags: Any) -> Any:
    raise ConditionFault("a condition may hold no regular expression; compare with =, in, $contains, $substringAfter or $lowercase")
