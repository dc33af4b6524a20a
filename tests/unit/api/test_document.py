"""A workflow spec in a body."""

import json

import pytest
from pydantic import ValidationError

from chalicelib.api.document import Document, MaybeDocument


def test_it_keeps_the_authors_text() -> None:
    assert Document.model_validate_json('{"text": "name: a # mine"}').source == "name: a # mine"


def test_it_keeps_a_documents_keys_in_their_order() -> None:
    source = Document.model_validate_json('{"spec": {"name": "ä", "nodes": {}, "edges": []}}').source
    assert list(json.loads(source)) == ["name", "nodes", "edges"]
    assert "ä" in source


@pytest.mark.parametrize("body", ['{"text": "a", "spec": {}}', '{"text": 1}', '{"spec": []}', '{"text": "' + "x" * 2_000_001 + '"}'])
def test_it_refuses_what_is_no_one_document(body: str) -> None:
    with pytest.raises(ValidationError):
        MaybeDocument.model_validate_json(body, strict=True)


def test_it_may_be_left_out_where_a_draft_stands_behind_it() -> None:
    assert MaybeDocument.model_validate_json("{}").authored is None
    with pytest.raises(ValidationError, match="text or as spec"):
        Document.model_validate_json("{}")
