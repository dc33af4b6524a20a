"""Tables of figures."""

from bench.table import Figure, Table, aligned, at_most


def test_it_says_what_is_reached_and_what_is_not() -> None:
    reached, missed = at_most("time", 1.5, 2, digits=1, unit=" s"), at_most("time", 2.5, 2, digits=1, unit=" s")
    assert reached.cells == ("time", "1.5 s", "<= 2 s", "yes")
    assert missed.cells == ("time", "2.5 s", "<= 2 s", "NO")
    assert Figure("time", "1 s").cells == ("time", "1 s", "", "")
    assert Table("Title", [reached, Figure("time", "1 s")]).is_met
    assert not Table("Title", [reached, missed]).is_met


def test_it_sets_texts_to_the_left_and_numbers_to_the_right() -> None:
    assert aligned(("name", "count"), [("a", "1"), ("long name", "23")]).splitlines() == [
        "  name       count",
        "  ---------  -----",
        "  a              1",
        "  long name     23",
    ]


def test_it_shows_title_figures_details_and_notes() -> None:
    shown = str(Table("Title", [Figure("time", "1 s")], ("name",), [("a",)], ["A note."]))
    assert shown.startswith("Title\n  figure")
    assert shown.endswith("A note.\n")
    assert str(Table("Title", skipped="no corpus")) == "Title\nskipped: no corpus\n"
