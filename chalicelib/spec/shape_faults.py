"""pydantic's findings as diagnostics: one table from its error types to plain words.

In: a ValidationError of one model, the authored value, its path. Out: diagnostics at authored paths: what pydantic adds to a location (the
members of a union) is left out, and of a union's findings only those that fit the kind of value which was written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chalicelib.spec.agent_parts import TOOL_NAME_PATTERN, Asking, Attach, Budget, Caching, PolicyRule, Skill, ToolGrant
from chalicelib.spec.deciders import Deciders
from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.edges import EdgeSpec
from chalicelib.spec.model import Json, SpecModel
from chalicelib.spec.nodes import NODE_ID_PATTERN, AtLeast, Choice, Goto, Repeat, Retry
from chalicelib.spec.positions import Positions
from chalicelib.spec.workflow import WORKFLOW_NAME_PATTERN

# The models inside a node or workflow, by the key under which they stand.
_INNER_MODELS: Final[Mapping[str, type[SpecModel]]] = MappingProxyType(
    {
        "retry": Retry,
        "repeat": Repeat,
        "on_error": Goto,
        "choices": Choice,
        "who": Deciders,
        "require": AtLeast,
        "edges": EdgeSpec,
        "agent": Skill,
        "tools": ToolGrant,
        "rules": PolicyRule,
        "ask": Asking,
        "attach": Attach,
        "cache": Caching,
        "budget": Budget,
    }
)
# What fields of more than one kind accept, in words.
_UNIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "on_error": "`fail`, `continue` or {goto: <node>}",
        "require": "`all`, `any` or {at_least: <count>}",
        "choices": "a name or {choice, title, approves}",
        "agent": "a name or {skill: <what it can do>}",
        "tools": "a tool's name or {tool, with, policy, …}",
        "when": "an outcome label or an expression",
        "seconds": "a whole number or an expression",
        "over": "an expression or a list",
        "backoff_rate": "a number",
        "expected_seconds": "a number",
    }
)
_WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "string_type": "a text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "list_type": "a list",
        "dict_type": "an object",
        "model_type": "an object",
    }
)
_SYNONYMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "args": "with",
        "arguments": "with",
        "condition": "if",
        "default": "else",
        "depends_on": "after",
        "inputs": "with",
        "needs": "after",
        "params": "with",
        "question": "ask",
        "source": "from",
        "steps": "nodes",
        "target": "to",
    }
)
_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        WORKFLOW_NAME_PATTERN: "2 to 63 lower-case letters, digits and `-`, a letter first",
        TOOL_NAME_PATTERN: "1 to 64 letters, digits, `_` and `-`, a letter first",
        NODE_ID_PATTERN: "1 to 48 lower-case letters, digits and `_`, a letter first",
    }
)
_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    """One pydantic error at its authored place. `value` is what stands there, `is_union` whether a union's member was tried."""

    details: ErrorDetails
    place: _Place
    value: Json
    is_union: bool

    @property
    def kind(self) -> str:
        return self.details["type"]

    @property
    def field(self) -> str:
        return next((part for part in reversed(self.place) if isinstance(part, str)), "")

    @property
    def shown(self) -> str:
        """The place as a sentence names it: `after`, `after[0]`."""
        if not self.place:
            return "this"
        last = self.place[-1]
        return f"`{self.field}[{last}]`" if isinstance(last, int) else f"`{last}`"


def shape_faults(error: ValidationError, model: type[SpecModel], value: Json, path: str, positions: Positions) -> Iterator[Diagnostic]:
    """One diagnostic per authored place; a missing or unknown key has a place of its own."""
    by_place: dict[_Place, list[_Finding]] = {}
    for finding in (_finding(details, value) for details in error.errors(include_url=False, include_context=True)):
        by_place.setdefault(finding.place, []).append(finding)
    above = {place[:length] for place in by_place for length in range(len(place))}
    meant = {(*found[0].place[:-1], _nearest_key(found[0], model)) for found in by_place.values() if found[0].kind == "extra_forbidden"}
    for place, found in by_place.items():
        if found[0].kind == "missing" and place in meant:
            continue  # the unknown key is the missing one, misspelt
        if found[0].is_union and isinstance(found[0].value, dict) and place in above:
            continue  # an object was written, and what is wrong inside it is told there
        yield _diagnostic(found, model, ".".join(str(part) for part in (path, *place) if part != ""), positions)


def _finding(details: ErrorDetails, value: Json) -> _Finding:
    """The location without what the authored value does not have; a missing key is the last part nevertheless."""
    place: list[str | int] = []
    skipped = False
    for part in details["loc"]:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            skipped = True
            continue
        place.append(part)
        skipped = False
    if details["type"] == "missing":
        return _Finding(details, (*place, details["loc"][-1]), value, is_union=False)
    return _Finding(details, tuple(place), value, is_union=skipped)


def _diagnostic(found: list[_Finding], model: type[SpecModel], path: str, positions: Positions) -> Diagnostic:
    first = found[0]
    location = positions.key(path) if first.kind in {"extra_forbidden", "missing"} else positions.at(path)
    code, message, hint = _words(found, model, positions.doubtful.get(path))
    return Diagnostic(code, Severity.ERROR, message, location, hint)


