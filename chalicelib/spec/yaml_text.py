"""YAML or JSON text as plain JSON, with the place of every value.

In: text or bytes. Out: `Composed`: a JSON value (None where there is none), its positions, and diagnostics. It reads parse events, so that
duplicate keys, tags, aliases and the author's own spelling are seen, and stops early on what would grow without end. It never raises.
"""

import re
from dataclasses import dataclass
from typing import Final, assert_never

import yaml
from yaml import events
from yaml.reader import Reader

from chalicelib.spec.diagnostic import Diagnostic, Location, Severity
from chalicelib.spec.model import Json
from chalicelib.spec.positions import Mark, Positions
from chalicelib.spec.yaml_scalars import Trap, is_doubtful_boolean, plain_scalar

MAX_BYTES: Final = 1_000_000
MAX_VALUES: Final = 100_000
MAX_ALIASED_VALUES: Final = 20_000
MAX_NESTING: Final = 64

Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is built in: four times faster
_SURROGATES: Final = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_HINTS: Final = {  # by what the parser says
    "values are not allowed": "put quotes around a text that contains a colon and a space, and indent all keys of an object alike",
    "expected ',' or": "close the bracket, or put quotes around a text that starts with `{` or `[`",
    "unexpected end of stream": "close the quotes",
    "escape character": "in double quotes write a backslash twice",
}
_BRACES_HINT: Final = 'put quotes around a text that starts with `{{`: "{{ $node.field }}"'


@dataclass(frozen=True)
class Composed:
    value: Json
    positions: Positions
    diagnostics: tuple[Diagnostic, ...]


def compose(text: str | bytes) -> Composed:
    decoded = _decode(text)
    if isinstance(decoded, Diagnostic):
        return Composed(None, Positions(), (decoded,))
    builder = _Builder()
    stopped: tuple[Diagnostic, ...] = ()
    try:
        for event in yaml.parse(decoded, Loader=Loader):
            builder.take(event)
    except _StoppedError as stop:
        stopped = (stop.diagnostic,)
    except yaml.YAMLError as error:
        stopped = (_syntax(error, decoded),)
    positions = Positions(builder.marks, decoded.splitlines(), builder.doubtful)
    return Composed(None if stopped else builder.value, positions, (*builder.diagnostics, *stopped))


def _decode(text: str | bytes) -> str | Diagnostic:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        hint = "split the workflow, or let a tool read long texts"
        return _error("text-too-large", f"the text has {size:,} bytes; {MAX_BYTES:,} are allowed", hint=hint)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            return _error("not-utf8", "the text is not UTF-8", Location(line, 1), "save the file as UTF-8")
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):  # JSON writes what is beyond the basic plane as two escapes, YAML as one
        text = _SURROGATES.sub(lambda pair: f"\\U{_code_point(pair[1], pair[2]):08X}", text)
    unprintable = Reader.NON_PRINTABLE.search(text)
    if unprintable:
        before = text[: unprintable.start()]
        place = Location(before.count("\n") + 1, len(before) - before.rfind("\n"))
        return _error("yaml-syntax", f"the character U+{ord(unprintable[0]):04X} is not allowed", place, "remove it, or write it as an escape")
    return text


def _code_point(high: str, low: str) -> int:
    return 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)


