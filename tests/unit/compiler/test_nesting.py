"""Which scope lies in which."""

from chalicelib.compiler.nesting import Nesting
from chalicelib.compiler.outline import Fork, Scope

ROOT = Scope("run")
FORK = Fork("a & b", ROOT)
LEFT, RIGHT = Scope("a", ROOT, is_branch=True, owner="a & b"), Scope("b", ROOT, is_branch=True, owner="a & b")
INNER = Scope("c", RIGHT, owner="m")
FORK.branches = [LEFT, RIGHT]


def test_it_holds_itself_and_what_lies_in_it() -> None:
    nesting = Nesting()
    assert [nesting.holds(ROOT, scope) for scope in (ROOT, LEFT, INNER)] == [True, True, True]
    assert not nesting.holds(LEFT, INNER)
    assert not nesting.holds(INNER, ROOT)


def test_it_names_the_scope_on_the_way_in() -> None:
    nesting = Nesting()
    assert nesting.toward(ROOT, INNER) is RIGHT
    assert nesting.toward(RIGHT, INNER) is INNER
    assert nesting.toward(ROOT, ROOT) is None
    assert nesting.toward(LEFT, INNER) is None


def test_it_finds_the_branch() -> None:
    nesting = Nesting()
    assert [nesting.branch_of(FORK, scope) for scope in (LEFT, RIGHT, INNER, ROOT)] == [0, 1, 1, None]
    assert nesting.branch_of(Fork("others", ROOT), INNER) is None
