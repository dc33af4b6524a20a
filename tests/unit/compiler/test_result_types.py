"""What an expression's syntax tells of its type."""

import pytest

from chalicelib.compiler.result_types import result_types
from chalicelib.spec.schema_fields import ALL_TYPES


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("'x'", "string"),
        ("1", "number"),
        ("-1", "number"),
        ("-$a.n", "number"),
        ("true", "boolean"),
        ("null", "null"),
        ("$a.n > 1", "boolean"),
        ("$a = $b", "boolean"),
        ("$a.x and $b.y", "boolean"),
        ("1 in $a.list", "boolean"),
        ("$a.n * 2", "number"),
        ("$a.x & 'y'", "string"),
        ("[$a]", "array"),
        ("{'x': $a}", "object"),
        ("$not($a.x)", "boolean"),
        ("$count($a.rows)", "number"),
        ("$a.rows ~> $count", "number"),
        ("$a.rows ~> $join(', ')", "string"),
        ("$merge([$a, $b])", "object"),
        ("$split($a.x, ',')", "array"),
        ("$a.x ? 1 : 'one'", "number string"),
        ("$a.x ? 1", "number"),
        ("($n := $a.n; $n > 3)", "boolean"),
        ("($n := 1)", "number"),
    ],
)
def test_it_tells_the_type(text: str, types: str) -> None:
    assert result_types(text) == frozenset(types.split())


@pytest.mark.parametrize(
    "text",
    [
        "$a",
        "$a.b[0]",
        "$lookup($a, 'x')",
        "$a.rows[n > 1]",
        "[1, 2][0]",
        "()",
        "function($x){$x}",
        "($f := function(){1}; $f())",
        "$a ~> |b|{}|",
        "broken (",
    ],
)
def test_it_claims_nothing_that_the_syntax_does_not_tell(text: str) -> None:
    assert result_types(text) == ALL_TYPES
