"""Code with its holes filled: JSONata text in which every key is the variable, path or literal that its scope knows it by.

In: `Names` and a template at a place (scope, state, transition). Out: ASL values: texts `{% … %}`, literals, objects and arrays.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.compiler.asl import ABSENT, Absent, jsonata
from chalicelib.compiler.code import After, Code, Key, Part, Template
from chalicelib.compiler.names import Names, field_of
from chalicelib.compiler.outline import Fork, Scope, State, Transition
from chalicelib.spec.model import Json

_SIMPLE: Final = re.compile(r"^\$[\w.]+$")


@dataclass(frozen=True)
class Renderer:
    """At the entry of `state`, or, with `transition`, at its end by that way."""

    names: Names
    scope: Scope
    state: State
    transition: Transition | None = None

    def value(self, template: Template) -> Json:
        match template:
            case Code():
                return jsonata(self.text(template))
            case str():
                return jsonata(json.dumps(template, ensure_ascii=False)) if template.startswith("{%") and template.endswith("%}") else template
            case list():
                return [self.value(item) for item in template]
            case Mapping():
                return {name: self.value(member) for name, member in template.items()}
            case _:
                return template

    def text(self, source: Code) -> str:
        return "".join(part if isinstance(part, str) else self._hole(part) for part in source.parts)

    def exported(self, key: Key) -> Json:
        """What a branch's end puts out for a key; a derived one may be nothing, which is null outside."""
        assigned = self.transition.assigns.get(key, ABSENT) if self.transition is not None else ABSENT
        if not isinstance(assigned, Absent | Code):
            return self.value(assigned)
        text = self._hole(After(key))
        if key in self.names.outline.derived and self.names.is_inline(self.scope, key):
            return jsonata(f"($V := {text}; $exists($V) ? $V : null)")
        return jsonata(text)

    def _hole(self, part: Part) -> str:
        assert not isinstance(part, str)
        key = part.key
        if isinstance(part, After) and self.transition is not None:
            if key in self.transition.assigns:
                return self._inline(self.transition.assigns[key])
            if isinstance(self.state, Fork) and (index := self.names.branch_of(self.state, key)) is not None:
                return f"$states.result[{index}].{field_of(key)}"
        if key in self.scope.arrivals and self.scope.start == self.state.name:
            return self.text(self.scope.arrivals[key])
        if self.names.is_inline(self.scope, key):
            derived = self.names.outline.derived[key]
            return self._wrapped(self.text(derived.after() if isinstance(part, After) else derived))
        if key in self.names.outline.constants and not self.names.holder(self.scope, key).is_distributed:
            return self.names.outline.constants[key]
        return f"${self.names.variable(self.scope, key)}"

    def _inline(self, template: Template) -> str:
        """A template as JSONata text."""
        match template:
            case Code():
                return self._wrapped(self.text(template))
            case list():
                return "[" + ", ".join(self._inline(item) for item in template) + "]"
            case Mapping():
                members = (f"{json.dumps(name, ensure_ascii=False)}: {self._inline(member)}" for name, member in template.items())
                return "{" + ", ".join(members) + "}"
            case _:
                return json.dumps(template, ensure_ascii=False)

    @staticmethod
    def _wrapped(text: str) -> str:
        return text if _SIMPLE.match(text) else f"({text})"
