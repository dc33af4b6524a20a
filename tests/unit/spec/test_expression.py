"""Expressions: what is read of the syntax tree, and what is refused."""

from types import SimpleNamespace

import pytest

from chalicelib.spec import syntax_tree
from chalicelib.spec.expression import Expression, Fault, parse_expression, rewrite
from chalicelib.spec.local_names import Frame, Place, Use


def parsed(text: str) -> Expression:
    result = parse_expression(text)
    assert isinstance(result, Expression), result
    return result


def refused(text: str) -> Fault:
    result = parse_expression(text)
    assert isinstance(result, Fault), result
    return result


def spans(text: str) -> list[str]:
    expression = parsed(text)
    return [expression.text[reference.start : reference.end] for reference in expression.references]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$rank", ()),
        ("$rank.best.name", ("best", "name")),
        ("  $rank.best  ", ("best",)),
        ("$rank . best", ("best",)),
        ("$rank.items[0].x", ("items", 0, "x")),
        ("$rank[ 0 ].x", (0, "x")),
        ("$rank.items[-1]", ("items", -1)),
        ("$rank.b[0][1]", ("b", 0, 1)),
        ("$rank.`a b`.\"c d\".'e'", ("a b", "c d", "e")),
        ('$rank."b\\"c".d', ('b"c', "d")),
        ("$context.list.name", ("list", "name")),
    ],
)
def test_it_knows_a_bare_reference_with_its_whole_static_path(text: str, path: tuple[str | int, ...]) -> None:
    expression = parsed(text)
    assert expression.is_reference
    assert expression.is_path
    assert [reference.path for reference in expression.references] == [path]
    assert not expression.references[0].operand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$rank.items[price > 10].name", ["$rank.items"]),
        ("$rank.items[0][x = 1].c", ["$rank.items[0]"]),
        ("$rank.items[1.5].c", ["$rank.items"]),
        ("$rank.items[0 /* c */].c", ["$rank.items"]),
        ("$rank.items[].c", ["$rank.items"]),
        ("$rank.*.c", ["$rank"]),
        ("$rank.a.**.c", ["$rank.a"]),
        ("$rank.a.(b + c)", ["$rank.a"]),
        ("$rank.a.$uppercase()", ["$rank.a"]),
        ("$rank.a.[b, c]", ["$rank.a"]),
        ("$rank.a.{'n': b}", ["$rank.a"]),
        ("$rank.items^(>price, <$x.y)", ["$rank.items", "$x.y"]),
        ("$rank.items^(price)[0].d", ["$rank.items"]),
        ("$rank.items{kind: $b.c}", ["$rank.items", "$b.c"]),
        ("$rank.b{x: $c}.d", ["$rank.b", "$c"]),
        ("$rank[0]{x: 1}", ["$rank[0]"]),
        ("$rank.b{x: 1}[0]", ["$rank.b"]),
        ("$rank{x: 1}", ["$rank"]),
        ("$a.items@$i#$n[$i.p > 1].{'n': $n, 'i': $i, 'z': $z}", ["$a.items", "$z"]),
        ("$a.items[p > 1]#$n.{'n': $n}", ["$a.items"]),
        ("$a.b.%.c", ["$a"]),
        ("$a.$b[$c > 1].d", ["$a", "$b", "$c"]),
        ("($a.b)[0]", ["$a.b"]),
        ("($a).b", ["$a"]),
        ("$count($x[price > $context.max])", ["$x", "$context.max"]),
        ("$map($a.xs, function($v, $i) { $v.p * $context.rate })", ["$a.xs", "$context.rate"]),
        ("$a.x ? $b.y : $c.z", ["$a.x", "$b.y", "$c.z"]),
        ("$a.x ? $b.y", ["$a.x", "$b.y"]),
        ("{'k': $a.x, $b: [$c]}", ["$a.x", "$b", "$c"]),
        ("$x ~> |items|{'a': $y.b}, 'z'|", ["$x", "$y.b"]),
        ("$x ~> |items|{'a': $y.b}|", ["$x", "$y.b"]),
        ("$a.x ~> $uppercase ~> $length", ["$a.x"]),
        ("$substring(?, 1)", []),
        ("[1..$n.c]", ["$n.c"]),
        ("-$n.c", ["$n.c"]),
        ("function($x) { $x.y }($a.b)", ["$a.b"]),
        ("function($x)<n:n> { $x }($a.b)", ["$a.b"]),
        ("$contains($a.b, /x+/i)", ["$a.b"]),
        ("$lowercase", []),
        ("'text'[0]", []),
    ],
)
def test_it_finds_each_reference_at_its_exact_span(text: str, expected: list[str]) -> None:
    assert spans(text) == expected
    assert not parsed(text).is_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("($x := $a.b; $x.c)", ["$a.b"]),
        ("($x := $x.b; $x.c)", ["$x.b"]),
        ("($x; $x := 1)", ["$x"]),
        ("(($x := 1; $x); $x)", ["$x"]),
        ("[$x := 1, $x]", []),
        ("($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f($a.n))", ["$a.n"]),
        ("($g := function() { $h() }; $h := function() { 1 }; $g())", []),
        ("($g := function() { $h.x }; $h := 1; $g())", []),
        ("($a.b@$v.c; $v)", ["$a.b", "$v"]),
    ],
)
def test_it_lets_local_names_hide_references_only_where_they_are_bound(text: str, expected: list[str]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a.x > 1", [True]),
        ("$a.x = 1", [False]),
        ("1 != $a.x", [False]),
        ("$a.x + 1", [True]),
        ("$a.x & 'b'", [True]),
        ("$a.x and $b", [False, False]),
        ("$a.x in $b", [False, False]),
        ("[$a, {'k': $b}]", [False, False]),
        ("{$a: 1}", [True]),
        ("$sum([$a.x, $b.y])", [True, True]),
        ("$count($a.x)", [True]),
        ("$not($a.x)", [False]),
        ("$type($a.x) = 'null'", [False]),
        ("($c ? $a.x : $b.x) + 1", [False, True, True]),
        ("$c ? $a.x : $b.x", [False, False, False]),
        ("($x := $a.b; $x)", [False]),
        ("($x := $a.b; $x + 1)", [True]),
        ("($x := $a.b; $y := $x; $y > 1)", [True]),
        ("($x := $a.b; $y := [$x, $x]; $y)", [False]),
        ("$a.b ~> $uppercase", [True]),
        ("$map($a.b, function($v) { $c.d })", [True, False]),
        ("$a.b[x = 1].c", [True]),
        ("($a).b", [True]),
        ("($a.b)[0]", [True]),
    ],
)
def test_it_tells_operands_from_whole_values(text: str, expected: list[bool]) -> None:
    assert [reference.operand for reference in parsed(text).references] == expected


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "empty", 0),
        ("   ", "empty", 3),
        ("price", "`price` has nothing to refer to", 0),
        ("$", "`$` has nothing to refer to", 0),
        ("* + 1", "`*` has nothing to refer to", 0),
        ("1 + price", "`price` has nothing", 4),
        ("$map($a, function($v) { price })", "`price` has nothing", 24),
        ("$$", "`$$` means nothing", 0),
        ("$a[$$.x]", "`$$` means nothing", 3),
        ("%", "parent", 0),
        ("$5", "`$5` is no reference", 0),
        ("1 + $a-$", "nothing to refer to", 7),
        ("$states.input", "`$states` belongs to the engine", 0),
        ("$eval('1')", "has no `$eval`", 0),
        ("$map($a, $eval)", "has no `$eval`", 9),
        ("$flor(1)", "no function `$flor`", 0),
        ("$zzzzzz(1)", "no function `$zzzzzz`", 0),
        ("  $flor(1)", "no function `$flor`", 2),
        ("count(1)", "`count` is no function", 0),
        ("$a ?? 1", "the operator `??`", 3),
        ("$a ?: 1", "the operator `?:`", 3),
        ("!$a", "unexpected `!`", 0),
        ("~$a", "unexpected `~`", 0),
        ("$a.b =", "Unexpected end", 6),
        ("(((", "before end of expression", 3),
        ("$a.b)", "Syntax error: )", 4),
        ("'abc", "String literal", 4),
        ("/* c", "ends too early", 4),
        ("1" + "+1" * 60, "more than 60 terms deep", 0),
        ("(" * 100 + "1" + ")" * 100, "more than 60 terms deep", 0),
        ("(" * 8_000 + "1" + ")" * 8_000, "more than 60 terms deep", 0),
        ("'" + "x" * 16_384 + "'", "16,384 are allowed", 16_384),
    ],
)
def test_it_refuses_what_step_functions_would(text: str, message: str, position: int) -> None:
    fault = refused(text)
    assert message in fault.message
    assert fault.position == position


