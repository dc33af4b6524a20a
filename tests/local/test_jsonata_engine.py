"""JSONata as Step Functions evaluates it."""

from typing import Any

import pytest

from infra.local.jsonata_engine import EvaluationFault, evaluate, parsed


def _fault(text: str, **variables: Any) -> str:
    with pytest.raises(EvaluationFault) as caught:
        evaluate(text, variables)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "variables", "value"),
    [
        ("$x", {"x": None}, None),
        ("$x.y", {"x": {"y": None}}, None),
        ("$exists($x.y)", {"x": {"y": None}}, True),
        ("$exists($x.z)", {"x": {}}, False),
        ("{'a': $x.z, 'b': 1}", {"x": {}}, {"b": 1}),
        ("[$x.z, 1]", {"x": {}}, [1]),
        ("$x & '!'", {"x": 'a"b\\c'}, 'a"b\\c!'),
        ("$x & ''", {"x": 3.0}, "3"),
        ("$a/2 + $b/2", {"a": 4, "b": 6}, 5),
        ("$items[$.price > 10].name", {"items": [{"price": 11, "name": "a"}, {"price": 2, "name": "b"}]}, "a"),
        ("[1..3]", {}, [1, 2, 3]),
        ("$merge([$x, {'q': null}])", {"x": {"a": None}}, {"a": None, "q": None}),
        ("($C := $x > 1; $type($C) = 'boolean' ? $C : false)", {"x": 2}, True),
        ("$type($x) = 'null' ? 'none' : $x", {"x": None}, "none"),
        ("$partition([1, 2, 3], 2)", {}, [[1, 2], [3]]),
        ("$range(0, 6, 2)", {}, [0, 2, 4, 6]),
        ("$range(3, 1, -1)", {}, [3, 2, 1]),
        ("$hash('a', 'MD5')", {}, "0cc175b9c0f1b6a831c399e269772661"),
        ("$random(42)", {}, 0.7275636800328681),
        ("$parse('{\"a\": null}')", {}, {"a": None}),
        ("$exists($partition($nothing, 2))", {}, False),
        ("$exists($hash($nothing, 'MD5'))", {}, False),
        ("$exists($range($nothing, 2, 1))", {}, False),
        ("$exists($parse($nothing))", {}, False),
        ("0 <= $random() and $random() < 1", {}, True),
        ("$length($uuid())", {}, 36),
    ],
)
def test_it_evaluates(text: str, variables: dict[str, Any], value: Any) -> None:
    assert evaluate(text, variables) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$x.y", "returned nothing (undefined)."),
        ("$", "returned nothing (undefined)."),
        ("bare", "returned nothing (undefined)."),
        ("$sum", "returned an unsupported result type."),
        ("function($v) {$v}", "returned an unsupported result type."),
        ("1 +", "could not be parsed. S0207: Unexpected end of expression"),
        ("$null > 0", "threw an error during evaluation. T2010"),
        ("$stranger(1)", "threw an error during evaluation. T1006"),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$parse('1 + 1')", "$parse: Extra data"),
        ("$parse('NaN')", "$parse: NaN is no JSON"),
        ("$partition([1], 0)", "$partition: the chunk size must be positive"),
        ("$range(0, 5000, 1)", "$range: the step must not be 0 and the array may hold 1000 elements at most"),
        ("$hash('a', 'CRC')", "$hash: unknown algorithm CRC"),
        ("1/0", "threw an error during evaluation."),
        (" + ".join(["1"] * 101), "Stack overflow error"),
    ],
)
def test_it_fails_as_the_service_does(text: str, told: str) -> None:
    assert told in _fault(text, x={}, null=None)


def test_it_passes_a_chain_as_deep_as_the_service_takes() -> None:
    assert evaluate(" + ".join(["1"] * 99), {}) == 99


@pytest.mark.scenario
def test_it_ends_what_runs_for_a_second() -> None:
    assert _fault("($f := function($n) { $f($n + 1) }; $f(1))") == "Expression evaluation timeout"


def test_it_names_the_variables_an_expression_reads() -> None:
    assert parsed("$a.b + $sum($rows[$.x > $limit])").variables == {"a", "sum", "rows", "", "limit"}


def test_it_copies_what_it_puts_out() -> None:
    given = {"list": [1]}
    result = evaluate("$x", {"x": given})
    result["list"].append(2)
    assert given == {"list": [1]}
