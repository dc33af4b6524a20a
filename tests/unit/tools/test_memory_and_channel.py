"""The memory tools and channel.send, over ports that a test holds."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.spec.model import JsonObject
from chalicelib.tools.failures import ArgumentsInvalid, NotAvailableHere
from chalicelib.tools.ports import NoKeyValue
from chalicelib.tools.registry import run_tool
from chalicelib.tools.tool import Surroundings
from tests.factories.tool_surroundings import Notes, Outbox, surroundings


def around(notes: Notes | None = None, outbox: Outbox | None = None) -> Surroundings:
    return replace(surroundings(), memory=notes or Notes(), messenger=outbox or Outbox())


def test_it_remembers_and_finds_by_scope() -> None:
    notes = Notes()
    run_tool("memory.put", {"text": "likes tea", "key": "ann", "data": {"cups": 2}, "tags": ["taste"]}, around(notes))
    run_tool("memory.put", {"text": "opens at nine", "key": "shop", "scope": "organisation"}, around(notes))
    found: Any = run_tool("memory.search", {"query": "tea"}, around(notes))
    entry = {"key": "ann", "text": "likes tea", "data": {"cups": 2}, "tags": ["taste"], "score": 0.0, "put_at": "2026-05-04T03:02:01Z"}
    assert found == {"entries": [entry]}
    found = run_tool("memory.search", {"query": "nine", "scope": "organisation", "limit": 1}, around(notes))
    assert [entry["key"] for entry in found["entries"]] == ["shop"]


def test_it_keeps_the_same_text_once() -> None:
    notes = Notes()
    first = run_tool("memory.put", {"text": "likes tea"}, around(notes))
    assert run_tool("memory.put", {"text": "likes tea"}, around(notes)) == first
    assert len(notes.kept) == 1


def test_it_deletes() -> None:
    notes = Notes()
    run_tool("memory.put", {"text": "likes tea", "key": "ann"}, around(notes))
    assert run_tool("memory.delete", {"key": "ann"}, around(notes)) == {"key": "ann", "deleted": True}
    assert run_tool("memory.delete", {"key": "ann"}, around(notes)) == {"key": "ann", "deleted": False}


def test_it_refuses_data_that_is_too_large() -> None:
    with pytest.raises(ArgumentsInvalid, match="8000 characters"):
        run_tool("memory.put", {"text": "t", "data": "x" * 8_000}, around())


def test_it_sends_to_people() -> None:
    outbox = Outbox()
    assert run_tool("channel.send", {"text": "Done", "to": "ann", "channels": ["console"]}, around(outbox=outbox)) == {"message_id": "msg_1"}
    run_tool("channel.send", {"text": "Done", "to": None}, around(outbox=outbox))
    assert outbox.sent == [("Done", "ann", ("console",)), ("Done", None, ())]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("memory.put", {"text": "t"}),
        ("memory.search", {"query": "q"}),
        ("memory.delete", {"key": "k"}),
        ("channel.send", {"text": "t"}),
    ],
)
def test_it_says_where_it_is_not_available(name: str, arguments: JsonObject) -> None:
    with pytest.raises(NotAvailableHere):
        run_tool(name, arguments, surroundings())


def test_it_says_that_there_is_no_key_value_memory_where_there_is_none() -> None:
    for name, arguments in (("kv.get", {"key": "k"}), ("kv.put", {"key": "k", "value": 1})):
        with pytest.raises(NotAvailableHere):
            run_tool(name, arguments, replace(surroundings(), key_values=NoKeyValue()))  # type: ignore[arg-type]
