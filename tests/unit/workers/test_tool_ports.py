"""Tools in nodes, with their ports filled, on moto with the real store."""

import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chalicelib.settings import settings
from chalicelib.spec.model import Json, JsonObject
from chalicelib.store import memories, messages
from chalicelib.store.clients import client
from chalicelib.store.run_records import NodeAttempt
from chalicelib.tools.failures import ArgumentsInvalid, MemoryFull, QueryFailed
from chalicelib.tools.ports import Note
from chalicelib.workers import tool_ports
from chalicelib.workers.tool_ports import BucketDatabases, RunMessenger, WordMemory
from chalicelib.workflows.imported_apis import import_api
from tests.factories.cloud import ANN, Cloud, cloud
from tests.factories.worker_runs import Story, story
from tests.fixtures.http_server import Reply, serving
from tests.unit.tools.test_openapi import PETS

DATABASES = '{"books": {"sqlite_key": "books.db", "write": true}, "none": {"sqlite_key": "none.db"}}'


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with cloud(SLUICE_ALLOWED_HOSTS="127.0.0.1", SLUICE_DATABASES=DATABASES) as found:
        yield found


def told(tool: str, arguments: JsonObject) -> tuple[Story, Json]:
    tale = story({"act": {"type": "tool_call", "tool": tool, "with": arguments}})
    return tale, tale.serve("act")


def test_it_remembers_in_words(aws: Cloud) -> None:
    tale = story(
        {
            "put": {"type": "tool_call", "tool": "memory.put", "with": {"text": "Ann likes green tea", "key": "ann"}},
            "other": {"type": "tool_call", "tool": "memory.put", "with": {"text": "Bob likes coffee", "scope": "organisation"}},
            "find": {"type": "tool_call", "tool": "memory.search", "with": {"query": "who likes tea"}},
            "forget": {"type": "tool_call", "tool": "memory.delete", "with": {"key": "ann"}},
        }
    )
    for node in ("put", "other", "find", "forget"):
        tale.serve(node)
    found = tale.result("find")
    assert isinstance(found, dict)
    assert [entry["text"] for entry in found["entries"]] == ["Ann likes green tea"]  # type: ignore[index,union-attr,call-overload]
    assert tale.result("forget") == {"key": "ann", "deleted": True}


def test_it_says_that_a_memory_is_full(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "MAX_BYTES", 10)
    memory = WordMemory("org_local", "wf_1")
    memory.put("organisation", Note("j", "x"))
    with pytest.raises(MemoryFull, match="memory of the organisation is full"):
        memory.put("organisation", Note("k", "x" * 20))


def test_it_ranks_by_the_words_that_are_shared(aws: Cloud) -> None:
    memory = WordMemory("org_local", "wf_1")
    for key, text, tags in (("c", "Tea, and more tea!", ()), ("a", "coffee", ("tea",)), ("b", "coffee", ("green", "tea"))):
        memory.put("workflow", Note(key, text, {"n": 1}, tags))
    found = memory.search("workflow", "Green tea", 2)
    assert (found[0].key, found[0].tags, found[0].data) == ("b", ("green", "tea"), {"n": 1})
    assert len(found) == 2
    assert found[0].score > found[1].score > 0
    assert memory.search("workflow", "?!", 3) == []


@dataclass
class Places:
    """A text's vector is where it stands in a list; one that stands nowhere has none."""

    model: str
    known: dict[str, tuple[float, ...]]
    asked: list[str] = field(default_factory=list)

    def vector(self, text: str) -> tuple[float, ...] | None:
        self.asked.append(text)
        return self.known.get(text)


def test_it_compares_vectors_where_something_makes_them(aws: Cloud) -> None:
    places = Places("a:b", {"tea": (1.0, 0.1), "rain": (-1.0, 3.0), "cuppa": (1.0, 0.0)})
    memory = WordMemory("org_local", "wf_1", places)
    assert memory.search("workflow", "cuppa", 3) == []
    assert places.asked == []  # there was nothing to compare with
    for key, text in (("k", "tea"), ("l", "rain"), ("m", "snow")):
        memory.put("workflow", Note(key, text))
    assert [entry.key for entry in memory.search("workflow", "cuppa", 3)] == ["k"]
    assert [entry.key for entry in memory.search("workflow", "snow", 3)] == ["m"]  # which has no vector
    assert [entry.key for entry in WordMemory("org_local", "wf_1").search("workflow", "tea", 3)] == ["k"]


