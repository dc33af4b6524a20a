"""The plain part of a path: fields and constant indexes, as far as they reach.

In: the steps of a path of jsonata-python's tree, and the text. Out: `StaticPath`. It reads tokens' places from the tree and looks into the text only
for what the tree leaves out: the bracket that closes an index.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

_INDEX_END: Final = re.compile(r"[ \t\r\n]*\]")


@dataclass(frozen=True, slots=True)
class StaticPath:
    """The part of a path that is plain fields and constant indexes: `steps` whole steps and `stages` stages of the last of them."""

    path: tuple[str | int, ...]
    end: int
    steps: int
    stages: int
    is_whole: bool = False


NOTHING_STATIC: Final = StaticPath((), 0, 0, 0)
ROOT_ALONE: Final = StaticPath((), 0, 1, 0)


def stages_of(step: Any) -> list[Any]:
    return [*(step.predicate or ()), *(step.stages or ())]


def static_path(steps: list[Any], text: str, *, grouped: bool) -> StaticPath:
    """How far fields and constant indexes reach without a gap in the text (a grouping may stand between two steps)."""
    path: list[str | int] = []
    end = int(steps[0].position)
    limit = text.find("{", end) if grouped else len(text)
    for index, step in enumerate(steps):
        if index and (step.type != "name" or step.ancestor is not None or int(step.position) > limit):
            return StaticPath(tuple(path), end, index, len(stages_of(steps[index - 1])))
        if index:
            path.append(str(step.value))
            end = int(step.position)
        if step.focus is not None or isinstance(step.index, str) or step.keep_array:
            return StaticPath(tuple(path), end, index + 1, 0)
        for count, stage in enumerate(stages_of(step)):
            closing = _index_end(stage, text)
            if closing is None or closing > limit:
                return StaticPath(tuple(path), end, index + 1, count)
            path.append(int(stage.expr.value))
            end = closing
    return StaticPath(tuple(path), end, len(steps), len(stages_of(steps[-1])), is_whole=not grouped)


def _index_end(stage: Any, text: str) -> int | None:
    """Where `[3]` ends, if that is what the stage is."""
    if stage.type != "filter" or stage.expr.type != "number" or not isinstance(stage.expr.value, int):
        return None
    closing = _INDEX_END.match(text, int(stage.expr.position))
    return closing.end() if closing else None
