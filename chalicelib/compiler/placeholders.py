"""A machine's placeholders: `${Worker}` and its like stand for ARNs and names that only a deployment knows.

In: plain ASL and the values. Out: plain ASL with the values in it. Never: a payload or an output touched; they may quote a placeholder as plain text.
A digest is taken before binding, so one spec has one digest in every account.
"""

import re
from collections.abc import Mapping
from typing import Final

from chalicelib.spec.model import Json, JsonObject

PLACEHOLDERS: Final = frozenset({"Worker", "Bucket"})
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
_BOUND: Final = ("Arguments", "ItemReader", "ResultWriter")


def bind(machine_json: JsonObject, values: Mapping[str, str]) -> JsonObject:
    """The machine with its placeholders replaced where a resource may stand: in `Resource`, and in texts directly under `Arguments`.

    Raises ValueError on a placeholder without a value and on a value whose placeholder is not known.
    """
    unknown = sorted(values.keys() - PLACEHOLDERS)
    if unknown:
        raise ValueError(f"no placeholder is called {unknown[0]}")
    return _bind_scope(machine_json, values)


def _bind_scope(scope: JsonObject, values: Mapping[str, str]) -> JsonObject:
    states = scope.get("States")
    return scope | {"States": {name: _bind_state(state, values) for name, state in states.items()}} if isinstance(states, dict) else scope


def _bind_state(state: Json, values: Mapping[str, str]) -> Json:
    if not isinstance(state, dict):
        return state
    if "Credentials" in state:  # somebody else is called, under a role of its own: nothing of ours is in it
        return state
    bound = _bind_texts(state, ("Resource",), values) | {name: _bind_resource(state[name], values) for name in _BOUND if name in state}
    match state:
        case {"Branches": [*branches]}:
            return bound | {"Branches": [_bind_scope(branch, values) if isinstance(branch, dict) else branch for branch in branches]}
        case {"ItemProcessor": dict(processor)}:
            return bound | {"ItemProcessor": _bind_scope(processor, values)}
        case _:
            return bound


def _bind_resource(value: Json, values: Mapping[str, str]) -> Json:
    """`Arguments` and its like: the members that are texts, and those of a reader's own `Arguments`."""
    if not isinstance(value, dict):
        return value
    bound = _bind_texts(value, tuple(value), values)
    return bound | {"Arguments": _bind_resource(value["Arguments"], values)} if "Resource" in value and "Arguments" in value else bound


def _bind_texts(fields: JsonObject, names: tuple[str, ...], values: Mapping[str, str]) -> JsonObject:
    return fields | {name: _replace(text, values) for name in names if isinstance(text := fields.get(name), str)}


def _replace(text: str, values: Mapping[str, str]) -> str:
    missing = [name for name in _PLACEHOLDER.findall(text) if name not in values]
    if missing:
        raise ValueError(f"no value for the placeholder ${{{missing[0]}}}")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
