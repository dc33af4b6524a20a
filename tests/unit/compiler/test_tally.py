from chalicelib.compiler.tally import NOTHING, Counts, Tally, either, exactly, total

SMALL, LARGE = Counts(1, 1, 6, 5, 100), Counts(3, 0, 0, 6, 75)


def test_it_adds_what_comes_one_after_the_other() -> None:
    assert exactly(SMALL) + Tally(NOTHING.least, LARGE) == Tally(SMALL, Counts(4, 1, 6, 11, 175))


def test_it_bounds_each_figure_on_its_own() -> None:
    assert either([exactly(SMALL), exactly(LARGE)]) == Tally(Counts(1, 0, 0, 5, 75), Counts(3, 1, 6, 6, 100))


def test_it_repeats_at_least_and_at_most_so_often() -> None:
    assert exactly(SMALL).times(0, 3) == Tally(Counts(), Counts(3, 3, 18, 15, 300))


def test_it_may_be_broken_off_anywhere() -> None:
    assert exactly(SMALL).at_most == Tally(Counts(), SMALL)


def test_it_totals_nothing_to_nothing() -> None:
    assert total([]) == NOTHING
    assert total([exactly(SMALL), exactly(SMALL)]) == exactly(SMALL.scaled(2))
