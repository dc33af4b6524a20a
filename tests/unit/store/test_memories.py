"""What is remembered in words."""

import pytest

from chalicelib.errors import Contention
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import keys, memories, table
from chalicelib.store.memories import Said
from tests.factories.cloud import Cloud


def tally(namespace: str = "wf_1") -> tuple[int, int]:
    item = table.get(keys.words_tally("org_local", namespace)) or {}
    return item.get("entries", 0), item.get("bytes", 0)


def put(key: str, text: str, data: Json = None, namespace: str = "wf_1") -> bool:
    return memories.put("org_local", namespace, key, Said(text, data))


def test_it_keeps_lists_and_deletes_entries(aws: Cloud) -> None:
    assert put("b", "likes tea", {"cups": [2, 0.5]})
    assert put("a", "likes coffee")
    found = memories.list_all("org_local", "wf_1")
    assert [(entry.key, entry.text, entry.data) for entry in found] == [("a", "likes coffee", None), ("b", "likes tea", {"cups": [2, 0.5]})]
    assert tally() == (2, sum(entry.size for entry in found))
    assert memories.delete("org_local", "wf_1", "b")
    assert not memories.delete("org_local", "wf_1", "b")
    assert tally() == (1, found[0].size)


def test_it_keeps_tags_and_vectors(aws: Cloud) -> None:
    assert memories.put("org_local", "wf_1", "a", Said("likes tea", tags=("taste",), vector="AYE=", vector_of="a:b"))
    found = memories.find("org_local", "wf_1", "a")
    assert found is not None
    assert (found.tags, found.vector, found.vector_of) == (("taste",), "AYE=", "a:b")
    assert memories.put("org_local", "wf_1", "a", Said("likes tea", tags=("drinks",)))
    found = memories.find("org_local", "wf_1", "a")
    assert found is not None
    assert (found.tags, found.vector, found.revision) == (("drinks",), "", 1)


def test_it_takes_another_models_vector_of_the_same_text(aws: Cloud) -> None:
    revisions = []
    for of in ("", "a:b", "a:b", "", "a:c"):
        assert memories.put("org_local", "wf_1", "a", Said("likes tea", vector="AYE=" if of else "", vector_of=of))
        revisions += [entry.revision for entry in memories.list_all("org_local", "wf_1")]
    assert revisions == [0, 1, 1, 1, 2]
    assert tally()[0] == 1


def test_it_keeps_namespaces_and_organisations_apart(aws: Cloud) -> None:
    put("a", "one")
    put("a", "two", namespace="organisation")
    assert [entry.text for entry in memories.list_all("org_local", "wf_1")] == ["one"]
    assert memories.list_all("org_other", "wf_1") == ()


def test_it_replaces_an_entry_and_writes_nothing_for_the_same(aws: Cloud) -> None:
    put("a", "likes tea")
    put("a", "likes coffee", 1)
    assert tally()[0] == 1
    aws.calls.clear()
    assert put("a", "likes coffee", 1)
    assert aws.calls == ["dynamodb:GetItem"]


def test_it_holds_so_many_entries_and_bytes(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "MAX_ENTRIES", 2)
    monkeypatch.setattr(memories, "MAX_BYTES", 80)
    assert put("a", "x" * 10)
    assert put("b", "x" * 10)
    assert not put("c", "x")
    assert put("a", "y" * 10)
    assert not put("a", "y" * 100)
    assert put("a", "")
    sizes = [entry.size for entry in memories.list_all("org_local", "wf_1")]
    assert tally() == (2, sum(sizes))
    assert not put("b", "x" * memories.MAX_ENTRY_BYTES)
    memories.delete("org_local", "wf_1", "a")
    assert put("c", "x")


def test_it_puts_again_when_somebody_else_wrote_meanwhile(aws: Cloud) -> None:
    put("a", "first")
    raced: list[str] = []

    def race(operation: str) -> None:
        if operation == "dynamodb:TransactWriteItems" and not raced:
            raced.append(operation)
            put("a", "second")

    aws.before.append(race)
    put("a", "third")
    found = memories.find("org_local", "wf_1", "a")
    assert found is not None
    assert (found.text, tally()[0]) == ("third", 1)
    raced.clear()
    aws.before[:] = [race]
    assert memories.delete("org_local", "wf_1", "a")
    assert tally() == (0, 0)


def test_it_gives_up_when_others_always_come_first(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", "first")
    monkeypatch.setattr(table, "pause", lambda _attempt: None)
    lost: list[JsonObject] = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
    for _ in range(8):
        aws.cancel_transactions(lost)
    with pytest.raises(Contention):
        put("a", "second")
    for _ in range(8):
        aws.cancel_transactions(lost)
    with pytest.raises(Contention):
        memories.delete("org_local", "wf_1", "a")
