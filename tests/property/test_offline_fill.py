"""Whatever the schema and the text: the offline provider satisfies the schema, and says the same again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.providers.model import ModelRequest, user
from chalicelib.providers.offline import OfflineProvider
from chalicelib.providers.structured import read_json, schema_faults

_NAMES = st.sampled_from(
    (
        *("vendor", "total", "amount", "due_date", "summary", "category", "sentiment", "is_urgent", "order_id", "items", "findings", "score"),
        *("confidence", "customer_name", "email", "reply", "tags", "count", "note", "questions", "cause", "title", "iban", "currency", "rows"),
    )
)
_SCRAPS = st.sampled_from(
    (
        *("Invoice No. A-77\n", "Total due: EUR 1.234,50\n", "Dear team,\n\n", "It failed twice today!", " 4/5 stars ", "- first point\n"),
        *("| a | b |\n|---|---|\n| x | 2 |\n", "03/04/2026 ", "Thanks,\nJane Doe", "Extract:\n", "[1, 2", "Question: why?\n\n", "12.50 "),
        '{"total": 3, "note": null}',
    )
)
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_SCRAPS, max_size=12).map("".join))
_LEAVES = st.one_of(
    st.sampled_from(({"type": "string"}, {"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {"type": "string", "format": "date"})),
    st.builds(lambda low, width: {"type": "number", "minimum": low, "maximum": low + width}, st.integers(-50, 50), st.integers(0, 100)),
    st.builds(lambda low, width: {"type": "integer", "minimum": low, "maximum": low + width}, st.integers(-50, 50), st.integers(0, 100)),
    st.lists(st.text(st.characters(categories=("Lu", "Ll")), min_size=1, max_size=8), min_size=1, max_size=4, unique=True).map(
        lambda names: {"enum": names}
    ),
    st.integers(0, 40).map(lambda longest: {"type": "string", "maxLength": longest}),
    st.integers(0, 40).map(lambda shortest: {"type": "string", "minLength": shortest}),
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(_NAMES, inner, min_size=1, max_size=5).flatmap(
        lambda properties: st.lists(st.sampled_from(sorted(properties)), unique=True).map(
            lambda required: {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        )
    )


def _arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda items, least, more: {"type": "array", "items": items, "minItems": least, "maxItems": least + more},
        inner,
        st.integers(0, 2),
        st.integers(0, 4),
    )


_SCHEMAS = _objects(st.recursive(_LEAVES, lambda inner: st.one_of(_objects(inner), _arrays(inner)), max_leaves=6))


@settings(max_examples=50)
@given(schema=_SCHEMAS, text=_TEXTS)
def test_it_satisfies_any_schema_and_repeats_itself(schema: dict[str, Any], text: str) -> None:
    request = ModelRequest(messages=(user(text),), output=schema)
    answers = {OfflineProvider().call(request, model="m", seconds=1).text for _ in range(2)}
    assert len(answers) == 1
    assert schema_faults(read_json(answers.pop()), schema) == ()