def test_it_makes_a_vector_once_a_text_and_compares_those_of_one_model(aws: Cloud) -> None:
    places = Places("a:b", {"tea": (1.0,), "cuppa": (1.0,)})
    memory = WordMemory("org_local", "wf_1", places)
    memory.put("workflow", Note("k", "tea"))
    memory.put("workflow", Note("k", "tea"))
    memory.put("workflow", Note("k", "tea", tags=("hot",)))
    assert places.asked == ["tea"]
    assert [entry.tags for entry in memory.search("workflow", "cuppa", 3)] == [("hot",)]
    other = WordMemory("org_local", "wf_1", Places("a:c", places.known))
    assert other.search("workflow", "cuppa", 3) == []
    other.put("workflow", Note("k", "tea", tags=("hot",)))
    assert len(other.search("workflow", "cuppa", 3)) == 1


def test_it_sends_to_people_once_an_effect(aws: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    tale, output = told("channel.send", {"text": "Done", "to": "ann", "channels": ["whatsapp"]})
    sent = messages.list_of_run("org_local", tale.run.id)
    assert isinstance(output, dict)
    assert [(each.id, each.text, each.to) for each in sent] == [(output["message_id"], "Done", "ann")]
    assert "the channel whatsapp is not set up" in caplog.text
    attempt = tale.node_run("act")
    parts = [RunMessenger(_attempt(tale), part=part).send("Hi", None, ()) for part in ("call-1", "call-1", "call-2", "")]
    assert parts[0] == parts[1] != parts[2]
    assert parts[3] == output["message_id"]
    assert len(messages.list_of_run("org_local", tale.run.id)) == 3
    assert attempt.node == "act"


def _attempt(tale: Story) -> NodeAttempt:
    return NodeAttempt(organisation_id="org_local", run_id=tale.run.id, node="act")


def books(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "new.db") as database:
        database.execute("CREATE TABLE book (title TEXT)")
        database.execute("INSERT INTO book VALUES ('Emma')")
    database.close()
    client("s3").put_object(Bucket=settings().bucket, Key="org_local/books.db", Body=(tmp_path / "new.db").read_bytes())


def test_it_reads_and_changes_a_database_in_the_bucket(aws: Cloud, tmp_path: Path) -> None:
    books(tmp_path)
    assert told("sql.execute", {"source": "books", "query": "INSERT INTO book VALUES (:t)", "parameters": {"t": "Ulysses"}})[1] == {"count": 1}
    found = told("sql.query", {"source": "books", "query": "SELECT title FROM book ORDER BY title"})[1]
    assert isinstance(found, dict)
    assert found["rows"] == [{"title": "Emma"}, {"title": "Ulysses"}]


def test_it_tells_what_is_wrong_with_a_database_file(aws: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QueryFailed, match="is not there"):
        told("sql.query", {"source": "none", "query": "SELECT 1"})
    books(tmp_path)
    file = BucketDatabases("org_local").fetch("books.db")
    with pytest.raises(QueryFailed, match="somebody else"):
        BucketDatabases("org_local").replace("books.db", file.path, '"older"')
    monkeypatch.setattr(tool_ports, "MAX_DATABASE_BYTES", 10)
    with pytest.raises(QueryFailed, match="10 are allowed"):
        BucketDatabases("org_local").fetch("books.db")


def test_it_calls_an_operation_of_an_imported_api(aws: Cloud) -> None:
    with serving(lambda _: Reply(200, {"content-type": "application/json"}, b'{"name": "Rex"}')) as server:
        import_api(ANN, name="pets", text=PETS, base_url=f"http://{server.host}/v1")
        _, output = told("openapi.call", {"api": "pets", "operation": "getPet", "arguments": {"id": 7}})
    assert isinstance(output, dict)
    assert output["body"] == {"name": "Rex"}
    with pytest.raises(ArgumentsInvalid, match="no imported API called cats"):
        told("openapi.call", {"api": "cats", "operation": "getPet"})