def test_it_follows_a_name_that_is_used_again_and_again_in_no_time() -> None:
    binds = "".join(f"$a{n + 1} := [$a{n}, $a{n}]; " for n in range(300))
    assert [reference.operand for reference in parsed(f"($a0 := $b.c; {binds}$a300)").references] == [False]


def test_it_accepts_a_chain_of_sixty_terms() -> None:
    assert parsed("1" + "+1" * 59).references == ()


def test_it_refuses_a_kind_of_node_that_it_does_not_know() -> None:
    novel = SimpleNamespace(type="novel", predicate=None, stages=None, group=None, position=3, value="x")
    reader = syntax_tree._Reader("x")
    reader.visit(novel, Place(Frame(), Use()))
    assert "`novel`" in reader.faults[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a", False),
        ("$a.b[0].c", False),
        ("$a.b[x = 1]", True),
        ("$a.b[]", True),
        ("$a{x: y}", True),
        ("($a)[0]", True),
        ("'text'", False),
        ("null", False),
        ("$a.x = 1", False),
        ("$a.b[x = 1] = 1", False),
        ("$a.b[x = 1] & 'text'", False),
        ("$a.x > 1", False),
        ("$a.b[x = 1].c > 1", True),
        ("$a + $b.c[x = 1]", True),
        ("[$a.b[x = 1]]", False),
        ("{'k': $a.b[x = 1]}", False),
        ("-$a.b", False),
        ("-$a.b[x = 1]", True),
        ("$a ? 1 : 2", False),
        ("$a ? 1", True),
        ("$a ? $b : $c[x = 1]", True),
        ("()", True),
        ("($x := $a; 1)", False),
        ("($x := $lookup($a, 'b'); $x)", True),
        ("$x := $a", True),
        ("$count($a[x = 1])", False),
        ("$sum($a.b)", False),
        ("$sum($a[x = 1].b)", True),
        ("$lookup($a, 'b')", True),
        ("$contains($a.b, /x/)", False),
        ("function($v) { $v }($a)", True),
        ("($count := function() { () }; $count())", True),
        ("$a.b ~> $uppercase", False),
        ("$a[x = 1] ~> $uppercase", True),
        ("$a.b ~> $lookup('c')", True),
        ("$a.b ~> $split(',')", False),
        ("$a.b ~> $keys", True),
        ("$a ~> |x|{}|", True),
    ],
)
def test_it_tells_what_may_come_out_as_nothing(text: str, expected: bool) -> None:
    assert parsed(text).may_be_nothing is expected


def test_it_suggests_the_nearest_function() -> None:
    assert refused("$flor(1)").hint == "did you mean `$floor`?"


def test_it_accepts_the_functions_that_step_functions_adds() -> None:
    assert spans("$hash($uuid(), 'MD5') & $partition($range(0, $a.n, 1), 2) & $parse($b) & $random(1)") == ["$a.n", "$b"]


def test_it_rewrites_references_in_place() -> None:
    expression = parsed("$a.x + $count($b.y[p > $a.x]) & ($a := 1; $a)")
    assert rewrite(expression, lambda reference: f"<{reference.root}>") == "<a> + $count(<b>[p > <a>]) & ($a := 1; $a)"
    assert rewrite(parsed("1 + 1"), lambda reference: "") == "1 + 1"
