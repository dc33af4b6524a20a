"""Formulas over outcomes: reduced forms and the questions asked of them."""

from itertools import product

import pytest

from chalicelib.compiler.activation import ALWAYS, MAX_ATOMS, MAX_TERMS, NEVER, Atom, Formula, conjoin, disjoin, excludes, given, holds, implies

_DOMAINS = {"c": ("true", "false"), "d": ("true", "false"), "g": ("yes", "no", "late"), **{f"v{index}": ("a", "b") for index in range(100)}}
_C, _NOT_C, _D, _NOT_D = holds("c", "true"), holds("c", "false"), holds("d", "true"), holds("d", "false")


def _all(*formulas: Formula) -> Formula:
    found = conjoin(formulas, _DOMAINS)
    assert found is not None
    return found


def _any(*formulas: Formula) -> Formula:
    found = disjoin(formulas, _DOMAINS)
    assert found is not None
    return found


def test_it_knows_always_and_never() -> None:
    assert ALWAYS.is_always
    assert not ALWAYS.is_never
    assert NEVER.is_never
    assert not NEVER.is_always
    assert _all() == ALWAYS
    assert _any() == NEVER


@pytest.mark.parametrize(
    ("formulas", "result"),
    [
        ((ALWAYS, _C), _C),
        ((_C, ALWAYS), _C),
        ((_C, NEVER), NEVER),
        ((NEVER, _C), NEVER),
        ((_C, _C), _C),
        ((_C, _NOT_C), NEVER),
    ],
)
def test_it_conjoins(formulas: tuple[Formula, ...], result: Formula) -> None:
    assert _all(*formulas) == result


def test_it_conjoins_every_term_with_every_term() -> None:
    either = _any(_C, _D)
    assert _all(either, holds("g", "yes")).sorted_terms() == [[Atom("c", "true"), Atom("g", "yes")], [Atom("d", "true"), Atom("g", "yes")]]
    assert _all(either, _any(_NOT_C, holds("g", "yes"))).sorted_terms() == [
        [Atom("c", "false"), Atom("d", "true")],
        [Atom("c", "true"), Atom("g", "yes")],
        [Atom("d", "true"), Atom("g", "yes")],
    ]


def test_it_absorbs_longer_terms() -> None:
    assert _any(_C, _all(_C, _D)) == _C
    assert _any(_all(_C, _D), ALWAYS) == ALWAYS


def test_it_joins_terms_that_cover_a_domain() -> None:
    assert _any(_C, _NOT_C) == ALWAYS
    assert _any(_all(_C, _D), _all(_C, _NOT_D), _NOT_C) == ALWAYS
    assert _any(holds("g", "yes"), holds("g", "no")).sorted_terms() == [[Atom("g", "no")], [Atom("g", "yes")]]


def test_it_keeps_what_only_seems_to_cover_a_domain() -> None:
    apart = _any(_all(_C, holds("g", "yes")), _all(_NOT_C, holds("g", "no")))
    assert len(apart.terms) == 2
    assert apart.variables() == {"c", "g"}


def test_it_gives_up_where_a_formula_outgrows_the_limits() -> None:
    pairs = [_any(holds(f"v{index}", "a"), holds(f"v{index + 1}", "a")) for index in range(0, 20, 2)]
    assert conjoin(pairs, _DOMAINS) is None
    assert disjoin([holds(f"v{index}", "a") for index in range(MAX_TERMS + 1)], _DOMAINS) is None
    many = [holds(f"w{index}", "a") for index in range(MAX_TERMS * 4 + 1)]
    assert disjoin(many, {}) is None
    assert conjoin([holds(f"v{index}", "a") for index in range(MAX_ATOMS + 1)], _DOMAINS) is None


def test_it_knows_what_excludes_each_other() -> None:
    assert excludes(_C, _NOT_C)
    assert not excludes(_C, _D)
    assert not excludes(_any(_C, _D), _NOT_C)
    assert excludes(_any(_C, _all(_NOT_C, _D)), _all(_NOT_C, _NOT_D))
    assert excludes(NEVER, ALWAYS)


def test_it_knows_what_implies_what() -> None:
    assert implies(_all(_C, _D), _C, _DOMAINS)
    assert not implies(_C, _all(_C, _D), _DOMAINS)
    assert implies(NEVER, _C, _DOMAINS)
    assert not implies(ALWAYS, NEVER, _DOMAINS)
    split = Formula(frozenset({*_all(_C, _D).terms, *_all(_C, _NOT_D).terms}))  # as an unreduced formula may stand
    assert implies(_C, split, _DOMAINS)
    assert not implies(_C, Formula(frozenset({*_all(_C, _D).terms, *_all(_NOT_D, holds("g", "no")).terms})), _DOMAINS)


def test_it_gives_up_splitting_before_it_takes_long() -> None:
    chain = {frozenset({Atom("v0", "a")}), *(frozenset({Atom(f"v{index}", "b"), Atom(f"v{index + 1}", "a")}) for index in range(30))}
    assert not implies(ALWAYS, Formula(frozenset(chain)), _DOMAINS)


@pytest.mark.parametrize(("count", "proven"), [(7, True), (9, False)])
def test_it_proves_a_whole_table_up_to_its_budget(count: int, proven: bool) -> None:
    rows = product(*([Atom(f"v{index}", label) for label in "ab"] for index in range(count)))
    assert implies(ALWAYS, Formula(frozenset(map(frozenset, rows))), _DOMAINS) is proven


@pytest.mark.parametrize(
    ("formula", "facts", "left"),
    [
        (_C, _all(_C, _D), ALWAYS),
        (_C, _NOT_C, NEVER),
        (_all(_C, _D), _C, _D),
        (_any(_all(_C, _D), _all(_NOT_C, holds("g", "no"))), _C, _D),
        (_D, _any(_C, holds("g", "no")), _D),
        (_C, NEVER, ALWAYS),
        (_any(_C, _D), ALWAYS, _any(_C, _D)),
    ],
)
def test_it_tells_what_is_left_to_ask(formula: Formula, facts: Formula, left: Formula) -> None:
    assert given(formula, facts, _DOMAINS) == left
