"""What an expression of a machine reads, calls and costs."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.compiler.asl_rules.expressions import parse
from chalicelib.compiler.asl_rules.syntax import COUNTED, Read, Syntax, read_syntax
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


@pytest.mark.scenario
def test_it_gives_a_fault_for_what_is_nested_beyond_measure() -> None:
    assert isinstance(parse("+".join(["1"] * 9_000)), Fault)


# --- parsing each form once --------------------------------------------------------------------------------------

PARTS = [
    "$a", "$b.c", "$a.b[c > 1]", "$count($a.b)", "'x and y'", "true", "($C := $a; $type($C) = 'boolean' ? $C : false)", "$a = 'it'", "$a.x = 'or'",
    "$states.result.Payload", "$exists($a.b)", "[$a, $b.c]", "{'k': $a, 'or': $b}", "name", "$.x", "$map($a, function($v) { $v and $b })",
    "$a in [1]", "`odd name`", "$a.`odd`", "1 + 2 + $a", "$a.*", "$a.'text'", "'it\\'s'", "$a / 2", "$_x", "$größe.ß", "$a ~> $f", "$and.or",
    "$a.b.c.and", "[$x := 1, $x]", "$f($x := 2)", "$f ($x := 2)", "$x",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    st.sampled_from(PARTS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or ", " = ", " & ", " > ", " or\n", " ~> "]), inner).map("".join),
        st.tuples(st.just("("), inner, st.just(")")).map("".join),
        st.tuples(inner, st.just(" ? "), inner, st.just(" : "), inner).map("".join),
        st.tuples(st.just("($x := "), inner, st.just("; $x and "), inner, st.just(")")).map("".join),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_it_says_the_same_by_form_as_by_text(text: str) -> None:
    assert parse(text) == read_syntax(text)


@pytest.mark.parametrize(
    "text",
    [
        "($a) and ($b)",
        "(($a and $b) or ($c and $d = 1)) and $e",
        "$a ? $b and $c : $d or $e",
        "$x := $a and $b",
        "$a and",
        "and $a",
        "$a and and $b",
        "($a and $b",
        "$a and $b)",
        "'$a and $b",
        "$a or /* and */ $b",
        "$f($a and $b) and $f(1)",
        " and ".join(f"($a{i} = {i})" for i in range(90)),
        " or ".join(["$a"] * 300),
        "1 + 2 + 3 and $a",
        "$a.b.c~x",
    ],
)
def test_it_keeps_to_the_text_where_chains_are_odd(text: str) -> None:
    assert parse(text) == read_syntax(text)


def test_it_parses_long_conditions_by_their_operands() -> None:
    random = Random(1)
    names = [f"$n{index}" for index in range(20)]
    terms = ["(" + " and ".join(f"{random.choice(names)} = '{random.choice('abc')}'" for _ in range(20)) + ")" for _ in range(32)]
    assert syntax(" or ".join(terms)).chain == 32
    assert len(json.dumps(terms)) > 8_000
