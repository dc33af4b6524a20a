"""Where each authored value stands in the text.

In: marks by dotted path, as `spec.yaml_text` meets them. Out: `Location`s, also inside a string, for the column of a fault in an expression.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chalicelib.spec.diagnostic import Location

_ESCAPES: Final = {"'": "'", '"': "\\"}  # how an escape begins, by the style of the scalar


@dataclass(frozen=True, slots=True)
class Mark:
    """Line and column, from 1, of a member's key and of its value; `shown` is where a reader looks for it. `style` is YAML's mark of a scalar."""

    key: tuple[int, int]
    value: tuple[int, int]
    is_scalar: bool
    style: str = ""

    @property
    def shown(self) -> tuple[int, int]:
        return self.value if self.is_scalar else self.key


@dataclass(frozen=True)
class Positions:
    """`marks` by dotted path (`nodes.rank.prompt`, `edges.2.when`); `lines` is the text.

    `doubtful` is the author's spelling of each boolean that was written `yes`, `no`, `on` or `off`, by path.
    """

    marks: Mapping[str, Mark] = field(default_factory=dict)
    lines: Sequence[str] = ()
    doubtful: Mapping[str, str] = field(default_factory=dict)

    def at(self, path: str) -> Location:
        """Of a scalar where its value starts, of an object or a list where its key does; of an absent path what its nearest parent gives."""
        line, column = self._nearest(path).shown
        return Location(line, column, path)

    def key(self, path: str) -> Location:
        """Where the key stands (for an item of a list: its value)."""
        line, column = self._nearest(path).key
        return Location(line, column, path)

    def inside(self, path: str, offset: int) -> Location:
        """The character at `offset` of the string at `path`; where the text does not show the string letter by letter, its start."""
        mark = self.marks.get(path)
        if mark is None or not mark.is_scalar:
            return self.at(path)
        line, column = mark.value
        if mark.style == "|":
            return self._inside_block(path, line, offset)
        if mark.style == ">":
            return Location(line, column, path)
        shift = offset + len(mark.style)
        written = self.lines[line - 1][column - 1 : column - 1 + shift] if line <= len(self.lines) else ""
        is_verbatim = len(written) == shift and not any(sign in written[len(mark.style) :] for sign in _ESCAPES.get(mark.style, ()))
        return Location(line, column + shift if is_verbatim else column, path)

    def _inside_block(self, path: str, header: int, offset: int) -> Location:
        """A literal block: its lines follow the header, indented as its first line with text is."""
        body = self.lines[header:]
        indent = next((len(line) - len(line.lstrip(" ")) for line in body if line.strip()), 0)
        for number, line in enumerate(body, start=header + 1):
            width = max(len(line) - indent, 0)
            if offset <= width:
                return Location(number, indent + offset + 1, path)
            offset -= width + 1
        return self.at(path)

    def _nearest(self, path: str) -> Mark:
        while path not in self.marks and path:
            path = path.rpartition(".")[0]
        return self.marks.get(path, Mark((1, 1), (1, 1), is_scalar=False))
