"""What a draft's text says of itself, as far as it can be read: its name, its title."""

import re
from dataclasses import dataclass
from typing import Final

from chalicelib.spec.diagnostic import Diagnostic, Severity
from chalicelib.spec.load import load
from chalicelib.spec.model import Json
from chalicelib.spec.workflow import WORKFLOW_NAME_PATTERN
from chalicelib.spec.yaml_text import compose

_TOP_LEVEL: Final = re.compile(r"""^["']?(name|title|description)["']?\s*:\s*["']?([^"'#\n]*?)["']?\s*$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Described:
    """Texts that may be empty. `diagnostics` are those of loading."""

    name: str
    title: str
    description: str
    labels: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]


def describe(text: str) -> Described:
    """A valid text is read whole, one with faults as far as it can be parsed; of any other, lines that look right are taken."""
    loaded = load(text)
    if loaded.spec is not None:
        spec = loaded.spec
        return Described(spec.name, spec.title or "", spec.description or "", dict(spec.labels), loaded.diagnostics)
    found = _texts(compose(text).value) or {match[1]: match[2].strip() for match in reversed(list(_TOP_LEVEL.finditer(text)))}
    return Described(found.get("name", ""), found.get("title", "")[:200], found.get("description", "")[:4000], {}, loaded.diagnostics)


def _texts(value: Json) -> dict[str, str]:
    """The texts at the top of a document that can be parsed."""
    return {name: member for name, member in value.items() if isinstance(member, str)} if isinstance(value, dict) else {}


def name_fault(name: str) -> Diagnostic | None:
    """What keeps a text from being a workflow's name."""
    if re.fullmatch(WORKFLOW_NAME_PATTERN, name):
        return None
    what = f"{name!r} is no name for a workflow" if name else "a workflow needs a name"
    return Diagnostic("bad-name", Severity.ERROR, what, hint="small letters, digits and hyphens, beginning with a letter, 63 at most")