def _syntax(error: yaml.YAMLError, text: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    place = Location(line + 1, column + 1)
    problem = getattr(error, "problem", None) or str(error)
    if "cannot start any token" in problem:
        first = "".join(text.splitlines()[line : line + 1])[column : column + 1]
        hint = "indent with spaces" if first == "\t" else f"put quotes around a text that starts with `{first}`"
        return _error("yaml-syntax", f"no value starts with {'a tab' if first == chr(9) else f'`{first}`'}", place, hint)
    hint = next((hint for sign, hint in _HINTS.items() if sign in problem), "")
    return _error("yaml-syntax", f"this is no YAML: {problem}", place, hint)


def _error(code: str, message: str, location: Location = Location(1, 1), hint: str = "") -> Diagnostic:  # noqa: B008 (a frozen value)
    return Diagnostic(code, Severity.ERROR, message, location, hint)


class _StoppedError(Exception):
    """Reading on makes no sense."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _Open:
    """An object or list that is being read. `key` is the pending key; `first` the count of values when it began."""

    container: "dict[str, Json] | list[Json]"
    path: str
    anchor: str | None
    first: int
    key: str | None = None
    key_at: tuple[int, int] = (1, 1)
    is_dropped: bool = False  # the pending key is not taken: it stands here already


class _Builder:
    """Takes the parser's events one by one. Its state is what has been read so far."""

    def __init__(self) -> None:
        self.value: Json = None
        self.marks: dict[str, Mark] = {}
        self.diagnostics: list[Diagnostic] = []
        self.doubtful: dict[str, str] = {}
        self._open: list[_Open] = []
        self._anchored: dict[str, tuple[Json, int]] = {}
        self._count = self._aliased = self._documents = 0

    def take(self, event: events.Event) -> None:
        match event:
            case events.ScalarEvent():
                self._scalar(event)
            case events.MappingStartEvent() | events.SequenceStartEvent():
                self._start(event)
            case events.MappingEndEvent() | events.SequenceEndEvent():
                self._end()
            case events.AliasEvent():
                self._alias(event)
            case events.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _StoppedError(
                        _error("many-documents", "the text holds more than one YAML document", _location(event), "one workflow per text")
                    )
            case _:
                pass

    def _scalar(self, event: events.ScalarEvent) -> None:
        if self._awaits_key():
            self._key(event)
            return
        self._refuse_tag(event)
        path = self._path()
        value: Json = event.value
        if event.implicit[0]:
            value = self._plain(event, path)
        self._place(event, path, value, is_scalar=True)
        if event.anchor:
            self._anchored[event.anchor] = (value, 1)

    def _plain(self, event: events.ScalarEvent, path: str) -> Json:
        scalar = plain_scalar(event.value)
        if scalar.trap is Trap.NONE:
            return scalar.value
        where = _location(event, path)
        match scalar.trap:
            case Trap.BOOLEAN:
                self.doubtful[path] = event.value
            case Trap.NUMBER:
                hint = f'write "{event.value}" for a text, or a plain decimal number'
                message = f"`{event.value}` is kept as text, though YAML 1.1 reads a number"
                self.diagnostics.append(Diagnostic("yaml-number", Severity.WARNING, message, where, hint))
            case Trap.TOO_LARGE:
                self.diagnostics.append(_error("number-too-large", "the number is too large for JSON", where, "write it as a text in quotes"))
            case _:
                assert_never(scalar.trap)
        return scalar.value

    def _key(self, event: events.ScalarEvent) -> None:
        top = self._open[-1]
        self._refuse_tag(event)
        top.key, top.key_at = event.value, _point(event)
        path = self._path()
        container = top.container
        top.is_dropped = event.value in container
        if top.is_dropped:
            first = self.marks[path].key[0]
            self.diagnostics.append(_error("duplicate-key", f"`{event.value}` stands here twice (first in line {first})", _location(event, path)))
        if event.implicit[0] and is_doubtful_boolean(event.value):
            message = f"YAML reads the key `{event.value}` as a boolean"
            self.diagnostics.append(_error("yaml-boolean", message, _location(event, path), f'write it in quotes: "{event.value}"'))
        if event.value == "<<":
            top.is_dropped = True
            self.diagnostics.append(_error("yaml-merge", "YAML's merge key `<<` is not supported", _location(event, path), "repeat the keys"))

    def _start(self, event: events.MappingStartEvent | events.SequenceStartEvent) -> None:
        is_mapping = isinstance(event, events.MappingStartEvent)
        if self._awaits_key():
            raise _StoppedError(_error("yaml-key", "a key has to be a text", _location(event), _BRACES_HINT if is_mapping else ""))
        if len(self._open) >= MAX_NESTING:
            raise _StoppedError(_error("nested-too-deep", f"values are nested more than {MAX_NESTING} levels deep", _location(event)))
        self._refuse_tag(event)
        path = self._path()
        container: dict[str, Json] | list[Json] = {} if is_mapping else []
        self._place(event, path, container, is_scalar=False)
        self._open.append(_Open(container, path, event.anchor, self._count))

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.anchor:
            self._anchored[closed.anchor] = (closed.container, self._count - closed.first + 1)

    def _alias(self, event: events.AliasEvent) -> None:
        where = _location(event)
        if self._awaits_key():
            raise _StoppedError(_error("yaml-key", "a key has to be a text", where))
        if event.anchor not in self._anchored:
            is_own = any(opened.anchor == event.anchor for opened in self._open)
            problem = "stands inside what it refers to" if is_own else "refers to nothing before it"
            raise _StoppedError(_error("yaml-alias", f"the alias `*{event.anchor}` {problem}", where))
        value, size = self._anchored[event.anchor]
        self._aliased += size
        self._count += size
        if self._aliased > MAX_ALIASED_VALUES:
            raise _StoppedError(_error("yaml-alias", f"aliases stand for more than {MAX_ALIASED_VALUES:,} values", where, "write fewer aliases"))
        self._place(event, self._path(), value, is_scalar=True)

    def _place(self, event: events.Event, path: str, value: Json, *, is_scalar: bool) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _StoppedError(_error("too-many-values", f"the text holds more than {MAX_VALUES:,} values", _location(event)))
        point = _point(event)
        style = event.style or "" if isinstance(event, events.ScalarEvent) else ""
        if not self._open:
            self.value = value
            self.marks[path] = Mark(point, point, is_scalar, style)
            return
        top = self._open[-1]
        if isinstance(top.container, list):
            top.container.append(value)
            self.marks.setdefault(path, Mark(point, point, is_scalar, style))
            return
        if not top.is_dropped:
            top.container[str(top.key)] = value
            self.marks.setdefault(path, Mark(top.key_at, point, is_scalar, style))
        top.key = None

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].container, dict) and self._open[-1].key is None

    def _path(self) -> str:
        if not self._open:
            return ""
        top = self._open[-1]
        last = str(len(top.container)) if isinstance(top.container, list) else str(top.key)
        return f"{top.path}.{last}" if top.path else last

    def _refuse_tag(self, event: events.ScalarEvent | events.MappingStartEvent | events.SequenceStartEvent) -> None:
        if event.tag is not None:
            message = f"YAML tags are not supported: `{event.tag.replace('tag:yaml.org,2002:', '!!')}`"
            self.diagnostics.append(_error("yaml-tag", message, _location(event, self._path()), "remove the tag; quotes make a text"))


def _point(event: events.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _location(event: events.Event, path: str = "") -> Location:
    line, column = _point(event)
    return Location(line, column, path)