def _words(found: list[_Finding], model: type[SpecModel], doubtful: str | None) -> tuple[str, str, str]:
    """Code, message and hint."""
    first = found[0]
    kinds = {finding.kind for finding in found}
    if isinstance(first.value, bool) and kinds & {"string_type", "literal_error", "enum"}:
        return _boolean_for_text(first, doubtful)
    if "literal_error" in kinds or "enum" in kinds:
        return _unknown_value(next(finding for finding in found if finding.kind in {"literal_error", "enum"}), is_union=first.is_union)
    if first.is_union:
        return "wrong-type", f"{first.shown} has to be {_UNIONS[first.field]}, not {_kind_of(first.value)}", ""
    if first.kind == "extra_forbidden":
        return _unknown_key(first, model)
    if first.kind in _WANTED:
        return _wrong_type(first)
    return _LIMITS[first.kind](first)


def _boolean_for_text(finding: _Finding, doubtful: str | None) -> tuple[str, str, str]:
    read = "true" if finding.value else "false"
    if doubtful is None:
        return "wrong-type", f"{finding.shown} has to be a text, not the boolean {read}", f'write it in quotes: "{read}"'
    return "yaml-boolean", f"YAML reads `{doubtful}` as the boolean {read}, where a text is wanted", f'write it in quotes: "{doubtful}"'


def _unknown_value(finding: _Finding, *, is_union: bool) -> tuple[str, str, str]:
    expected = str(finding.details.get("ctx", {}).get("expected", ""))
    allowed = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    words = _UNIONS[finding.field] if is_union else " or ".join(f"`{word}`" for word in allowed)
    if not isinstance(finding.value, str):
        code = "unknown-value" if isinstance(finding.value, int) else "wrong-type"
        return code, f"{finding.shown} has to be {words}, not {_kind_of(finding.value)}", ""
    near = get_close_matches(finding.value, allowed, n=1)
    return "unknown-value", f"{finding.shown} has to be {words}, not `{finding.value}`", f"did you mean `{near[0]}`?" if near else ""


def _unknown_key(finding: _Finding, model: type[SpecModel]) -> tuple[str, str, str]:
    near = _nearest_key(finding, model)
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(authored_keys(_owner(finding, model)))}"
    return "unknown-key", f"there is no key `{finding.place[-1]}` here", hint


def _nearest_key(finding: _Finding, model: type[SpecModel]) -> str | None:
    key = str(finding.place[-1])
    known = authored_keys(_owner(finding, model))
    synonym = _SYNONYMS.get(key)
    return synonym if synonym in known else next(iter(get_close_matches(key, known, n=1)), None)


def _owner(finding: _Finding, model: type[SpecModel]) -> type[SpecModel]:
    """The model of the object in which the finding is."""
    return next((_INNER_MODELS[part] for part in reversed(finding.place[:-1]) if isinstance(part, str) and part in _INNER_MODELS), model)


def authored_keys(model: type[SpecModel]) -> list[str]:
    """The keys that a model accepts, as they are written."""
    return [declared.alias or name for name, declared in model.model_fields.items()]


def _wrong_type(finding: _Finding) -> tuple[str, str, str]:
    wanted = _WANTED[finding.kind]
    hint = ""
    if finding.kind == "list_type" and isinstance(finding.value, str):
        hint = f"write `{finding.field}: [{finding.value}]`"
    elif finding.kind == "string_type" and isinstance(finding.value, int | float):
        hint = f'write it in quotes: "{finding.value}"'
    return "wrong-type", f"{finding.shown} has to be {wanted}, not {_kind_of(finding.value)}", hint


def _missing(finding: _Finding) -> tuple[str, str, str]:
    return "missing-key", f"{finding.shown} is missing", ""


def _limit(words: str, bound: str) -> Callable[[_Finding], tuple[str, str, str]]:
    def say(finding: _Finding) -> tuple[str, str, str]:
        limit = finding.details.get("ctx", {}).get(bound)
        return "out-of-range", f"{finding.shown} has to {words.format(limit)}", ""

    return say


def _bad_name(finding: _Finding) -> tuple[str, str, str]:
    pattern = str(finding.details.get("ctx", {}).get("pattern"))
    return "bad-name", f"`{finding.value}` is no name for {finding.shown}", _PATTERNS[pattern]


_LIMITS: Final[Mapping[str, Callable[[_Finding], tuple[str, str, str]]]] = MappingProxyType(
    {
        "missing": _missing,
        "greater_than_equal": _limit("be at least {}", "ge"),
        "less_than_equal": _limit("be at most {}", "le"),
        "too_short": _limit("hold {} at least", "min_length"),
        "too_long": _limit("hold {} at most", "max_length"),
        "string_too_long": _limit("have at most {} characters", "max_length"),
        "string_pattern_mismatch": _bad_name,
    }
)


def _kind_of(value: Json) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
