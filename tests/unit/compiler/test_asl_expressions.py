"""What an expression of a machine reads, calls and costs."""

import pytest

from chalicelib.compiler.asl_rules.expressions import COUNTED, Read, Syntax, parse
from chalicelib.spec.syntax_tree import Fault


def syntax(text: str) -> Syntax:
    parsed = parse(text)
    assert isinstance(parsed, Syntax)
    return parsed


def read(text: str) -> set[str]:
    return {".".join((each.name, *each.path)) + ("()" if each.called else "") for each in syntax(text).reads}


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("$rank.best.name", {"rank.best.name"}),
        ("1 + 2", set()),
        ("$rank.best[0].name", {"rank.best"}),
        ("$rank[0].best", {"rank"}),
        ("$rank.best[price > $limit]", {"rank.best", "limit"}),
        ("$rank.(best & $other)", {"rank", "other"}),
        ("$rank.$other.name", {"rank", "other"}),
        ("$rank.`the best`", {"rank.the best"}),
        ("$rank.and.or", {"rank.and.or"}),
        ("$rank.*.name", {"rank"}),
        ("$rank.best.%.name", {"rank.best"}),
        ("-$rank.count", {"rank.count"}),
        ("[$a, 1..$b]", {"a", "b"}),
        ("{'x': $a, $b: 1}", {"a", "b"}),
        ("$rows{name: $sum(price) * $rate}", {"rows", "sum()", "rate"}),
        ("$rows^(>price, $order)", {"rows", "order"}),
        ("$a ? $b : $c", {"a", "b", "c"}),
        ("$a ? $b", {"a", "b"}),
        ("$a ~> |$b|{'x': $c}, 'y'|", {"a", "b", "c"}),
        ("$count($rows) > 0", {"count()", "rows"}),
        ("$rows ~> $count", {"count()", "rows"}),
        ("$rows ~> $join(', ')", {"join()", "rows"}),
        ("$map($rows, $string)", {"map()", "rows", "string"}),
        ("$f(?, 1)", {"f()"}),
        ("$replace($a, /x/, '')", {"replace()", "a"}),
    ],
)
def test_it_reads_free_variables(text: str, reads: set[str]) -> None:
    assert read(text) == reads


@pytest.mark.parametrize(
    "text",
    [
        "($x := 1; $x + 1)",
        "$map([1], function($v, $i) { $v + $i })",
        "($f := function($n) { $n = 0 ? 1 : $f($n - 1) }; $f(3))",
        "(function($n) { $n })(1)",
        "[1]@$v.($v + 1)",
        "[1]#$i[$i > 0]",
        "[{'a': [1]}].a#$i.{'at': $i}",
        "[{'a': [1]}][0]#$i.($i)",
    ],
)
def test_it_leaves_local_names_out(text: str) -> None:
    assert read(text) <= {"map()"}


def test_it_reads_a_name_outside_the_block_that_binds_it() -> None:
    assert read("($x := 1) + $x") == {"x"}


def test_it_counts_a_name_as_read_before_it_is_bound() -> None:
    assert read("($y := $x; $x := 1; $y)") == {"x"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("name", ("name",)),
        ("name.first", ("name",)),
        ("$", ("$",)),
        ("$.name", ("$",)),
        ("$$.name", ("$$",)),
        ("$rows[$$.x = 1]", ("$$",)),
        ("*", ("*",)),
        ("sum([1])", ("sum",)),
        ("function($v) { name }", ("name",)),
        ("$rows[name = 'Ann' and $.age > 3]", ()),
        ("$rows.name.(first & last)", ()),
        ("$rows ~> |$|{'a': b}|", ()),
        ("$rows{name: age}", ()),
        ("$rows^(age)", ()),
        ("{'a': name}", ("name",)),
    ],
)
def test_it_names_what_has_no_context_item(text: str, shown: tuple[str, ...]) -> None:
    assert syntax(text).top_level == shown


@pytest.mark.parametrize(
    ("text", "chain"),
    [("1", 1), ("1 + 2", 2), ("1 + 2 + 3 * 4", 3), ("$a and $b or $c", 3), ("$a ~> $f ~> $g", 3), (" & ".join(["$a"] * 300), COUNTED)],
)
def test_it_counts_the_operands_of_a_chain(text: str, chain: int) -> None:
    assert syntax(text).chain == chain


def test_it_measures_depth() -> None:
    assert syntax("$abs($abs($abs(1)))").depth == 4
    assert syntax("$rows[a.b[c]]").depth == 3


def test_it_gives_the_same_for_a_plain_path_with_and_without_the_parser() -> None:
    assert syntax(" $a.b.c ").reads == syntax("$a .b.c").reads == (Read("a", ("b", "c")),)


@pytest.mark.parametrize("text", ["", "1 +", "$a ?? 1", "(" * 20_000])
def test_it_gives_a_fault_for_what_is_no_jsonata(text: str) -> None:
    assert isinstance(parse(text), Fault)


def test_it_gives_a_fault_for_what_is_nested_beyond_measure() -> None:
    assert isinstance(parse("+".join(["1"] * 9_000)), Fault)
