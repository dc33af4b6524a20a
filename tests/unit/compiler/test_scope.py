"""What a name means where it is read."""

import pytest

from chalicelib.compiler.scope import Meaning, Place, Scope
from chalicelib.spec.model import JsonObject
from tests.factories.graphs import graph_of

_INNER: JsonObject = {
    "type": "map",
    "over": "$row.cells",
    "as": "cell",
    "after": ["first"],
    "nodes": {"leaf": {"type": "parallel"}, "twin": {"type": "parallel"}},
}
_SCOPE = Scope(
    graph_of(
        {
            "early": "parallel",
            "beside": "parallel",
            "rows": {"type": "map", "as": "row", "after": ["early"], "nodes": {"first": {"type": "parallel"}, "inner": _INNER}},
            "late": {"type": "parallel", "after": ["rows"]},
            "again": {"type": "tool_call", "repeat": {"until": "$again.at = 1", "max_times": 3}},
        }
    )
)
_LEAF = Place(("rows", "inner"), "leaf")


@pytest.mark.parametrize(
    ("place", "root", "meaning"),
    [
        (_LEAF, "context", Meaning.CONTEXT),
        (_LEAF, "run", Meaning.RUN),
        (_LEAF, "cell", Meaning.ITEM),
        (_LEAF, "row", Meaning.ITEM),
        (_LEAF, "first", Meaning.EARLIER),
        (_LEAF, "early", Meaning.EARLIER),
        (_LEAF, "twin", Meaning.LATER),
        (_LEAF, "beside", Meaning.LATER),
        (_LEAF, "inner", Meaning.LATER),
        (_LEAF, "rows", Meaning.LATER),
        (_LEAF, "late", Meaning.LATER),
        (_LEAF, "leaf", Meaning.LATER),
        (_LEAF, "nobody", Meaning.UNKNOWN),
        (Place(("rows", "inner"), "leaf", settled=True), "leaf", Meaning.OWN),
        (Place(("rows",), "inner"), "cell", Meaning.UNKNOWN),
        (Place(("rows",), "inner"), "leaf", Meaning.INSIDE),
        (Place(("rows",), "inner", settled=True), "inner", Meaning.OWN),
        (Place(("rows", "inner"), None), "leaf", Meaning.EARLIER),
        (Place(("rows", "inner"), None), "inner", Meaning.LATER),
        (Place((), None), "late", Meaning.EARLIER),
        (Place((), None), "first", Meaning.INSIDE),
        (Place((), "late"), "rows", Meaning.EARLIER),
        (Place((), "again"), "again", Meaning.OWN),
    ],
)
def test_it_knows_what_a_name_means(place: Place, root: str, meaning: Meaning) -> None:
    assert _SCOPE.meaning(place, root) is meaning


def test_it_lists_what_may_be_read() -> None:
    assert _SCOPE.visible(_LEAF) == ["context", "run", "row", "cell", "early", "first"]
    assert _SCOPE.visible(Place((), "again")) == ["context", "run", "again"]
