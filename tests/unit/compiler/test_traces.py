"""Which worker tells of which native nodes."""

from chalicelib.compiler.plan import Series, Visit
from chalicelib.compiler.traces import MAX_TOLD, traces
from tests.factories.graphs import graph_of


def test_it_lets_the_next_worker_tell_and_the_end_what_is_left() -> None:
    block = graph_of({"t": "transform", "a": "tool_call", "u": "transform"}).root
    found = traces(Series((Visit("t"), Visit("a"), Visit("u"))), block.nodes)
    assert (found.by_worker, found.at_end) == ({"a": ("t",)}, ("u",))


def test_it_lets_one_worker_tell_of_some_and_the_next_of_those_before() -> None:
    natives = [f"t{number}" for number in range(MAX_TOLD + 3)]
    block = graph_of({**dict.fromkeys(natives, "transform"), "a": "tool_call", "b": "tool_call"}).root
    found = traces(Series(tuple(Visit(name) for name in [*natives, "a", "b"])), block.nodes)
    assert (found.by_worker, found.at_end) == ({"a": tuple(natives[3:]), "b": tuple(natives[:3])}, ())
