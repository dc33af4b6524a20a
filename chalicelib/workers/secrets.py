"""Puts secrets into a tool's arguments right before it runs, and keeps them out of everything that it gives back.

In: the authored arguments, the same rendered, a way to resolve a name. Out: `Armed`: the arguments with the values in them, and their redaction;
`Lent`: all secrets of one piece of work, those that settings and registered agents name among them, as it
comes to need them.
Only what is authored as `{secret: name}` is resolved, never what came in through a binding: an input cannot ask for a secret.
Never: an exception from the tool with a value in it, in its cause or in its context.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from chalicelib.access.redaction import Redaction
from chalicelib.access.secrets import DEPLOYMENT, resolve
from chalicelib.spec.model import Json, JsonObject
from chalicelib.spec.secret_reference import secret_reference, secret_references
from chalicelib.tools.tool import Kept, KeyValue
from chalicelib.workers.failures import named

Result = TypeVar("Result")
Resolve = Callable[[str], str]
NOTHING: Final = Redaction({})


@dataclass(frozen=True, slots=True)
class Armed:
    """`repr` shows nothing: it ends in logs sooner or later."""

    arguments: JsonObject
    redaction: Redaction

    def __repr__(self) -> str:
        return "Armed(…)"


def armed(authored: JsonObject, rendered: JsonObject, resolve: Resolve) -> Armed:
    """`rendered` may hold more than was authored: what a model says beside the arguments that are fixed. Raises SecretMissing."""
    names = {reference.name for _, reference in secret_references(authored, "")}
    if not names:
        return Armed(rendered, NOTHING)
    values = {name: resolve(name) for name in sorted(names)}
    filled = {key: _filled(authored[key], value, values) if key in authored else value for key, value in rendered.items()}
    return Armed(filled, Redaction(values))


def guarded(redaction: "Redaction | Lent", act: Callable[[], Result]) -> Result:
    """What `act` gives. What it raises is raised anew as the machine shall see it, without the secrets."""
    try:
        return act()
    except Exception as error:
        if not redaction.secrets:
            raise
        failure = named(error)
        failure.args = (redaction.text(str(failure)),)
        where = error.__traceback__
    failure.__cause__ = failure.__context__ = None  # logs would tell what stood behind it
    raise failure.with_traceback(where)


@dataclass(frozen=True, slots=True)
class Lent:
    """The secrets that a piece of work has been handed so far, by what stands in their place; and their redaction, of those that come later, too."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def of_deployment(self, name: str) -> str:
        """What the settings name. Raises SecretMissing."""
        value = resolve(DEPLOYMENT, name)
        self.secrets[f"{name} of the deployment"] = value
        return value

    def of_organisation(self, organisation_id: str, name: str) -> str:
        """What an agent's registration names. Raises SecretMissing."""
        value = resolve(organisation_id, name)
        self.secrets[name] = value
        return value

    def text(self, text: str) -> str:
        return Redaction(self.secrets).text(text)

    def json(self, value: Json) -> Json:
        return Redaction(self.secrets).json(value)


@dataclass(frozen=True, slots=True)
class RedactedMemory:
    """Key-value memory that keeps no secret."""

    memory: KeyValue
    redaction: Lent

    def get(self, key: str) -> Kept | None:
        return self.memory.get(self.redaction.text(key))

    def put(self, key: str, value: Json) -> None:
        self.memory.put(self.redaction.text(key), self.redaction.json(value))


def _filled(authored: Json, rendered: Json, values: dict[str, str]) -> Json:
    """Along the authored value: rendering keeps the shape of objects and lists, and what a binding gave is left as it is."""
    reference = secret_reference(authored)
    if reference is not None:
        return reference.written_prefix + values[reference.name]
    match authored, rendered:
        case dict(), dict():
            return {key: _filled(authored[key], member, values) for key, member in rendered.items()}
        case list(), list():
            return [_filled(each, item, values) for each, item in zip(authored, rendered, strict=True)]
        case _:
            return rendered
