"""`{secret: name}`: what stands for a secret in the arguments of a tool call.

In: authored JSON. Out: `SecretReference` for an object with exactly the key `secret`, a text, and optionally `prefix`, another; None for anything
else; and where references stand. It never knows a value: the worker puts it in right before the tool runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chalicelib.spec.binding import Literal, parse_binding
from chalicelib.spec.model import Json

SECRET_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_KEYS: Final = ({"secret"}, {"secret", "prefix"})


@dataclass(frozen=True, slots=True)
class SecretReference:
    """`prefix` is put before the value: `Bearer `. Both are as authored."""

    name: str
    prefix: str = ""

    @property
    def has_good_name(self) -> bool:
        return SECRET_NAME.fullmatch(self.name) is not None

    @property
    def has_good_prefix(self) -> bool:
        """It may not read anything."""
        return isinstance(parse_binding(self.prefix), Literal)

    @property
    def written_prefix(self) -> str:
        """The prefix with its escapes undone."""
        binding = parse_binding(self.prefix)
        return str(binding.value) if isinstance(binding, Literal) else self.prefix


def secret_reference(value: Json) -> SecretReference | None:
    if not isinstance(value, dict) or set(value) not in _KEYS:
        return None
    name, prefix = value["secret"], value.get("prefix", "")
    return SecretReference(name, prefix) if isinstance(name, str) and isinstance(prefix, str) else None


def secret_references(value: Json, path: str) -> Iterator[tuple[str, SecretReference]]:
    """Every reference with its dotted path."""
    found = secret_reference(value)
    if found is not None:
        yield path, found
        return
    match value:
        case dict():
            for name, member in value.items():
                yield from secret_references(member, f"{path}.{name}")
        case list():
            for index, item in enumerate(value):
                yield from secret_references(item, f"{path}.{index}")
        case _:
            return
