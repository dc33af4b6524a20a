"""Ids, items and outcome labels: what they may be called.

In: `Authored`. Out: diagnostics. A node's id becomes a Step Functions variable and a state's name; a label becomes an outcome and a button.
"""

import re
from collections.abc import Iterator
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic
from chalicelib.spec.functions import REFUSED_FUNCTIONS, STEP_FUNCTIONS_FUNCTIONS
from chalicelib.spec.nodes import NODE_ID_PATTERN, Choice, Condition, HumanGate, Map
from chalicelib.spec.rules.authored import Authored
from chalicelib.spec.schema_types import DEFAULT_OTHERWISE, choice_names

RESERVED_IDS: Final = frozenset({"states", "context", "run", "item"})
RESERVED_LABELS: Final = frozenset({"error", "timed_out"})
MAX_LABEL_LENGTH: Final = 40
_LABEL: Final = re.compile(r"[^\s$&{][^\x00-\x1f]*")


def bad_ids(authored: Authored) -> Iterator[Diagnostic]:
    for part in authored.nodes:
        if not re.fullmatch(NODE_ID_PATTERN, part.id):
            message = f"`{part.id}` is no id: lower-case letters, digits and `_`, a letter first, 48 at most"
            yield authored.key_error("bad-id", message, part.path, _id_hint(part.id))


def _id_hint(written: str) -> str:
    near = re.sub(r"[^a-z0-9]+", "_", written.lower()).strip("_")[:48]
    return f"for example `{near}`" if re.fullmatch(NODE_ID_PATTERN, near) else ""


def duplicate_ids(authored: Authored) -> Iterator[Diagnostic]:
    """Unique over the whole workflow, maps included: an id is a state's name and a variable. YAML's own duplicates are told by the reader."""
    first: dict[str, str] = {}
    for part in authored.nodes:
        if first.setdefault(part.id, part.path) != part.path:
            line = authored.positions.key(first[part.id]).line
            yield authored.key_error(
                "duplicate-id", f"`{part.id}` is the id of another node already (line {line})", part.path, "ids are unique, in maps too"
            )


def reserved_ids(authored: Authored) -> Iterator[Diagnostic]:
    items = {node.as_ for _, node in authored.of_type(Map)}
    for part in authored.nodes:
        reason = _reason(part.id) or (f"`${part.id}` is the item of a map" if part.id in RESERVED_IDS | items else "")
        if reason:
            yield authored.key_error("reserved-id", f"a node cannot be called `{part.id}`: {reason}", part.path, "choose another id")


def reserved_items(authored: Authored) -> Iterator[Diagnostic]:
    for path, node in authored.of_type(Map):
        reason = _reason(node.as_)
        if reason:
            yield authored.error("reserved-id", f"an item cannot be called `{node.as_}`: {reason}", f"{path}.as", "choose another name")


def _reason(name: str) -> str:
    if name in STEP_FUNCTIONS_FUNCTIONS | REFUSED_FUNCTIONS:
        return f"`${name}` is a function"
    return f"`${name}` has a meaning of its own" if name in RESERVED_IDS - {"item"} else ""


def shadowed_items(authored: Authored) -> Iterator[Diagnostic]:
    """A map inside a map needs another name for its item, or the outer one could not be read."""
    names = {part.id: part.node.as_ for part in authored.nodes if isinstance(part.node, Map)}
    for part in authored.nodes:
        if isinstance(part.node, Map) and part.node.as_ in [names.get(outer) for outer in part.maps]:
            message = f"`${part.node.as_}` is the item of a map around this one"
            yield authored.error("shadowed-item", message, f"{part.path}.as", "give this map another `as`")


def bad_labels(authored: Authored) -> Iterator[Diagnostic]:
    for path, label in _labels(authored):
        if label in RESERVED_LABELS:
            yield authored.key_error(
                "reserved-label", f"`{label}` is an outcome of its own and no name for a choice or case", path, "choose another name"
            )
        elif len(label) > MAX_LABEL_LENGTH or not _LABEL.fullmatch(label):
            message = f"an outcome's name has 1 to {MAX_LABEL_LENGTH} characters on one line and starts with no blank, `$`, `&` or brace"
            yield authored.key_error("bad-label", message, path)


def _labels(authored: Authored) -> Iterator[tuple[str, str]]:
    for path, gate in authored.of_type(HumanGate):
        for index, choice in enumerate(gate.choices):
            yield (f"{path}.choices.{index}.choice", choice.choice) if isinstance(choice, Choice) else (f"{path}.choices.{index}", choice)
    for path, condition in authored.of_type(Condition):
        yield from ((f"{path}.cases.{label}", label) for label in condition.cases or {})
        if condition.otherwise is not None:
            yield f"{path}.else", condition.otherwise


def duplicate_labels(authored: Authored) -> Iterator[Diagnostic]:
    for path, gate in authored.of_type(HumanGate):
        names = choice_names(gate)
        for index, name in enumerate(names):
            if name in names[:index]:
                yield authored.error("duplicate-label", f"the choice `{name}` stands here twice", f"{path}.choices.{index}")
    for path, condition in authored.of_type(Condition):
        otherwise = condition.otherwise or DEFAULT_OTHERWISE
        if otherwise in (condition.cases or {}):
            where = f"{path}.else" if condition.otherwise else f"{path}.cases.{otherwise}"
            yield authored.error("duplicate-label", f"`{otherwise}` is a case and the outcome where no case holds", where, "give `else` another name")
