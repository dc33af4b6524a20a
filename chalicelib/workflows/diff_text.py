"""A difference as text for people: what went has `-`, what came `+`, what changed `~`; in texts `[-went-]` and `{+came+}`.

In: a `Difference`. Out: lines. Pure: the same text for the same difference.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from chalicelib.spec.model import Json
from chalicelib.workflows.diff import Change, Difference
from chalicelib.workflows.diff_values import Word

_MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "renamed": "→", "moved": "→"}
_TITLES: Final = {
    "transitions": "states entered",
    "invocations": "Lambda invocations",
    "writes": "table writes",
    "price_microdollars": "price on AWS, in µ$",
}
_AROUND: Final = 40  # characters of a text that are shown beside what changed
_LONGEST: Final = 100


def diff_text(difference: Difference) -> str:
    """The whole difference, the document first, then node by node, edges, uses, forecast."""
    if difference.is_same and not difference.forecast:
        return "nothing differs\n"
    parts = (_fields(difference), _edges(difference), _uses(difference), _forecast(difference))
    return "\n".join("\n".join(part) + "\n" for part in map(list, parts) if part)


def _fields(difference: Difference) -> Iterator[str]:
    told = [change for change in difference.changes if change.aspect != "edge"]
    for node, changes in groupby(told, key=lambda change: change.node):
        yield from _of_node(node, list(changes))


def _of_node(node: str | None, changes: list[Change]) -> Iterator[str]:
    if node is None:
        yield from (line for change in changes for line in _field(change, change.path, ""))
        return
    first = changes[0]
    if first.aspect != "node" or first.path.endswith(".type"):
        yield f"~ node {node}"
    for change in changes:
        if change.aspect == "node" and not change.path.endswith(".type"):
            yield f"{_MARKS[change.kind]} node {_title(change)}"
        else:
            yield from _field(change, change.path.removeprefix(f"nodes.{node}."), "    ")


def _title(change: Change) -> str:
    match change.kind:
        case "renamed":
            return f"{change.before} is now {change.after}"
        case "moved":
            return f"{change.node} stands {f'in {change.after}' if change.after else 'outside of maps'} now"
        case _:
            body = change.after or change.before
            return f"{change.node} ({body['type']})" if isinstance(body, dict) else str(change.node)


def _field(change: Change, path: str, indent: str) -> Iterator[str]:
    match change.kind:
        case "added":
            yield f"{indent}+ {path}: {_shown(change.after)}"
        case "removed":
            yield f"{indent}- {path}: {_shown(change.before)}"
        case _ if change.words:
            yield f"{indent}~ {path}:"
            yield from (f"{indent}    {line}".rstrip() for line in words_text(change.words).splitlines())
        case _:
            yield f"{indent}~ {path}: {_shown(change.before)} -> {_shown(change.after)}"


def words_text(words: tuple[Word, ...]) -> str:
    """A text with its changes in place; what stayed is shortened."""
    return "".join(_word(how, text, is_first=place == 0, is_last=place == len(words) - 1) for place, (how, text) in enumerate(words))


def _word(how: str, text: str, *, is_first: bool, is_last: bool) -> str:
    match how:
        case "removed":
            return f"[-{text}-]"
        case "added":
            return f"{{+{text}+}}"
        case _:
            return _short(text, is_first=is_first, is_last=is_last)


def _short(text: str, *, is_first: bool, is_last: bool) -> str:
    """What stands beside a change; of what is far from one nothing."""
    head = "" if is_first else text[:_AROUND]
    tail = "" if is_last else text[-_AROUND:]
    return text if len(text) <= len(head) + len(tail) + 3 else f"{head} … {tail}"


def _edges(difference: Difference) -> Iterator[str]:
    for change in difference.changes:
        if change.aspect == "edge":
            when = f"{_when(change.before)} -> {_when(change.after)}" if change.kind == "changed" else _when(change.after or change.before)
            yield f"{_MARKS[change.kind]} edge {change.path} {when}".rstrip()


def _when(value: Json) -> str:
    return f"when {value}" if value else "(always)"


def _uses(difference: Difference) -> Iterator[str]:
    for each in difference.uses:
        kind = each.kind.replace("_", " ")
        yield from (f"+ {kind}: {use}" for use in each.added)
        yield from (f"- {kind}: {use}" for use in each.removed)


def _forecast(difference: Difference) -> Iterator[str]:
    for figure, both in (difference.forecast or {}).items():
        yield f"~ forecast, {_TITLES[figure]}: {_range(both['before'])} -> {_range(both['after'])}"


def _range(value: Json) -> str:
    if not isinstance(value, dict):
        return "unknown"
    least, most = value["least"], value["most"]
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
